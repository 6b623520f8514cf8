#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "events/check.h"

/// Strong 64-bit numbers: no implicit conversion, no mixing of kinds, crossings have names.

namespace oppi {

template <class Tag>
class Ordinal {
 public:
  constexpr Ordinal() = default;
  constexpr explicit Ordinal(std::uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  friend constexpr auto operator<=>(Ordinal, Ordinal) = default;

 private:
  std::uint64_t value_ = 0;
};

/// Position of a leaf in the log, from 0.
using LeafIndex = Ordinal<struct LeafIndexTag>;
/// Number of leaves.
using TreeSize = Ordinal<struct TreeSizeTag>;

[[nodiscard]] constexpr TreeSize SizeAfter(LeafIndex last) {
  OPPI_CHECK(last.value() < std::numeric_limits<std::uint64_t>::max());
  return TreeSize(last.value() + 1);
}
[[nodiscard]] constexpr bool Contains(TreeSize size, LeafIndex index) {
  return index.value() < size.value();
}
/// The index that the next appended leaf gets.
[[nodiscard]] constexpr LeafIndex NextIndex(TreeSize size) { return LeafIndex(size.value()); }

}  // namespace oppi
