#include "ledger/merkle/tile.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "ledger/merkle/compact_range.h"
#include "tests/ledger/test_tree.h"

namespace oppi::ledger::merkle {
namespace {

TEST(TilePath, IsWrittenAsTheSpecificationSays) {
  EXPECT_EQ(TilePath({false, 0, 0, 256}), "tile/0/000");
  EXPECT_EQ(TilePath({false, 0, 1234067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(TilePath({false, 63, 999, 1}), "tile/63/999.p/1");
  EXPECT_EQ(TilePath({false, 1, 1000, 255}), "tile/1/x001/000.p/255");
  EXPECT_EQ(TilePath({true, 0, 273, 112}), "tile/entries/273.p/112");
  EXPECT_EQ(TilePath({false, 0, UINT64_MAX, 256}), "tile/0/x018/x446/x744/x073/x709/x551/615");
}

TEST(TilePath, HasOneSpelling) {
  for (const char* path : {
           "",
           "tile",
           "tile/",
           "tile/0",
           "tile/0/",
           "tile/0/0",
           "tile/0/00",
           "tile/0/0000",
           "tile/00/000",
           "tile/64/000",
           "tile/-1/000",
           "tile/+1/000",
           "tile/ 1/000",
           "tile/0/x000/001",
           "tile/0/x001",
           "tile/0/001/002",
           "tile/0/001/x002",
           "tile/0/xx01/002",
           "tile/0/X001/002",
           "tile/0/x001/002/",
           "/tile/0/000",
           "tile//000",
           "tile/0//000",
           "tile/0/000/",
           "tile/0/000.p",
           "tile/0/000.p/",
           "tile/0/000.p/0",
           "tile/0/000.p/256",
           "tile/0/000.p/01",
           "tile/0/000.p/1/",
           "tile/0/000.p/1.p/1",
           "tile/0/000.p1",
           "tile/0/000.P/1",
           "tile/0/00a",
           "tile/0/-01",
           "tile/0/ 01",
           "tile/0/000 ",
           "tile/0/000\n",
           "tile/entries",
           "tile/entries/",
           "tile/entries/0/000",
           "tile/Entries/000",
           "tile/data/000",
           "tile/0/x1/000",
           "tile/0/../000",
           "tile/0/x018/x446/x744/x073/x709/x551/616",
           "tile/0/x999/x999/x999/x999/x999/x999/999",
           "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
       })
    EXPECT_FALSE(ParseTilePath(path).has_value()) << path;
  EXPECT_FALSE(ParseTilePath(std::string_view("tile/0/000\0", 11)).has_value());
}

rc::Gen<TileId> SomeTile() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::arbitrary<bool>(), rc::gen::inRange(0U, 64U),
                     rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::inRange(0, 64)),
                     rc::gen::inRange(1U, 257U)),
      [](const auto& t) {
        const auto& [entries, level, index, width] = t;
        return TileId{entries, entries ? 0 : level, index.first >> index.second, width};
      });
}

RC_GTEST_PROP(TilePath, EveryTileRoundTrips, ()) {
  const TileId id = *SomeTile();
  const std::string path = TilePath(id);
  RC_ASSERT(ParseTilePath(path) == std::optional(id));

  // And whatever a changed path is read as is spelled like that.
  std::string changed = path;
  const auto at = *rc::gen::inRange<std::size_t>(0, path.size());
  changed[at] = *rc::gen::elementOf(std::string("0123456789xp./entris \n"));
  if (const auto parsed = ParseTilePath(changed)) RC_ASSERT(TilePath(*parsed) == changed);
  changed.erase(at, 1);
  if (const auto parsed = ParseTilePath(changed)) RC_ASSERT(TilePath(*parsed) == changed);
}

TEST(TileArithmetic, SeventyThousandLeavesHaveTheTilesOfTheSpecification) {
  const TreeSize size(70'000);
  std::map<std::pair<bool, unsigned>, std::pair<int, unsigned>> rows;  // full tiles, partial width
  for (const TileId& id : TilesOf(size)) {
    auto& [full, partial] = rows[{id.entries, id.level}];
    if (id.width == kTileWidth)
      ++full;
    else
      partial = id.width;
  }
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ((rows[{false, 0}]), std::pair(273, 112U));
  EXPECT_EQ((rows[{false, 1}]), std::pair(1, 17U));
  EXPECT_EQ((rows[{false, 2}]), std::pair(0, 1U));
  EXPECT_EQ((rows[{true, 0}]), std::pair(273, 112U));
}

TEST(TileArithmetic, AFullTileAppearsInTheRowAbove) {
  const std::vector<TileId> expected = {{false, 0, 0, 256}, {false, 1, 0, 1}, {true, 0, 0, 256}};
  EXPECT_EQ(TilesOf(TreeSize(256)), expected);
  EXPECT_TRUE(TilesOf(TreeSize(0)).empty());
  EXPECT_EQ(TileWidthAt(TreeSize(255), 0, 0), 255U);
  EXPECT_EQ(TileWidthAt(TreeSize(255), 1, 0), 0U);
  EXPECT_EQ(TileWidthAt(TreeSize(256), 0, 1), 0U);
  EXPECT_EQ(TileWidthAt(TreeSize(257), 0, 1), 1U);
}

TEST(TileArithmetic, HoldsAtTheLargestSizes) {
  EXPECT_EQ(TileWidthAt(TreeSize(UINT64_MAX), 0, UINT64_MAX / 256), 255U);
  EXPECT_EQ(TileWidthAt(TreeSize(UINT64_MAX), 0, UINT64_MAX / 256 + 1), 0U);
  EXPECT_EQ(TileWidthAt(TreeSize(UINT64_MAX), 0, UINT64_MAX), 0U);
  EXPECT_EQ(TileWidthAt(TreeSize(UINT64_MAX), 7, 0), 255U);
  EXPECT_EQ(TileWidthAt(TreeSize(UINT64_MAX), 8, 0), 0U);
  EXPECT_EQ(TileWidthAt(TreeSize(UINT64_MAX), 63, 0), 0U);
}

/// The tiles of a tree, made from what a compact range reports.
class TileStore {
 public:
  explicit TileStore(const std::vector<NodeHash>& leaves) {
    CompactRange range;
    for (const NodeHash& leaf : leaves)
      range.Append(leaf, [this](unsigned level, std::uint64_t index, const NodeHash& node) {
        if (level % kTileHeight != 0) return;
        rows_[{level / kTileHeight, index / kTileWidth}] += node.view();
      });
  }
  [[nodiscard]] TileReader reader() const {
    return [this](const TileId& id) -> Result<Bytes> {
      const auto tile = rows_.find({id.level, id.index});
      if (tile == rows_.end()) return NotFound("no tile");
      return tile->second.substr(0, id.width * kDigestBytes);
    };
  }

 private:
  std::map<std::pair<unsigned, std::uint64_t>, Bytes> rows_;
};

TEST(Tiles, GiveEveryProofOfATreeOfThreeRows) {
  const auto leaves = tests::SomeLeaves(66'000);
  const TileStore store(leaves);
  for (const std::uint64_t size :
       {1U, 2U, 255U, 256U, 257U, 600U, 65'535U, 65'536U, 65'537U, 66'000U}) {
    SCOPED_TRACE(size);
    const NodeReader nodes = NodesFromTiles(TreeSize(size), store.reader());
    const auto root = RootAt(TreeSize(size), nodes);
    ASSERT_TRUE(root.ok()) << root.error().message;
    EXPECT_EQ(*root, tests::RootOf(leaves, size));
    for (const std::uint64_t index : {std::uint64_t{0}, size / 2, size - 1}) {
      const auto proof = InclusionProof(LeafIndex(index), TreeSize(size), nodes);
      ASSERT_TRUE(proof.ok()) << proof.error().message;
      EXPECT_TRUE(
          VerifyInclusion(LeafIndex(index), TreeSize(size), leaves[index], *proof, *root).ok());
    }
  }
}

RC_GTEST_PROP(Tiles, ANodeIsFoundWhereItsPlaceSays, ()) {
  const auto level = *rc::gen::inRange(0U, 64U);
  const auto index = *rc::gen::arbitrary<std::uint64_t>() >> level;
  const NodePlace place = PlaceOf(level, index);
  RC_ASSERT(place.tile_level * kTileHeight + place.height == level);
  RC_ASSERT(place.height < kTileHeight);
  RC_ASSERT(place.offset < kTileWidth >> place.height);
  RC_ASSERT((place.tile_index << (kTileHeight - place.height)) + place.offset == index);
}

TEST(Tiles, ANodeThatATileDoesNotHoldIsRefused) {
  const Bytes tile(5 * kDigestBytes, 'h');
  EXPECT_TRUE(NodeInTile(tile, 2, 0).ok());
  EXPECT_TRUE(NodeInTile(tile, 0, 4).ok());
  EXPECT_FALSE(NodeInTile(tile, 0, 5).ok());
  EXPECT_FALSE(NodeInTile(tile, 2, 1).ok());
  EXPECT_FALSE(NodeInTile(tile, 3, 0).ok());
  EXPECT_FALSE(NodeInTile(tile, 9, 0).ok());
  EXPECT_FALSE(NodeInTile(tile, 0, UINT32_MAX).ok());
  EXPECT_FALSE(NodeInTile("", 0, 0).ok());
  EXPECT_FALSE(NodeInTile(tile.substr(1), 0, 0).ok());
  EXPECT_FALSE(NodeInTile(Bytes(257 * kDigestBytes, 'h'), 0, 0).ok());
}

TEST(Tiles, ATileOfTheWrongLengthIsDamage) {
  const NodeReader nodes = NodesFromTiles(
      TreeSize(10), [](const TileId&) -> Result<Bytes> { return Bytes(9 * kDigestBytes, 'h'); });
  const auto node = nodes(0, 0);
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().code, Code::kDataLoss);
  const auto beyond = nodes(8, 0);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, Code::kNotFound);
  EXPECT_FALSE(nodes(64, 0).ok());
}

RC_GTEST_PROP(EntryBundle, SplitsIntoTheEntriesThatWereAppended, ()) {
  const auto entries =
      *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>());
  RC_PRE(entries.size() <= kTileWidth);
  Bytes bundle;
  for (const std::string& entry : entries) AppendEntry(bundle, entry);
  const auto split = SplitBundle(bundle);
  RC_ASSERT(split.ok());
  RC_ASSERT(std::vector<std::string>(split->begin(), split->end()) == entries);
  // Cut anywhere else than between entries, it is refused.
  if (!entries.empty()) {
    const auto last = entries.back().size() + 2;
    const auto cut = *rc::gen::inRange<std::size_t>(1, last);
    RC_ASSERT(!SplitBundle(ByteView(bundle).substr(0, bundle.size() - cut)).ok());
  }
}

TEST(EntryBundle, HoldsEntriesUpToTheirLimitAndAtMostATileOfThem) {
  Bytes bundle;
  AppendEntry(bundle, std::string(kEntryBytesMax, 'e'));
  AppendEntry(bundle, "");
  const auto split = SplitBundle(bundle);
  ASSERT_TRUE(split.ok());
  EXPECT_EQ(split->at(0).size(), kEntryBytesMax);
  EXPECT_EQ(split->at(1).size(), 0U);
  EXPECT_TRUE(SplitBundle(Bytes(2 * kTileWidth, '\0')).ok());
  EXPECT_FALSE(SplitBundle(Bytes(2 * kTileWidth + 2, '\0')).ok());
  EXPECT_FALSE(SplitBundle("\x01").ok());
}

}  // namespace
}  // namespace oppi::ledger::merkle
