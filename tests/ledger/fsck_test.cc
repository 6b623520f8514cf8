#include "ledger/fsck.h"

#include <gtest/gtest.h>

#include "ledger/checkpoint.h"
#include "ledger/streams.h"
#include "ledger/tree_writer.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_writer.h"

namespace oppi::ledger {
namespace {

using tests::Marks;
using tests::TestWriter;

/// A log of 608 entries in which each person has a stream of more than one run.
class Damaged : public testing::Test {
 protected:
  Damaged() {
    for (std::uint64_t n = 0; n < 6; ++n) OPPI_CHECK(writer_.Send(Marks(1 + 99 * n, 99)).ok());
    writer_.Close();
  }

  Bytes RowAt(Table table, ByteView row_key) {
    const auto row = writer_.parts.log_rows.Get(table, row_key);
    OPPI_CHECK(row.ok() && row->has_value());
    return **row;
  }
  void Replace(Table table, Bytes row_key, Bytes value) {
    WriteBatch rows;
    rows.Put(table, std::move(row_key), std::move(value));
    OPPI_CHECK(writer_.parts.log_rows.Apply(rows, Durability::kSynced).ok());
  }
  void Remove(Table table, Bytes row_key) {
    OPPI_CHECK(!RowAt(table, row_key).empty());
    WriteBatch rows;
    rows.Delete(table, std::move(row_key));
    OPPI_CHECK(writer_.parts.log_rows.Apply(rows, Durability::kSynced).ok());
  }
  void FlipIn(Table table, const Bytes& row_key, std::size_t at) {
    Bytes row = RowAt(table, row_key);
    OPPI_CHECK(at < row.size());
    row[at] = static_cast<char>(row[at] ^ 0x20);
    Replace(table, row_key, std::move(row));
  }
  Bytes FirstKey(Table table) {
    Bytes first;
    OPPI_CHECK(writer_.parts.log_rows
                   .Scan(table, {}, {},
                         [&](ByteView row_key, ByteView) {
                           first = row_key;
                           return false;
                         })
                   .ok());
    return first;
  }

  FsckReport Run() {
    const auto locked = writer_.parts.lock.Read();
    OPPI_CHECK(locked.ok());
    auto report = Fsck(writer_.parts.log_store, *writer_.parts.vault,
                       writer_.parts.log_key.verifier(), *locked);
    OPPI_CHECK(report.ok());
    return *std::move(report);
  }
  /// There is damage, and one sentence has all of these words.
  void ExpectNamed(const std::vector<std::string>& words) {
    const FsckReport report = Run();
    EXPECT_FALSE(report.clean());
    const bool named =
        std::any_of(report.damages.begin(), report.damages.end(), [&](const std::string& damage) {
          return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
            return damage.find(word) != std::string::npos;
          });
        });
    if (named) return;
    ADD_FAILURE() << "not named: " << testing::PrintToString(words);
    for (const std::string& damage : report.damages) ADD_FAILURE() << "  named: " << damage;
  }

  TestWriter writer_;
};

TEST_F(Damaged, NothingIsFoundInALogThatIsWhole) {
  const FsckReport report = Run();
  EXPECT_TRUE(report.clean()) << report.damages.front();
  EXPECT_EQ(report.leaves, 608U);
  EXPECT_EQ(report.events, 594U);
  EXPECT_EQ(report.bodies_open, 594U);
  EXPECT_EQ(report.bodies_erased, 0U);
  EXPECT_EQ(report.streams, 7U);
}

TEST_F(Damaged, AFlippedBitOfALeafIsNamed) {
  FlipIn(Table::kLeaves, BigEndian(0), 40);
  ExpectNamed({"do not give the stored root"});
  ExpectNamed({"checkpoint", "does not match"});
  ExpectNamed({"tile 0 of level 0", "not what the entries give"});
}

TEST_F(Damaged, AFlippedLengthOfALeafIsNamed) {
  FlipIn(Table::kLeaves, BigEndian(2), 0);
  ExpectNamed({"run of entries at 2", "does not divide"});
}

TEST_F(Damaged, AMissingRunOfLeavesIsNamed) {
  Remove(Table::kLeaves, BigEndian(256));
  ExpectNamed({"run of entries at", "does not follow"});
  ExpectNamed({"entries do not give the stored root"});
}

