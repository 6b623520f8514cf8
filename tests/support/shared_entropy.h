#pragma once

#include <cstdint>
#include <mutex>

#include "events/entropy.h"

namespace oppi::tests {

/// Seeded randomness for any thread. Two runs give the same bytes as long as the threads take
/// turns.
class SharedEntropy final : public Entropy {
 public:
  explicit SharedEntropy(std::uint64_t seed) : entropy_(seed) {}
  void Fill(std::span<unsigned char> out) override {
    const std::scoped_lock lock(mutex_);
    entropy_.Fill(out);
  }

 private:
  std::mutex mutex_;
  SeededEntropy entropy_;
};

}  // namespace oppi::tests
