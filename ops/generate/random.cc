#include "ops/generate/random.h"

#include <bit>
#include <limits>

#include "events/check.h"

namespace oppi::ops {
namespace {

std::uint64_t SplitMix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed) : seed_(seed) {
  std::uint64_t mix = seed;
  for (std::uint64_t& word : state_) word = SplitMix(mix);
}

Random Random::Fork(std::string_view matter, std::uint64_t number) const {
  // FNV-1a of the name: only spread matters here, splitmix does the rest.
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : matter) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::uint64_t mix = seed_ ^ hash;
  const std::uint64_t named = SplitMix(mix);
  mix = named ^ number;
  return Random(SplitMix(mix));
}

std::uint64_t Random::Next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::Below(std::uint64_t bound) {
  OPPI_CHECK(bound > 0);
  // Draws from the incomplete last interval are thrown away, so every value is equally likely.
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t limit = kMax - kMax % bound;
  std::uint64_t draw = Next();
  while (draw >= limit) draw = Next();
  return draw % bound;
}

std::int64_t Random::Between(std::int64_t low, std::int64_t high) {
  OPPI_CHECK(low <= high);
  const auto width = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int64_t>(Below(width));
}

std::size_t Random::Weighted(std::span<const unsigned> weights) {
  std::uint64_t total = 0;
  for (const unsigned weight : weights) total += weight;
  std::uint64_t draw = Below(total);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (draw < weights[i]) return i;
    draw -= weights[i];
  }
  OPPI_CHECK(false && "a draw below the total lies in some interval");
  return 0;
}

void Random::Fill(std::span<unsigned char> out) {
  std::size_t at = 0;
  while (at < out.size()) {
    std::uint64_t word = Next();
    for (int i = 0; i < 8 && at < out.size(); ++i, word >>= 8)
      out[at++] = static_cast<unsigned char>(word & 0xff);
  }
}

}  // namespace oppi::ops
