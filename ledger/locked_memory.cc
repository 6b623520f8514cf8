#include "ledger/locked_memory.h"

#include <sodium.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "events/check.h"

namespace oppi::ledger {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kPageBytes = 4096;

std::size_t UpTo(std::size_t bytes, std::size_t step) { return (bytes + step - 1) / step * step; }

}  // namespace

LockedArena::~LockedArena() {
  for (const Chunk& chunk : chunks_) {
    sodium_memzero(chunk.start, chunk.bytes);
    ::munmap(chunk.start, chunk.bytes);
  }
}

void* LockedArena::Map(std::size_t bytes) {
  void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OPPI_CHECK(start != MAP_FAILED);
  // Core dumps are off for the whole program; this holds even if somebody switches them on again.
  ::madvise(start, bytes, MADV_DONTDUMP);
  use_.mapped_bytes += bytes;
  if (::mlock(start, bytes) == 0) {
    use_.locked_bytes += bytes;
    locked_.push_back({start, bytes});
  }
  return start;
}

void LockedArena::Unmap(void* start, std::size_t bytes) noexcept {
  const auto locked = std::find_if(locked_.begin(), locked_.end(), [start](const Chunk& c) { return c.start == start; });
  if (locked != locked_.end()) {
    use_.locked_bytes -= bytes;
    *locked = locked_.back();
    locked_.pop_back();
  }
  use_.mapped_bytes -= bytes;
  ::munmap(start, bytes);
}

void* LockedArena::Take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > kSmallMax) return Map(UpTo(bytes, kPageBytes));
  const std::size_t size = UpTo(std::max<std::size_t>(bytes, 1), kStep);
  Free*& list = free_[size / kStep];
  if (list != nullptr) {
    Free* const block = list;
    list = block->next;
    return block;
  }
  if (static_cast<std::size_t>(end_ - next_) < size) {
    next_ = static_cast<unsigned char*>(Map(kChunkBytes));
    end_ = next_ + kChunkBytes;
    chunks_.push_back({next_, kChunkBytes});
  }
  void* const block = next_;
  next_ += size;
  return block;
}

void LockedArena::Give(void* block, std::size_t bytes) noexcept {
  sodium_memzero(block, bytes);
  const std::lock_guard lock(mutex_);
  if (bytes > kSmallMax) return Unmap(block, UpTo(bytes, kPageBytes));
  Free*& list = free_[UpTo(std::max<std::size_t>(bytes, 1), kStep) / kStep];
  list = new (block) Free{list};
}

LockedArena::Use LockedArena::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

}  // namespace oppi::ledger
