#include "ledger/log_view.h"

#include <gtest/gtest.h>

#include "ledger/tree_writer.h"
#include "tests/ledger/test_tree.h"
#include "tests/support/test_writer.h"

namespace oppi::ledger {
namespace {

using tests::Marks;
using tests::TestWriter;

/// A log of several commits, and its leaf hashes for the slow, plainly right computation.
class LogViewTest : public testing::Test {
 protected:
  /// To this size, or an entry or two more.
  void Grow(std::uint64_t size) {
    std::uint64_t number = 1;
    while (writer_.View()->size().value() < size) {
      const std::uint64_t there = writer_.View()->size().value();
      // Each has an entry of its batch before it and one of the state behind it.
      const std::uint64_t left = size > there + 2 ? size - there - 2 : 1;
      const std::uint64_t batch = std::min<std::uint64_t>(1 + number % 23, left);
      OPPI_CHECK(writer_.Send(Marks(number, batch)).ok());
      number += batch;
    }
    leaves_.clear();
    entries_.clear();
    const auto view = writer_.View();
    OPPI_CHECK(view->ScanLeaves(LeafIndex(0), view->size(),
                                [&](LeafIndex, ByteView bytes) {
                                  entries_.emplace_back(bytes);
                                  leaves_.push_back(HashLeaf(bytes));
                                  return true;
                                })
                   .ok());
  }

  TestWriter writer_;
  std::vector<NodeHash> leaves_;
  std::vector<Bytes> entries_;
};

TEST_F(LogViewTest, ProvesInclusionAndConsistencyAtEverySize) {
  Grow(70);
  const auto view = writer_.View();
  const std::uint64_t all = view->size().value();
  ASSERT_EQ(all, leaves_.size());
  for (std::uint64_t size = 1; size <= all; ++size) {
    const RootHash root = tests::RootOf(leaves_, size);
    EXPECT_EQ(view->Root(TreeSize(size)).value(), root);
    for (std::uint64_t i = 0; i < size; ++i)
      EXPECT_EQ(view->Inclusion(LeafIndex(i), TreeSize(size)).value(),
                tests::Path(leaves_, i, 0, size));
    for (std::uint64_t from = 1; from <= size; ++from) {
      const auto proof = view->Consistency(TreeSize(from), TreeSize(size));
      ASSERT_TRUE(proof.ok());
      EXPECT_TRUE(merkle::VerifyConsistency(TreeSize(from), TreeSize(size), *proof,
                                            tests::RootOf(leaves_, from), root)
                      .ok());
    }
  }
}

TEST_F(LogViewTest, ServesEveryTileAndBundleByteForByteAtEveryWidth) {
  Grow(600);
  const auto view = writer_.View();
  for (const merkle::TileId& id : merkle::TilesOf(view->size())) {
    for (unsigned width = 1; width <= id.width; width += (width < 3 ? 1 : 7)) {
      merkle::TileId part = id;
      part.width = width;
      Bytes expected;
      for (unsigned i = 0; i < width; ++i) {
        const std::uint64_t at = id.index * merkle::kTileWidth + i;
        if (id.entries) {
          merkle::AppendEntry(expected, entries_[at]);
        } else {
          const std::uint64_t span = std::uint64_t{1} << (8 * id.level);
          expected.append(tests::Mth(leaves_, at * span, (at + 1) * span).view());
        }
      }
      EXPECT_EQ(view->Tile(part).value(), expected) << merkle::TilePath(part);
    }
  }
}

TEST_F(LogViewTest, DoesNotShowWhatItsCheckpointDoesNotCover) {
  Grow(40);
  const auto view = writer_.View();
  const TreeSize size = view->size();
  ASSERT_TRUE(writer_.Send(Marks(1000, 300)).ok());
  const TreeSize beyond(size.value() + 1);
  EXPECT_EQ(view->LeafBytes(NextIndex(size)).error().code, Code::kNotFound);
  EXPECT_EQ(view->Inclusion(LeafIndex(0), beyond).error().code, Code::kNotFound);
  EXPECT_EQ(view->Consistency(size, beyond).error().code, Code::kNotFound);
  EXPECT_EQ(view->Root(beyond).error().code, Code::kNotFound);
  const auto scanned =
      view->ScanLeaves(LeafIndex(0), beyond, [](LeafIndex, ByteView) { return true; });
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().code, Code::kNotFound);
  const auto width = static_cast<unsigned>(size.value());
  EXPECT_EQ(view->Tile({false, 0, 0, width + 1}).error().code, Code::kNotFound);
  EXPECT_EQ(view->Tile({true, 0, 0, width + 1}).error().code, Code::kNotFound);
  EXPECT_EQ(view->Tile({false, 0, 1, 1}).error().code, Code::kNotFound);
  EXPECT_EQ(view->Tile({false, 1, 0, 1}).error().code, Code::kNotFound);
  EXPECT_EQ(view->Tile({false, 0, 0, 0}).error().code, Code::kNotFound);
  // What it does cover, it still shows as it was.
  EXPECT_EQ(view->Root(size).value(), tests::RootOf(leaves_, size.value()));
  EXPECT_EQ(view->Tile({false, 0, 0, width}).value().size(), width * kDigestBytes);
}

TEST_F(LogViewTest, ScansAnyPartAndStopsWhenTold) {
  Grow(300);
  const auto view = writer_.View();
  struct Part {
    std::uint64_t from;
    std::uint64_t to;
  };
  for (const Part part :
       {Part{0, 1}, Part{5, 5}, Part{7, 100}, Part{255, 257}, Part{256, 300}, Part{290, 280}}) {
    const std::uint64_t from = part.from;
    const std::uint64_t to = part.to;
    std::vector<Bytes> seen;
    ASSERT_TRUE(view->ScanLeaves(LeafIndex(from), TreeSize(to),
                                 [&](LeafIndex index, ByteView b) {
                                   EXPECT_EQ(index.value(), from + seen.size());
                                   seen.emplace_back(b);
                                   return true;
                                 })
                    .ok());
    const std::size_t count = from < to ? to - from : 0;
    ASSERT_EQ(seen.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(seen[i], entries_[from + i]);
  }
  int calls = 0;
  ASSERT_TRUE(view->ScanLeaves(LeafIndex(3), TreeSize(200),
                               [&](LeafIndex, ByteView) { return ++calls < 4; })
                  .ok());
  EXPECT_EQ(calls, 4);
}

TEST_F(LogViewTest, SaysThatEntriesOrTilesAreMissingInsteadOfServingLess) {
  Grow(300);
  const TreeSize size = writer_.View()->size();
  const Bytes run = writer_.parts.log_rows.Floor(Table::kLeaves, BigEndian(100)).value()->first;
  WriteBatch damage;
  damage.Delete(Table::kLeaves, run);
  damage.Delete(Table::kTiles, TileKey(0, 0));
  ASSERT_TRUE(writer_.parts.log_rows.Apply(damage, Durability::kSynced).ok());
  const LogView view(writer_.parts.log_rows, writer_.parts.log_rows.Freeze(),
                     writer_.View()->checkpoint(), writer_.View()->note());
  EXPECT_EQ(view.LeafBytes(LeafIndex(100)).error().code, Code::kDataLoss);
  EXPECT_EQ(view.Tile({true, 0, 0, 256}).error().code, Code::kDataLoss);
  EXPECT_EQ(view.Tile({false, 0, 0, 256}).error().code, Code::kDataLoss);
  EXPECT_EQ(view.Inclusion(LeafIndex(100), size).error().code, Code::kDataLoss);
}

TEST(TreeWriter, RefusesATreeWhoseRightEdgeIsDamagedOrMissing) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 300)).ok());
  writer.Close();
  const auto sized = TreeWriter::Open(writer.parts.log_store);
  ASSERT_TRUE(sized.ok());
  EXPECT_EQ(sized->size(), TreeSize(304));
  for (const Bytes& tile_key : {TileKey(0, 1), TileKey(1, 0)}) {
    const Bytes good = *writer.parts.log_rows.Get(Table::kTiles, tile_key).value();
    Bytes flipped = good;
    flipped[3] = static_cast<char>(flipped[3] ^ 1);
    for (const auto& value : {std::optional<Bytes>(flipped), std::optional<Bytes>(good.substr(1)),
                              std::optional<Bytes>()}) {
      WriteBatch rows;
      if (value)
        rows.Put(Table::kTiles, tile_key, *value);
      else
        rows.Delete(Table::kTiles, tile_key);
      ASSERT_TRUE(writer.parts.log_rows.Apply(rows, Durability::kSynced).ok());
      const auto opened = TreeWriter::Open(writer.parts.log_store);
      ASSERT_FALSE(opened.ok());
      EXPECT_EQ(opened.error().code, Code::kDataLoss);
    }
    WriteBatch repair;
    repair.Put(Table::kTiles, tile_key, good);
    ASSERT_TRUE(writer.parts.log_rows.Apply(repair, Durability::kSynced).ok());
  }
  EXPECT_TRUE(TreeWriter::Open(writer.parts.log_store).ok());
}

