#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "events/bytes.h"

/// Where randomness comes from: an argument, so that tests can print a seed and repeat a run.

namespace oppi {

class Entropy {
 public:
  virtual ~Entropy() = default;
  /// Fills `out`. The real one is cryptographically strong. Any thread.
  virtual void Fill(std::span<unsigned char> out) = 0;

  template <std::size_t N>
  [[nodiscard]] std::array<unsigned char, N> Array() {
    std::array<unsigned char, N> out;
    Fill(out);
    return out;
  }
  [[nodiscard]] Bytes Take(std::size_t n) {
    Bytes out(n, '\0');
    Fill({reinterpret_cast<unsigned char*>(out.data()), n});
    return out;
  }
};

/// libsodium's randombytes, from a generator in user space that the kernel seeds (a system call for every
/// nonce would cost more than the sealing). Any thread.
class SystemEntropy final : public Entropy {
 public:
  SystemEntropy();
  void Fill(std::span<unsigned char> out) override;
};

/// A ChaCha20 stream from a printed seed: same seed, same bytes. Never for keys of a real ledger.
/// One thread at a time.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : seed_(seed) {}
  void Fill(std::span<unsigned char> out) override;

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

}  // namespace oppi
