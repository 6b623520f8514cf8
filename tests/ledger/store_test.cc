#include "ledger/store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/memory_store.h"
#include "ledger/rocksdb_store.h"
#include "tests/support/temp_folder.h"

namespace oppi::ledger {
namespace {

RocksDbOptions Small(const std::string& path) {
  RocksDbOptions options;
  options.path = path;
  options.create = true;
  options.cache_bytes = 1 << 20;
  options.write_buffer_bytes = 1 << 20;
  return options;
}

std::unique_ptr<Store> OpenOrDie(const RocksDbOptions& options) {
  auto store = OpenRocksDb(options);
  OPPI_CHECK(store.ok());
  return *std::move(store);
}

TEST(PrefixEnd, IsTheSmallestKeyBeyondEveryKeyWithThePrefix) {
  EXPECT_EQ(PrefixEnd("abc"), "abd");
  EXPECT_EQ(PrefixEnd(Bytes("a\xff\xff", 3)), "b");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

TEST(BigEndian, SortsAsTheNumberDoes) {
  Bytes last;
  for (const std::uint64_t n : {0ULL, 1ULL, 255ULL, 256ULL, 65535ULL, 1ULL << 40, ~0ULL}) {
    const Bytes key = BigEndian(n);
    EXPECT_EQ(key.size(), 8U);
    EXPECT_LT(last, key);
    last = key;
  }
}

TEST(RocksDbStore, KeepsWhatWasAppliedOverReopening) {
  const tests::TempFolder folder;
  {
    const auto store = OpenOrDie(Small(folder / "db"));
    WriteBatch rows;
    rows.Put(Table::kMeta, "a", "1");
    rows.Put(Table::kViews, "a", "2");
    ASSERT_TRUE(store->Apply(rows, Durability::kSynced).ok());
    WriteBatch more;
    more.Delete(Table::kMeta, "a");
    more.Put(Table::kMeta, "b", "3");
    ASSERT_TRUE(store->Apply(more, Durability::kBuffered).ok());
  }
  RocksDbOptions options = Small(folder / "db");
  for (const bool read_only : {false, true}) {
    options.create = false;
    options.read_only = read_only;
    const auto store = OpenOrDie(options);
    EXPECT_EQ(store->Get(Table::kMeta, "a").value(), std::nullopt);
    EXPECT_EQ(store->Get(Table::kMeta, "b").value(), "3");
    EXPECT_EQ(store->Get(Table::kViews, "a").value(), "2");
  }
}

TEST(RocksDbStore, SaysThatThereIsNoneInsteadOfMakingOne) {
  const tests::TempFolder folder;
  RocksDbOptions options = Small(folder / "db");
  options.create = false;
  const auto store = OpenRocksDb(options);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::kNotFound);
}

TEST(RocksDbStore, IsUnavailableToASecondProcess) {
  const tests::TempFolder folder;
  const auto store = OpenOrDie(Small(folder / "db"));
  const auto second = OpenRocksDb(Small(folder / "db"));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable) << second.error().message;
}

TEST(RocksDbStore, NamesADamagedFileAsDataLoss) {
  const tests::TempFolder folder;
  {
    const auto store = OpenOrDie(Small(folder / "db"));
    WriteBatch rows;
    rows.Put(Table::kMeta, "a", "1");
    ASSERT_TRUE(store->Apply(rows, Durability::kSynced).ok());
  }
  for (const auto& file : std::filesystem::directory_iterator(folder / "db"))
    if (file.path().filename().string().starts_with("MANIFEST"))
      std::filesystem::resize_file(file.path(), 10);
  const auto store = OpenRocksDb(Small(folder / "db"));
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::kDataLoss) << store.error().message;
}

/// Random operations on a store of each form must look the same.
class Pair {
 public:
  Pair() : rocks_(OpenOrDie(Small(folder_ / "db"))) {}

  void Apply(const WriteBatch& rows) {
    RC_ASSERT(memory_.Apply(rows, Durability::kBuffered).ok());
    RC_ASSERT(rocks_->Apply(rows, Durability::kBuffered).ok());
  }
  void Freeze() { frozen_.emplace_back(memory_.Freeze(), rocks_->Freeze()); }
  void Thaw() {
    if (!frozen_.empty()) frozen_.erase(frozen_.begin());
  }

