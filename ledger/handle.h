#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <optional>

#include "events/bytes.h"

namespace oppi::ledger {

/// Random name of a learner (or other key owner) inside this ledger; erasable.
struct Handle {
  std::array<unsigned char, 16> bytes{};
  friend auto operator<=>(const Handle&, const Handle&) = default;
  [[nodiscard]] ByteView view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// nullopt unless there are 16 bytes.
[[nodiscard]] inline std::optional<Handle> HandleFrom(ByteView bytes) {
  Handle handle;
  if (bytes.size() != handle.bytes.size()) return std::nullopt;
  std::memcpy(handle.bytes.data(), bytes.data(), bytes.size());
  return handle;
}

/// What hides a handle in its commitment (ledger/label.h): destroyed with the keys of the handle.
using HandleSalt = std::array<unsigned char, 32>;

}  // namespace oppi::ledger