TEST_F(Damaged, AMissingTailOfLeavesIsNamed) {
  Remove(Table::kLeaves, BigEndian(512));
  ExpectNamed({"entries, the tree state says 608"});
  ExpectNamed({"shorter than the checkpoint that was published last"});
}

TEST_F(Damaged, AMissingTileIsNamed) {
  Remove(Table::kTiles, TileKey(0, 1));
  ExpectNamed({"tile 1 of level 0 is missing"});
}

TEST_F(Damaged, AFlippedBitOfATileIsNamed) {
  FlipIn(Table::kTiles, TileKey(1, 0), 33);
  ExpectNamed({"tile 0 of level 1", "not what the entries give"});
}

TEST_F(Damaged, BodiesThatChangedPlacesAreNamed) {
  const Bytes one = RowAt(Table::kBodies, BigEndian(3));
  const Bytes two = RowAt(Table::kBodies, BigEndian(4));
  Replace(Table::kBodies, BigEndian(3), two);
  Replace(Table::kBodies, BigEndian(4), one);
  ExpectNamed({"body of entry 3", "commits to"});
  ExpectNamed({"body of entry 4", "commits to"});
}

TEST_F(Damaged, ABodyThatDoesNotOpenIsNamed) {
  const Bytes row = RowAt(Table::kBodies, BigEndian(5));
  FlipIn(Table::kBodies, BigEndian(5), row.size() - 1);
  ExpectNamed({"body of entry 5", "does not open"});
}

TEST_F(Damaged, ATruncatedBodyIsNamed) {
  Replace(Table::kBodies, BigEndian(5), RowAt(Table::kBodies, BigEndian(5)).substr(0, 9));
  ExpectNamed({"body of entry 5", "damaged"});
}

TEST_F(Damaged, ABodyThatIsGoneCountsAsErased) {
  Remove(Table::kBodies, BigEndian(5));
  const FsckReport report = Run();
  EXPECT_EQ(report.bodies_erased, 0U);
  EXPECT_EQ(report.bodies_open, 593U);
  ASSERT_EQ(report.damages.size(), 1U);
  EXPECT_NE(report.damages[0].find("body of entry 5 is missing"), std::string::npos);
}

TEST_F(Damaged, ARemovedRowOfTheDuplicateIndexIsNamed) {
  const events::Event first = tests::Mark(1, 1);
  Remove(Table::kDedup, DedupKey(*writer_.parts.vault, first.source, first.id));
  ExpectNamed({"duplicate index does not know entry 3"});
}

TEST_F(Damaged, ARowOfTheDuplicateIndexThatPointsElsewhereIsNamed) {
  const events::Event first = tests::Mark(1, 1);
  const events::Event second = tests::Mark(2, 2);
  Replace(Table::kDedup, DedupKey(*writer_.parts.vault, first.source, first.id),
          RowAt(Table::kDedup, DedupKey(*writer_.parts.vault, second.source, second.id)));
  ExpectNamed({"duplicate index does not know entry 3"});
}

TEST_F(Damaged, ARemovedRunOfAStreamIsNamed) {
  Remove(Table::kStreamEntries, FirstKey(Table::kStreamEntries));
  ExpectNamed({"a stream is damaged", "entries are missing"});
}

TEST_F(Damaged, AChangedEntryOfAStreamIsNamed) {
  FlipIn(Table::kStreamEntries, FirstKey(Table::kStreamEntries), 7);
  ExpectNamed({"a stream of", "does not give its head"});
  ExpectNamed({"streams, its leaf says 1"});
}

TEST_F(Damaged, ARemovedStreamIsNamedByEachOfItsEvents) {
  Remove(Table::kStreams, FirstKey(Table::kStreams));
  ExpectNamed({"is in 0 streams, its leaf says 1"});
}

TEST_F(Damaged, AStreamOfNobodysEventsIsNamed) {
  StreamState state;
  Handle handle;
  handle.bytes.fill(7);
  WriteBatch rows;
  AppendToStream(state, handle, {LeafIndex(3), 0}, rows);
  Replace(Table::kStreams, Bytes(handle.view()), EncodeStream(state));
  ExpectNamed({"entry 3 is in 2 streams, its leaf says 1"});
}

