#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "ledger/merkle/mpt.h"

/// Bits of keys, counted from 0, the most significant of the first byte: what both forms of the map
/// (mpt.cc, map_tree.cc) descend by.

namespace oppi::ledger::merkle {

inline constexpr unsigned kKeyBits = 8 * kDigestBytes;
static_assert(kKeyBits - 1 == UINT8_MAX);  // so a bit number fits the one byte it is hashed as

[[nodiscard]] inline bool BitOf(const MapKey& key, unsigned bit) {
  return (key.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

/// The first bit in which they differ; kKeyBits when they are equal.
[[nodiscard]] inline unsigned FirstDifference(const MapKey& a, const MapKey& b) {
  for (unsigned i = 0; i < kDigestBytes; i += 8) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a.bytes.data() + i, sizeof(x));
    std::memcpy(&y, b.bytes.data() + i, sizeof(y));
    if (x == y) continue;
    if constexpr (std::endian::native == std::endian::little)
      x = __builtin_bswap64(x), y = __builtin_bswap64(y);
    return 8 * i + static_cast<unsigned>(std::countl_zero(x ^ y));
  }
  return kKeyBits;
}

/// Sorted entries that agree in the bits before `bit`, divided by it: clear, set.
[[nodiscard]] inline std::pair<std::span<const MapEntry>, std::span<const MapEntry>> SplitAt(
    std::span<const MapEntry> entries, unsigned bit) {
  const auto middle =
      std::partition_point(entries.begin(), entries.end(),
                           [bit](const MapEntry& entry) { return !BitOf(entry.key, bit); });
  const auto left = static_cast<std::size_t>(middle - entries.begin());
  return {entries.first(left), entries.subspan(left)};
}

}  // namespace oppi::ledger::merkle
