#include "ledger/erasure_list.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "ledger/durable_file.h"
#include "tests/support/temp_folder.h"

namespace oppi::ledger {
namespace {

namespace fs = std::filesystem;

class ErasureListTest : public testing::Test {
 protected:
  Result<ErasureList> Open(const std::string& key = "list") { return ErasureList::Open(directory_, SecretKey(HashOf(key).bytes)); }
  std::string PathOf(int first, int last) const {
    return directory_ + "/0000000" + std::to_string(first) + "-0000000" + std::to_string(last) + ".erasure";
  }
  std::string PathOf(int number) const { return PathOf(number, number); }
  static ErasureRecord Record(char fill) {
    ErasureRecord record;
    record.handles = {Handle{}};
    record.execution = Bytes(100, fill);
    return record;
  }
  void Fill(int count) {
    ErasureList list = *Open();
    for (int i = 0; i < count; ++i) {
      std::vector<ErasureRecord> records{Record(static_cast<char>('a' + i))};
      ASSERT_TRUE(list.Append(records, entropy_).ok());
      EXPECT_EQ(records[0].number, static_cast<std::uint32_t>(i + 1));
    }
  }

  tests::TempFolder folder_;
  const std::string directory_ = folder_ / "erasures";
  SystemEntropy entropy_;
};

TEST_F(ErasureListTest, IsEmptyWithoutAFolderAndNumbersFromOne) {
  EXPECT_EQ(Open()->last(), 0U);
  Fill(3);
  const ErasureList list = *Open();
  EXPECT_EQ(list.last(), 3U);
  for (std::uint32_t number = 1; number <= 3; ++number) {
    ErasureRecord expected = Record(static_cast<char>('a' + number - 1));
    expected.number = number;
    const auto read = list.Read(number);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, expected);
  }
  EXPECT_FALSE(list.Read(4).ok());
  EXPECT_EQ(fs::status(PathOf(1)).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(ErasureListTest, GoesOnWhereItWas) {
  Fill(2);
  ErasureList list = *Open();
  std::vector<ErasureRecord> records{Record('z')};
  ASSERT_TRUE(list.Append(records, entropy_).ok());
  EXPECT_EQ(records[0].number, 3U);
  EXPECT_EQ(Open()->last(), 3U);
}

TEST_F(ErasureListTest, KeepsWhatWasWrittenTogetherInOneFile) {
  Fill(1);
  ErasureList list = *Open();
  std::vector<ErasureRecord> records{Record('p'), Record('q'), Record('r')};
  ASSERT_TRUE(list.Append(records, entropy_).ok());
  EXPECT_TRUE(fs::exists(PathOf(2, 4)));
  const ErasureList again = *Open();
  EXPECT_EQ(again.last(), 4U);
  for (std::uint32_t number = 2; number <= 4; ++number) EXPECT_EQ(again.Read(number).value(), records[number - 2]);
  fs::rename(PathOf(2, 4), PathOf(2, 3));  // cut short by name
  const ErasureList cut = *Open();
  EXPECT_EQ(cut.Read(2).error().code, Code::kDataLoss);
  fs::rename(PathOf(2, 3), directory_ + "/two-three.erasure");
  EXPECT_FALSE(Open().ok());
}

TEST_F(ErasureListTest, MissesANumber) {
  Fill(3);
  fs::remove(PathOf(2));
  const auto list = Open();
  ASSERT_FALSE(list.ok());
  EXPECT_EQ(list.error().code, Code::kDataLoss);
  EXPECT_NE(list.error().message.find("record 2 is missing"), std::string::npos) << list.error().message;
}

TEST_F(ErasureListTest, TellsDamageAnotherKeyAndAFileInAnothersPlace) {
  Fill(3);
  const auto read = [&](const std::string& key, std::uint32_t number) { return Open(key)->Read(number); };
  EXPECT_EQ(read("another", 1).error().code, Code::kDataLoss);
  const Bytes good = *ReadFileIfThere(PathOf(1)).value();
  for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
    Bytes damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_TRUE(WriteFileDurably(PathOf(1), damaged, 0600).ok());
    EXPECT_EQ(read("list", 1).error().code, Code::kDataLoss) << at;
  }
  ASSERT_TRUE(WriteFileDurably(PathOf(1), good.substr(0, good.size() - 1), 0600).ok());
  EXPECT_EQ(read("list", 1).error().code, Code::kDataLoss);
  ASSERT_TRUE(WriteFileDurably(PathOf(2), good, 0600).ok());
  EXPECT_EQ(read("list", 2).error().code, Code::kDataLoss);
  EXPECT_TRUE(read("list", 3).ok());
}

TEST_F(ErasureListTest, ShowsNothingInClearAndMindsNoFileThatWasNotFinished) {
  Fill(1);
  EXPECT_EQ(ReadFileIfThere(PathOf(1)).value()->find("aaaa"), Bytes::npos);
  ASSERT_TRUE(WriteFileDurably(PathOf(2) + ".new", "half", 0600).ok());
  EXPECT_EQ(Open()->last(), 1U);
}

TEST_F(ErasureListTest, CountsNothingThatItCouldNotWrite) {
  Fill(1);
  ErasureList list = *Open();
  fs::create_directory(PathOf(2));  // something is in the way
  std::vector<ErasureRecord> records{Record('x')};
  EXPECT_FALSE(list.Append(records, entropy_).ok());
  EXPECT_EQ(list.last(), 1U);
}

}  // namespace
}  // namespace oppi::ledger
