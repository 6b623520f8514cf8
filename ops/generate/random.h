#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "events/entropy.h"

/// The generator's randomness: xoshiro256** seeded by splitmix64 (Blackman and Vigna), integers
/// only, so that every compiler draws the same numbers. Never for keys of a real ledger.

namespace oppi::ops {

class Random final : public Entropy {
 public:
  explicit Random(std::uint64_t seed);

  /// A generator of its own for one matter: what one chapter draws never moves another chapter.
  [[nodiscard]] Random Fork(std::string_view matter, std::uint64_t number = 0) const;

  [[nodiscard]] std::uint64_t Next();
  /// Uniform in [0, bound). Requires bound > 0.
  [[nodiscard]] std::uint64_t Below(std::uint64_t bound);
  /// Uniform in [low, high]. Requires low <= high.
  [[nodiscard]] std::int64_t Between(std::int64_t low, std::int64_t high);
  /// True `share` times in a million.
  [[nodiscard]] bool Chance(std::uint64_t share_per_million) {
    return Below(1'000'000) < share_per_million;
  }
  /// Index drawn by weight. Requires a weight above zero.
  [[nodiscard]] std::size_t Weighted(std::span<const unsigned> weights);
  template <class T>
  [[nodiscard]] const T& Pick(const std::vector<T>& items) {
    return items[Below(items.size())];
  }
  template <class T, std::size_t N>
  [[nodiscard]] const T& Pick(const std::array<T, N>& items) {
    return items[Below(N)];
  }
  /// Fisher-Yates: std::shuffle differs between libraries.
  template <class T>
  void Shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

  void Fill(std::span<unsigned char> out) override;

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace oppi::ops