TEST(TreeWriter, RefusesADamagedStateRow) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 3)).ok());
  writer.Close();
  const Bytes good = *writer.parts.log_rows.Get(Table::kMeta, "state").value();
  for (const Bytes& bad : {good.substr(1), good + 'x', Bytes(good.size(), '\0')}) {
    WriteBatch rows;
    rows.Put(Table::kMeta, "state", bad);
    ASSERT_TRUE(writer.parts.log_rows.Apply(rows, Durability::kSynced).ok());
    const auto opened = TreeWriter::Open(writer.parts.log_store);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::kDataLoss);
  }
}

TEST(TreeWriter, GivesTheSameRowsHoweverTheLeavesAreCutIntoCommits) {
  // Entries lie in runs by commit; tiles and state do not depend on it.
  const auto write = [](std::uint64_t each) {
    MemoryStore store;
    TreeWriter tree = *TreeWriter::Open(store);
    std::uint64_t done = 0;
    while (done < 700) {
      WriteBatch rows;
      for (std::uint64_t i = 0; i < each && done < 700; ++i, ++done)
        tree.Append({{static_cast<std::int64_t>(done)}, BatchLeaf{std::to_string(done), {}}}, rows);
      tree.Finish(rows);
      OPPI_CHECK(store.Apply(rows, Durability::kSynced).ok());
      // Every now and then from the disk, as after a restart.
      if (done % 3 == 0) tree = *TreeWriter::Open(store);
    }
    Bytes all;
    for (const Table table : {Table::kTiles, Table::kMeta})
      OPPI_CHECK(store
                     .Scan(table, {}, {},
                           [&](ByteView row_key, ByteView value) {
                             ByteWriter w(all);
                             w.Long(row_key);
                             w.Long(value);
                             return true;
                           })
                     .ok());
    return all;
  };
  const Bytes whole = write(700);
  for (const std::uint64_t each : {1U, 7U, 255U, 256U, 257U}) EXPECT_EQ(write(each), whole) << each;
}

}  // namespace
}  // namespace oppi::ledger