TEST_F(Damaged, AStreamUnderAnothersLabelIsNamed) {
  FlipIn(Table::kStreams, FirstKey(Table::kStreams), 9);
  ExpectNamed({"a stream of", "under a label that is not its own"});
  ExpectNamed({"the stream map: entry", "map root"});
}

TEST_F(Damaged, AnIdentifierThatTheMapDoesNotHaveIsNamed) {
  FlipIn(Table::kLabels, FirstKey(Table::kLabels), 9);
  ExpectNamed({"the stream map: entry", "map root"});
}

TEST_F(Damaged, TransitionsThatAreMissingOrNotWhatTheStreamsSayAreNamed) {
  FlipIn(Table::kTransitions, BigEndian(102), 20);
  ExpectNamed({"the transitions of entry 102 are not what the streams say"});
  Remove(Table::kTransitions, BigEndian(102));
  ExpectNamed({"the transitions of entry 102 are missing"});
}

TEST_F(Damaged, ADamagedRowOfALabelIsNamed) {
  const Bytes label = FirstKey(Table::kLabels);
  Replace(Table::kLabels, label, RowAt(Table::kLabels, label).substr(1));
  ExpectNamed({"row of an identifier's label is damaged"});
}

TEST_F(Damaged, ACheckpointOfAnotherKeyIsNamed) {
  const Checkpoint there{tests::kOrigin, TreeSize(608), {}, {}};
  Replace(Table::kMeta, "checkpoint",
          SignCheckpoint(there, {tests::kOrigin, tests::KeyNamed("mallory").key}));
  ExpectNamed({"checkpoint does not verify"});
}

TEST_F(Damaged, ACheckpointOfAnotherTreeIsNamed) {
  auto checkpoint =
      OpenCheckpoint(RowAt(Table::kMeta, "checkpoint"), writer_.parts.log_key.verifier());
  ASSERT_TRUE(checkpoint.ok());
  checkpoint->root.bytes[31] ^= 1;
  Replace(Table::kMeta, "checkpoint", SignCheckpoint(*checkpoint, writer_.parts.log_key));
  ExpectNamed({"checkpoint does not match the entries"});
}

TEST_F(Damaged, AMissingCheckpointIsNamed) {
  Remove(Table::kMeta, "checkpoint");
  ExpectNamed({"checkpoint does not verify", "missing"});
}

TEST_F(Damaged, AMissingTreeStateIsNamed) {
  Remove(Table::kMeta, "state");
  ExpectNamed({"no tree state"});
}

TEST_F(Damaged, AForkOfWhatWasPublishedIsNamed) {
  auto locked = writer_.parts.kept_lock.Read();
  ASSERT_TRUE(locked.ok() && locked->has_value());
  (*locked)->root.bytes[0] ^= 1;
  ASSERT_TRUE(writer_.parts.kept_lock.Advance(**locked).ok());
  ExpectNamed({"it is a fork"});
}

TEST_F(Damaged, ALogShorterThanWhatWasPublishedIsNamed) {
  ASSERT_TRUE(writer_.parts.kept_lock.Advance({TreeSize(609), {}}).ok());
  ExpectNamed({"shorter than the checkpoint that was published last"});
}

TEST(Fsck, NamesABatchWhoseRefusedItemsWereForgotten) {
  TestWriter writer;
  writer.rules.verdicts[tests::Mark(2).id] = {events::Outcome::kRejected,
                                              events::ErrorCode::kTimeInFuture};
  ASSERT_TRUE(writer.Send({tests::Mark(1), tests::Mark(2)}).ok());
  WriteBatch rows;
  rows.Delete(Table::kBatches, BigEndian(2));
  ASSERT_TRUE(writer.parts.log_rows.Apply(rows, Durability::kSynced).ok());
  const auto report = Fsck(writer.parts.log_store, *writer.parts.vault,
                           writer.parts.log_key.verifier(), std::nullopt);
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->damages.size(), 1U);
  EXPECT_NE(report->damages[0].find("entry 2 is not the one that its publisher signed"),
            std::string::npos)
      << report->damages[0];
}

TEST(Fsck, SaysThatThereIsNoLogInAnEmptyStore) {
  tests::LedgerParts parts(1);
  ASSERT_TRUE(parts.OpenVault().ok());
  const auto report = Fsck(parts.log_store, *parts.vault, parts.log_key.verifier(), std::nullopt);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->clean());
}

}  // namespace
}  // namespace oppi::ledger
