#include "ledger/locked_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <thread>
#include <unordered_map>
#include <vector>

#include "ledger/guarded_memory.h"

namespace oppi::ledger {
namespace {

/// What the kernel says of the mapping that `at` lies in (proc(5), VmFlags): "dd" is left out of core
/// dumps, "lo" is locked.
std::set<std::string> FlagsOf(const void* at) {
  std::ifstream maps("/proc/self/smaps");
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t first = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &first, &end) == 2) here = first <= address && address < end;
    if (!here || !line.starts_with("VmFlags:")) continue;
    std::istringstream words(line.substr(8));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

/// Whether this process may lock memory, and the kernel sees it (sanitizers only pretend).
bool LockingWorks() {
  LockedArena arena;
  const void* const block = arena.Take(2 << 20);
  return FlagsOf(block).contains("lo");
}

using Map = std::unordered_map<int, std::string, std::hash<int>, std::equal_to<>, LockedAllocator<std::pair<const int, std::string>>>;

TEST(LockedArena, HoldsAContainerAndReusesWhatWasGivenBack) {
  const auto arena = std::make_shared<LockedArena>();
  Map map{Map::allocator_type(arena)};
  for (int i = 0; i < 50'000; ++i) map.emplace(i, std::to_string(i));
  for (int i = 0; i < 50'000; ++i) ASSERT_EQ(map.at(i), std::to_string(i));
  const std::uint64_t mapped = arena->use().mapped_bytes;
  EXPECT_GT(mapped, 50'000 * sizeof(std::string));
  for (int round = 0; round < 5; ++round) {
    map.clear();
    for (int i = 0; i < 50'000; ++i) map.emplace(i, std::to_string(i));
  }
  EXPECT_EQ(arena->use().mapped_bytes, mapped);
}

TEST(LockedArena, NeverGivesTheSameBytesTwiceAndAlignsThem) {
  LockedArena arena;
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t i = 0; i < 5'000; ++i) {
    const std::size_t size = i % 1'500;
    auto* const block = static_cast<unsigned char*>(arena.Take(size));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
    std::memset(block, static_cast<int>(i % 251), size);
    blocks.emplace_back(block, size);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i)
    for (std::size_t at = 0; at < blocks[i].second; ++at) ASSERT_EQ(blocks[i].first[at], i % 251) << i;
  for (const auto& [block, size] : blocks) arena.Give(block, size);
}

TEST(LockedArena, WipesWhatIsGivenBack) {
  LockedArena arena;
  auto* const block = static_cast<unsigned char*>(arena.Take(64));
  std::memset(block, 0xaa, 64);
  arena.Give(block, 64);
  for (std::size_t i = sizeof(void*); i < 64; ++i) EXPECT_EQ(block[i], 0) << i;  // the arena's own link comes first
}

TEST(LockedArena, IsLockedAndLeftOutOfCoreDumps) {
  LockedArena arena;
  void* const small = arena.Take(32);
  void* const large = arena.Take(1 << 20);
  for (const void* block : {small, large}) EXPECT_TRUE(FlagsOf(block).contains("dd"));
  EXPECT_FALSE(FlagsOf(&arena).contains("dd"));
  if (!LockingWorks()) GTEST_SKIP() << "this process may not lock 2 MiB (ulimit -l), or a sanitizer pretends to";
  EXPECT_EQ(arena.use().locked_bytes, arena.use().mapped_bytes);
  for (const void* block : {small, large}) EXPECT_TRUE(FlagsOf(block).contains("lo"));
  const std::uint64_t before = arena.use().locked_bytes;
  arena.Give(large, 1 << 20);
  EXPECT_EQ(arena.use().locked_bytes, before - (1 << 20));
}

TEST(LockedArena, GoesOnPastTheLimitAndCountsWhatIsNotLocked) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a sanitizer answers mlock in the kernel's place, whatever the limit";
#endif
  const auto child = [] {
    const rlimit none{0, 0};
    // Root may lock what it likes, so somebody else tries.
    if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (::geteuid() == 0 && ::setuid(65534) != 0)) ::_exit(2);
    LockedArena arena;
    std::memset(arena.Take(100), 1, 100);
    const LockedArena::Use use = arena.use();
    ::_exit(use.mapped_bytes > 0 && use.locked_bytes == 0 ? 0 : 1);
  };
  EXPECT_EXIT(child(), testing::ExitedWithCode(0), "");
}

TEST(LockedArena, ServesSharedPointersFromManyThreads) {
  const auto arena = std::make_shared<LockedArena>();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&arena, t] {
      std::vector<std::shared_ptr<std::uint64_t>> kept;
      for (std::uint64_t i = 0; i < 20'000; ++i) {
        kept.push_back(std::allocate_shared<std::uint64_t>(LockedAllocator<std::uint64_t>(arena), i * 4 + static_cast<unsigned>(t)));
        if (i % 3 == 0) kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(kept.size() / 2));
      }
      for (std::size_t i = 0; i < kept.size(); ++i) OPPI_CHECK(*kept[i] % 4 == static_cast<unsigned>(t));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(arena->use().mapped_bytes, std::uint64_t{16} << 20);
}

TEST(GuardedMemory, KeepsSecretsLockedOutOfCoreDumpsAndReadOnly) {
  const GuardedBytes pin("246813");
  EXPECT_EQ(pin.view(), "246813");
  std::array<unsigned char, 32> raw;
  raw.fill(7);
  const GuardedKey key{SecretKey(raw)};
  EXPECT_EQ(key.get().view(), ByteView(std::string(32, 7)));
  for (const void* secret : {static_cast<const void*>(pin.view().data()), static_cast<const void*>(key.get().data())}) {
    EXPECT_TRUE(FlagsOf(secret).contains("dd"));
    EXPECT_EQ(FlagsOf(secret).contains("lo"), LockingWorks());
  }
  EXPECT_FALSE(FlagsOf(key.get().data()).contains("wr"));
  EXPECT_DEATH(const_cast<unsigned char*>(key.get().data())[0] = 1, "");
}

TEST(GuardedMemory, MovesAndShortens) {
  GuardedBytes text("secret\n");
  text.Shorten(6);
  const GuardedBytes moved = std::move(text);
  EXPECT_EQ(moved.view(), "secret");
  EXPECT_EQ(GuardedBytes().view(), "");
  EXPECT_EQ(GuardedBytes("").size(), 0U);
}

}  // namespace
}  // namespace oppi::ledger
