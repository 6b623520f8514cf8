#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events/result.h"

/// What the program does to itself before it touches a secret: no core dump, no debugger of the same
/// user, no file that others can read.

namespace oppi::ops {

/// RLIMIT_CORE 0 (no core file), not dumpable (nor through a pipe to a crash collector; other processes of
/// this user cannot read its memory), umask 077. Errors: kPermissionDenied, and then nothing must start.
[[nodiscard]] Status GuardProcess();

/// Whether GuardProcess's first two still hold.
[[nodiscard]] bool CoreDumpsAreOff();

/// How much memory this process may lock; nullopt: as much as it likes.
[[nodiscard]] std::optional<std::uint64_t> LockableBytes();

/// Enough for the keys of two million learners at once.
inline constexpr std::uint64_t kLockedBytesWanted = std::uint64_t{1} << 30;

/// Why keys could reach swap, and the setting that mends it; nullopt when the limit is high enough.
struct LockTrouble {
  std::string message;
  std::string mend;
};
[[nodiscard]] std::optional<LockTrouble> LockTroubleOf(std::optional<std::uint64_t> lockable_bytes);

}  // namespace oppi::ops
