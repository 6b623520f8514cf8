#pragma once

/// Always-on assertions for programmer errors (never for input: input is refused with a Status).

namespace oppi {
[[noreturn]] void CheckFailed(const char* expression, const char* file, int line) noexcept;
}  // namespace oppi

#define OPPI_CHECK(expression)                                    \
  do {                                                            \
    if (!(expression)) [[unlikely]]                               \
      ::oppi::CheckFailed(#expression, __FILE__, __LINE__);       \
  } while (false)