  void Compare(Table table, const Bytes& one, const Bytes& two, std::size_t limit) const {
    CompareAt(table, one, two, limit, nullptr, nullptr);
    for (const auto& [memory, rocks] : frozen_)
      CompareAt(table, one, two, limit, memory.get(), rocks.get());
    RC_ASSERT(memory_.MultiGet(table, {one, two, one}).value() ==
              rocks_->MultiGet(table, {one, two, one}).value());
  }

 private:
  void CompareAt(Table table, const Bytes& one, const Bytes& two, std::size_t limit,
                 const Snapshot* memory, const Snapshot* rocks) const {
    RC_ASSERT(memory_.Get(table, one, memory).value() == rocks_->Get(table, one, rocks).value());
    RC_ASSERT(memory_.Floor(table, one, memory).value() ==
              rocks_->Floor(table, one, rocks).value());
    RC_ASSERT(Rows(memory_, table, one, two, limit, memory) ==
              Rows(*rocks_, table, one, two, limit, rocks));
    RC_ASSERT(Rows(memory_, table, one, {}, limit, memory) ==
              Rows(*rocks_, table, one, {}, limit, rocks));
  }
  static std::vector<std::pair<Bytes, Bytes>> Rows(const Store& store, Table table,
                                                   const Bytes& from, const Bytes& to,
                                                   std::size_t limit, const Snapshot* at) {
    std::vector<std::pair<Bytes, Bytes>> rows;
    RC_ASSERT(store
                  .Scan(
                      table, from, to,
                      [&](ByteView row_key, ByteView value) {
                        rows.emplace_back(row_key, value);
                        return rows.size() < limit;
                      },
                      at)
                  .ok());
    return rows;
  }

  tests::TempFolder folder_;
  MemoryStore memory_;
  std::unique_ptr<Store> rocks_;
  std::vector<std::pair<std::shared_ptr<const Snapshot>, std::shared_ptr<const Snapshot>>> frozen_;
};

TEST(Stores, InMemoryAndOnDiskAnswerRandomOperationsAlike) {
  const bool held = rc::check([] {
    Pair pair;
    const auto some_key = rc::gen::container<Bytes>(rc::gen::element('a', 'b', '\0', '\xff'));
    const auto some_table = rc::gen::element(Table::kMeta, Table::kDedup, Table::kViews);
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      WriteBatch rows;
      const int writes = *rc::gen::inRange(0, 6);
      for (int i = 0; i < writes; ++i) {
        if (*rc::gen::inRange(0, 3) == 0)
          rows.Delete(*some_table, *some_key);
        else
          rows.Put(*some_table, *some_key, std::to_string(step * 10 + i));
      }
      pair.Apply(rows);
      if (*rc::gen::inRange(0, 8) == 0) pair.Freeze();
      if (*rc::gen::inRange(0, 16) == 0) pair.Thaw();
      pair.Compare(*some_table, *some_key, *some_key,
                   static_cast<std::size_t>(*rc::gen::inRange(1, 5)));
    }
  });
  EXPECT_TRUE(held);
}

TEST(MemoryStore, KeepsAFrozenViewAsItWas) {
  MemoryStore store;
  WriteBatch rows;
  rows.Put(Table::kMeta, "a", "1");
  ASSERT_TRUE(store.Apply(rows, Durability::kSynced).ok());
  const auto frozen = store.Freeze();
  rows.Clear();
  rows.Delete(Table::kMeta, "a");
  rows.Put(Table::kMeta, "b", "2");
  ASSERT_TRUE(store.Apply(rows, Durability::kSynced).ok());
  EXPECT_EQ(store.Get(Table::kMeta, "a", frozen.get()).value(), "1");
  EXPECT_EQ(store.Get(Table::kMeta, "b", frozen.get()).value(), std::nullopt);
  EXPECT_EQ(store.Get(Table::kMeta, "b").value(), "2");
}

}  // namespace
}  // namespace oppi::ledger
