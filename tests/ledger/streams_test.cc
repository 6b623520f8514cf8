#include "ledger/streams.h"

#include <gtest/gtest.h>

#include "ledger/memory_store.h"

namespace oppi::ledger {
namespace {

class StreamsTest : public testing::Test {
 protected:
  StreamsTest() { handle_.bytes.fill(5); }
  static StreamEntry EntryNo(std::uint64_t i) {
    return {LeafIndex(10 + i * i), static_cast<std::uint16_t>(i % 7)};
  }
  /// One commit that adds entries [from, to).
  void Add(std::uint64_t from, std::uint64_t to) {
    WriteBatch rows;
    StreamState state = ReadStream(store_, handle_).value();
    for (std::uint64_t i = from; i < to; ++i) AppendToStream(state, handle_, EntryNo(i), rows);
    rows.Put(Table::kStreams, Bytes(handle_.view()), EncodeStream(state));
    ASSERT_TRUE(store_.Apply(rows, Durability::kSynced).ok());
  }

  MemoryStore store_;
  Handle handle_;
};

constexpr TreeSize kAll{~std::uint64_t{0}};

TEST_F(StreamsTest, OfAnUnknownLearnerAreEmpty) {
  EXPECT_EQ(ReadStream(store_, handle_).value().count(), 0U);
  EXPECT_TRUE(ReadStreamEntries(store_, handle_, kAll).value().empty());
}

TEST_F(StreamsTest, KeepEveryEntryInOrderAtEveryLength) {
  merkle::CompactRange expected;
  for (std::uint64_t count = 1; count <= 70; ++count) {
    Add(count - 1, count);
    expected.Append(StreamLeaf(EntryNo(count - 1).index));
    const StreamState state = ReadStream(store_, handle_).value();
    EXPECT_EQ(state.count(), count);
    EXPECT_EQ(state.entries, expected);
    EXPECT_EQ(state.run.size(), count % kStreamRun);
    const auto entries = ReadStreamEntries(store_, handle_, kAll).value();
    ASSERT_EQ(entries.size(), count);
    for (std::uint64_t i = 0; i < count; ++i) EXPECT_EQ(entries[i], EntryNo(i));
  }
}

TEST_F(StreamsTest, TakeManyEntriesInOneCommit) {
  Add(0, 5);
  Add(5, 100);
  const auto entries = ReadStreamEntries(store_, handle_, kAll).value();
  ASSERT_EQ(entries.size(), 100U);
  EXPECT_EQ(entries[99], EntryNo(99));
}

TEST_F(StreamsTest, AreAsTheyWereAtAnEarlierSize) {
  Add(0, 40);
  for (std::uint64_t i = 0; i <= 40; ++i) {
    const TreeSize size(i == 40 ? ~std::uint64_t{0} : EntryNo(i).index.value());
    EXPECT_EQ(ReadStreamEntries(store_, handle_, size).value().size(), i);
  }
}

TEST_F(StreamsTest, OfTwoLearnersDoNotMix) {
  Add(0, 20);
  Handle other = handle_;
  other.bytes[15] = 6;
  WriteBatch rows;
  StreamState state;
  for (std::uint64_t i = 0; i < 17; ++i) AppendToStream(state, other, {LeafIndex(i), 0}, rows);
  rows.Put(Table::kStreams, Bytes(other.view()), EncodeStream(state));
  ASSERT_TRUE(store_.Apply(rows, Durability::kSynced).ok());
  EXPECT_EQ(ReadStreamEntries(store_, other, kAll).value().size(), 17U);
  EXPECT_EQ(ReadStreamEntries(store_, handle_, kAll).value().size(), 20U);
}

TEST_F(StreamsTest, RoundTripTheirRowAndRefuseADamagedOne) {
  Add(0, 37);
  const Bytes row = store_.Get(Table::kStreams, handle_.view()).value().value();
  EXPECT_EQ(EncodeStream(DecodeStream(row).value()), row);
  for (std::size_t size = 0; size < row.size(); ++size)
    EXPECT_FALSE(DecodeStream(ByteView(row).substr(0, size)).ok()) << size;
  EXPECT_FALSE(DecodeStream(row + 'x').ok());
  Bytes huge = row;
  for (std::size_t i = 0; i < 8; ++i) huge[2 * kDigestBytes + i] = '\xff';
  EXPECT_FALSE(DecodeStream(huge).ok());
}

TEST_F(StreamsTest, SayThatARunIsMissingCutOrOutOfPlace) {
  Add(0, 50);
  const auto run_key = [&](std::uint64_t run) { return Bytes(handle_.view()) + BigEndian(run); };
  for (const std::uint64_t run : {0U, 1U, 2U}) {
    const Bytes row = store_.Get(Table::kStreamEntries, run_key(run)).value().value();
    for (const bool cut : {false, true}) {
      WriteBatch damage;
      if (cut)
        damage.Put(Table::kStreamEntries, run_key(run), row.substr(0, row.size() - 1));
      else
        damage.Delete(Table::kStreamEntries, run_key(run));
      ASSERT_TRUE(store_.Apply(damage, Durability::kSynced).ok());
      const auto entries = ReadStreamEntries(store_, handle_, kAll);
      ASSERT_FALSE(entries.ok());
      EXPECT_EQ(entries.error().code, Code::kDataLoss);
    }
    WriteBatch repair;
    repair.Put(Table::kStreamEntries, run_key(run), row);
    ASSERT_TRUE(store_.Apply(repair, Durability::kSynced).ok());
  }
  EXPECT_TRUE(ReadStreamEntries(store_, handle_, kAll).ok());
}

TEST_F(StreamsTest, ReadUnderASnapshotDoNotGrow) {
  Add(0, 15);
  const auto frozen = store_.Freeze();
  Add(15, 60);
  EXPECT_EQ(ReadStreamEntries(store_, handle_, kAll, frozen.get()).value().size(), 15U);
}

}  // namespace
}  // namespace oppi::ledger
