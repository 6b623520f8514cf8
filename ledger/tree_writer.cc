#include "ledger/tree_writer.h"

#include <algorithm>

#include "events/tree_hash.h"
#include "ledger/merkle/proof.h"
#include "ledger/merkle/tile.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kStateName = "state";
constexpr unsigned kTileLevels = 8;  // 2^64 leaves

/// Complete node (level, index) of a store's tiles.
Result<NodeHash> NodeOf(const Store& store, unsigned level, std::uint64_t index) {
  const unsigned in_tile = level % merkle::kTileHeight;
  const std::uint64_t first = (index << in_tile);
  OPPI_TRY(const auto tile, store.Get(Table::kTiles, TileKey(level / merkle::kTileHeight, first / merkle::kTileWidth)));
  const std::size_t offset = static_cast<std::size_t>(first % merkle::kTileWidth) * kDigestBytes;
  const std::size_t count = std::size_t{1} << in_tile;
  if (!tile || tile->size() < offset + count * kDigestBytes) return DataLoss("tree: a tile is missing or too short");
  std::vector<NodeHash> row;
  for (std::size_t i = 0; i < count; ++i)
    row.push_back(*NodeHash::From(ByteView(*tile).substr(offset + i * kDigestBytes, kDigestBytes)));
  for (std::size_t n = count; n > 1; n /= 2)
    for (std::size_t i = 0; i < n / 2; ++i) row[i] = HashChildren(row[2 * i], row[2 * i + 1]);
  return row.front();
}

}  // namespace

Bytes TileKey(unsigned level, std::uint64_t index) {
  Bytes key;
  ByteWriter w(key);
  w.U8(static_cast<std::uint8_t>(level));
  w.U64(index);
  return key;
}

Result<std::optional<TreeState>> ReadTreeState(const Store& store) {
  OPPI_TRY(const auto row, store.Get(Table::kMeta, kStateName));
  if (!row) return std::optional<TreeState>();
  ByteReader r(*row);
  TreeState state;
  state.size = TreeSize(r.U64());
  state.last_recorded = {r.I64()};
  const auto root = RootHash::From(r.Raw(kDigestBytes));
  if (!r.done() || !root) return DataLoss("tree: damaged state row");
  state.root = *root;
  return std::optional(state);
}

Result<TreeWriter> TreeWriter::Open(const Store& store) {
  TreeWriter writer;
  writer.edge_.resize(kTileLevels);
  writer.edge_dirty_.resize(kTileLevels);
  OPPI_TRY(const std::optional<TreeState> state, ReadTreeState(store));
  if (!state) return writer;
  const std::uint64_t size = state->size.value();
  std::vector<NodeHash> hashes;
  for (unsigned level = 64; level-- > 0;) {
    if ((size >> level & 1) == 0) continue;
    OPPI_TRY(const NodeHash node, NodeOf(store, level, (size >> level) - 1));
    hashes.push_back(node);
  }
  OPPI_TRY(writer.range_, merkle::CompactRange::From(state->size, std::move(hashes)));
  if (writer.range_.Root() != state->root) return DataLoss("tree: the stored tiles do not give the stored root");
  for (unsigned level = 0; level < kTileLevels; ++level) {
    const std::uint64_t entries = size >> (level * merkle::kTileHeight);
    const std::size_t width = static_cast<std::size_t>(entries % merkle::kTileWidth);
    if (width == 0) continue;
    OPPI_TRY(const auto tile, store.Get(Table::kTiles, TileKey(level, entries / merkle::kTileWidth)));
    if (!tile || tile->size() < width * kDigestBytes) return DataLoss("tree: the right edge is missing");
    writer.edge_[level] = tile->substr(0, width * kDigestBytes);
  }
  writer.last_recorded_ = state->last_recorded;
  writer.chunk_start_ = size;
  return writer;
}

Instant TreeWriter::NextRecorded(Instant clock) const { return std::max(clock, last_recorded_ + 1); }

LeafIndex TreeWriter::Append(const Leaf& leaf, WriteBatch& writes) {
  OPPI_CHECK(leaf.recorded > last_recorded_);
  const LeafIndex index = next();
  const Bytes bytes = EncodeLeaf(leaf);
  merkle::AppendEntry(chunk_, bytes);
  range_.Append(HashLeaf(bytes), [&](unsigned level, std::uint64_t node, const NodeHash& hash) {
    if (level % merkle::kTileHeight != 0) return;
    const unsigned tile_level = level / merkle::kTileHeight;
    Bytes& edge = edge_[tile_level];
    edge.append(hash.view());
    edge_dirty_[tile_level] = true;
    if (edge.size() == merkle::kTileWidth * kDigestBytes) {
      writes.Put(Table::kTiles, TileKey(tile_level, node / merkle::kTileWidth), edge);
      edge.clear();
      edge_dirty_[tile_level] = false;
    }
  });
  last_recorded_ = leaf.recorded;
  if (size().value() % merkle::kTileWidth == 0) FlushBundle(writes);
  return index;
}

void TreeWriter::FlushBundle(WriteBatch& writes) {
  if (!chunk_.empty()) writes.Put(Table::kLeaves, BigEndian(chunk_start_), chunk_);
  chunk_.clear();
  chunk_start_ = size().value();
}

void TreeWriter::Finish(WriteBatch& writes) {
  FlushBundle(writes);
  for (unsigned level = 0; level < kTileLevels; ++level) {
    if (!edge_dirty_[level]) continue;
    const std::uint64_t entries = size().value() >> (level * merkle::kTileHeight);
    writes.Put(Table::kTiles, TileKey(level, entries / merkle::kTileWidth), edge_[level]);
    edge_dirty_[level] = false;
  }
  Bytes state;
  ByteWriter w(state);
  w.U64(size().value());
  w.I64(last_recorded_.micros);
  w.Raw(Root().view());
  writes.Put(Table::kMeta, kStateName, state);
}

}  // namespace oppi::ledger
