#include "ledger/checkpoint_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/durable_file.h"
#include "tests/support/temp_folder.h"

namespace oppi::ledger {
namespace {

constexpr std::size_t kSlot = 512;

CheckpointLock::Value ValueOf(std::uint64_t size) {
  return {TreeSize(size), HashOf<RootHash>(std::to_string(size))};
}

class CheckpointLockTest : public testing::Test {
 protected:
  std::unique_ptr<CheckpointLock> Open() {
    auto lock = OpenFileLock(path_);
    OPPI_CHECK(lock.ok());
    return *std::move(lock);
  }
  /// A file that was advanced through 1 .. `size`.
  Bytes FileAdvancedTo(std::uint64_t size) {
    const auto lock = Open();
    OPPI_CHECK(lock->Read().ok());
    for (std::uint64_t i = 1; i <= size; ++i) OPPI_CHECK(lock->Advance(ValueOf(i)).ok());
    return *ReadFileIfThere(path_).value();
  }
  void Write(ByteView bytes) { ASSERT_TRUE(WriteFileDurably(path_, bytes, 0600).ok()); }

  tests::TempFolder folder_;
  const std::string path_ = folder_ / "checkpoint";
};

TEST_F(CheckpointLockTest, IsEmptyAtFirst) { EXPECT_EQ(Open()->Read().value(), std::nullopt); }

TEST_F(CheckpointLockTest, RemembersTheNewestValueOverReopening) {
  for (std::uint64_t size = 1; size <= 9; ++size) {
    const auto lock = Open();
    const auto before = lock->Read();
    ASSERT_TRUE(before.ok());
    if (size > 1) {
      EXPECT_EQ(*before, ValueOf(size - 1));
    }
    ASSERT_TRUE(lock->Advance(ValueOf(size)).ok());
    EXPECT_EQ(lock->Read().value(), ValueOf(size));
  }
}

TEST_F(CheckpointLockTest, LosesNothingThatWasDurableWhenTheNextWriteIsTorn) {
  for (const std::uint64_t size : {2U, 3U}) {
    const Bytes whole = FileAdvancedTo(size);
    const Bytes next = [&] {
      const auto lock = Open();
      OPPI_CHECK(lock->Read().ok());
      OPPI_CHECK(lock->Advance(ValueOf(size + 1)).ok());
      return *ReadFileIfThere(path_).value();
    }();
    // Which slot is being written, and every way that its write can stop.
    const std::size_t slot = whole.substr(0, kSlot) == next.substr(0, kSlot) ? kSlot : 0;
    for (std::size_t written = 0; written <= kSlot; ++written) {
      Bytes torn = whole;
      torn.replace(slot, written, next, slot, written);
      Write(torn);
      const auto value = Open()->Read();
      ASSERT_TRUE(value.ok()) << value.error().message;
      EXPECT_TRUE(*value == ValueOf(size) || *value == ValueOf(size + 1)) << written;
      // And the next write goes over the torn slot, not over the good one.
      if (written != 50) continue;
      const auto lock = Open();
      ASSERT_TRUE(lock->Read().ok());
      ASSERT_TRUE(lock->Advance(ValueOf(size + 1)).ok());
      EXPECT_TRUE(ReadFileIfThere(path_).value() == next);
    }
    std::filesystem::remove(path_);
  }
}

TEST_F(CheckpointLockTest, SurvivesAnyFlippedByteOfOneSlot) {
  const Bytes whole = FileAdvancedTo(4);
  for (std::size_t at = 0; at < 8 + 8 + 32 + 32; ++at) {
    for (const std::size_t slot : {std::size_t{0}, kSlot}) {
      Bytes damaged = whole;
      damaged[slot + at] = static_cast<char>(damaged[slot + at] ^ 0x40);
      Write(damaged);
      const auto value = Open()->Read();
      ASSERT_TRUE(value.ok());
      EXPECT_TRUE(*value == ValueOf(3) || *value == ValueOf(4));
    }
  }
}

TEST_F(CheckpointLockTest, SaysSoWhenNeitherSlotIsValid) {
  Bytes damaged = FileAdvancedTo(4);
  damaged[20] = static_cast<char>(damaged[20] ^ 1);
  damaged[kSlot + 20] = static_cast<char>(damaged[kSlot + 20] ^ 1);
  Write(damaged);
  const auto value = Open()->Read();
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, Code::kDataLoss);
}

TEST_F(CheckpointLockTest, RefusesASecondProcess) {
  const auto lock = Open();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = OpenFileLock(path_);
    ::_exit(!second.ok() && second.error().code == Code::kUnavailable ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(CheckpointLockTest, IsFreeAgainWhenItIsClosed) {
  (void)Open();
  EXPECT_TRUE(OpenFileLock(path_).ok());
}

TEST_F(CheckpointLockTest, RefusesAFolderThatIsNotThere) {
  EXPECT_FALSE(OpenFileLock(folder_ / "none/checkpoint").ok());
}

}  // namespace
}  // namespace oppi::ledger
