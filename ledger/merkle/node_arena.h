#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "events/check.h"

namespace oppi::ledger::merkle {

/// Asks the memory for a value of less than two cache lines.
inline void Prefetch(const void* value, std::size_t bytes) {
  const char* const at = static_cast<const char*>(value);
  __builtin_prefetch(at);
  __builtin_prefetch(at + bytes - 1);
  asm volatile("");  // g++ 12 takes a function that only prefetches for one that does nothing
}

/// Very many small values of one type, named by 32-bit numbers. A value never moves, so that one
/// thread may read what was given out while another takes more; both must agree elsewhere on which
/// values are whose. Taking and giving back: one thread at a time.
template <class T>
class NodeArena {
 public:
  static constexpr std::uint32_t kNumbers = std::uint32_t{1} << 31;

  NodeArena() : chunks_(std::make_unique<std::unique_ptr<T[]>[]>(kChunks)) {}

  [[nodiscard]] T& operator[](std::uint32_t n) { return chunks_[n / kChunk][n % kChunk]; }
  [[nodiscard]] const T& operator[](std::uint32_t n) const {
    return chunks_[n / kChunk][n % kChunk];
  }

  [[nodiscard]] std::uint32_t Take() {
    if (!free_.empty()) {
      const std::uint32_t n = free_.back();
      if (free_.size() > kAhead) FetchToWrite(free_[free_.size() - 1 - kAhead]);
      free_.pop_back();
      return n;
    }
    OPPI_CHECK(next_ < kNumbers);
    if (next_ % kChunk == 0) chunks_[next_ / kChunk] = std::make_unique<T[]>(kChunk);
    return next_++;
  }
  /// Takes them back; `numbers` is empty after.
  void Give(std::vector<std::uint32_t>& numbers) {
    free_.insert(free_.end(), numbers.begin(), numbers.end());
    numbers.clear();
  }

  [[nodiscard]] std::size_t in_use() const { return next_ - free_.size(); }
  /// Values and the list of free ones; what the allocator adds to a chunk is not counted.
  [[nodiscard]] std::size_t bytes() const {
    return (next_ + kChunk - 1) / kChunk * kChunk * sizeof(T) +
           free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  /// Free values lie anywhere: by the time it is their turn they are at hand.
  static constexpr std::size_t kAhead = 16;
  void FetchToWrite(std::uint32_t n) const { Prefetch(&(*this)[n], sizeof(T)); }

  static constexpr std::uint32_t kChunk = std::uint32_t{1} << 15;
  static constexpr std::uint32_t kChunks = kNumbers / kChunk;

  std::unique_ptr<std::unique_ptr<T[]>[]> chunks_;  // fixed in number: readers look through it
  std::uint32_t next_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace oppi::ledger::merkle
