#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

/// Memory for very many small secrets, as the vault's cache holds them: locked, so that it never reaches
/// swap, as far as RLIMIT_MEMLOCK allows; never in a core dump; wiped when a block is given back. What
/// cannot be locked is used all the same and counted.

namespace oppi::ledger {

/// Blocks of one size come from the same list, so freed ones are used again and memory only grows to
/// what was needed at once. Any thread. Must outlive what it gave out.
class LockedArena {
 public:
  struct Use {
    std::uint64_t mapped_bytes = 0;  // taken from the kernel
    std::uint64_t locked_bytes = 0;  // of these, can never reach swap
  };

  LockedArena() = default;
  ~LockedArena();
  LockedArena(const LockedArena&) = delete;
  LockedArena& operator=(const LockedArena&) = delete;

  /// Aligned for every ordinary type. Aborts when there is no memory, as new would.
  [[nodiscard]] void* Take(std::size_t bytes);
  /// `bytes` as taken.
  void Give(void* block, std::size_t bytes) noexcept;
  [[nodiscard]] Use use() const;

 private:
  struct Free {
    Free* next;
  };
  struct Chunk {
    void* start;
    std::size_t bytes;
  };
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kSmallMax = 1024;

  void* Map(std::size_t bytes);
  void Unmap(void* start, std::size_t bytes) noexcept;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::array<Free*, kSmallMax / kStep + 1> free_{};
  unsigned char* next_ = nullptr;
  unsigned char* end_ = nullptr;
  std::vector<Chunk> chunks_;
  std::vector<Chunk> locked_;
  Use use_;
};

/// For std containers and std::allocate_shared. Allocators of one arena are equal; containers keep the
/// arena alive.
template <class T>
class LockedAllocator {
 public:
  using value_type = T;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  static_assert(alignof(T) <= alignof(std::max_align_t));

  explicit LockedAllocator(std::shared_ptr<LockedArena> arena) : arena_(std::move(arena)) {}
  template <class U>
  LockedAllocator(const LockedAllocator<U>& other) : arena_(other.arena()) {}  // NOLINT(google-explicit-constructor): rebinding

  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(arena_->Take(n * sizeof(T))); }
  void deallocate(T* block, std::size_t n) noexcept { arena_->Give(block, n * sizeof(T)); }
  [[nodiscard]] const std::shared_ptr<LockedArena>& arena() const { return arena_; }

  template <class U>
  friend bool operator==(const LockedAllocator& a, const LockedAllocator<U>& b) {
    return a.arena() == b.arena();
  }

 private:
  std::shared_ptr<LockedArena> arena_;
};

}  // namespace oppi::ledger
