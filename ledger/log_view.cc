#include "ledger/log_view.h"

#include <map>
#include <utility>

#include "events/check.h"
#include "events/tree_hash.h"
#include "ledger/merkle/multi_proof.h"
#include "ledger/tlog_proof.h"
#include "ledger/tree_writer.h"

namespace oppi::ledger {

using merkle::kTileWidth;

LogView::LogView(const Store& store, std::shared_ptr<const Snapshot> snapshot, Checkpoint checkpoint, std::string note,
                 std::shared_ptr<const merkle::MapTree::View> map)
    : store_(store), snapshot_(std::move(snapshot)), checkpoint_(std::move(checkpoint)), note_(std::move(note)),
      map_(std::move(map)) {}

std::shared_ptr<const LogView> LogView::As(Checkpoint checkpoint, std::string note) const {
  OPPI_CHECK(!(size() < checkpoint.size));
  auto map = checkpoint.size == size() ? map_ : nullptr;  // of another size there would be another
  return std::make_shared<const LogView>(store_, snapshot_, std::move(checkpoint), std::move(note), std::move(map));
}

Result<Bytes> LogView::LeafBytes(LeafIndex index) const {
  if (!Contains(size(), index)) return NotFound("SIZE_UNKNOWN: no such entry in this checkpoint");
  Bytes found;
  OPPI_RETURN_IF_ERROR(ScanLeaves(index, SizeAfter(index), [&](LeafIndex, ByteView leaf) {
    found = leaf;
    return false;
  }));
  return found;
}

Result<Leaf> LogView::ReadLeaf(LeafIndex index) const {
  OPPI_TRY(const Bytes bytes, LeafBytes(index));
  auto leaf = DecodeLeaf(bytes);
  if (!leaf.ok()) return DataLoss("log: entry " + std::to_string(index.value()) + " does not decode");
  return leaf;
}

Status LogView::ScanLeaves(LeafIndex from, TreeSize to, const std::function<bool(LeafIndex, ByteView)>& each) const {
  if (to > size()) return NotFound("SIZE_UNKNOWN: beyond this checkpoint");
  if (from.value() >= to.value()) return {};
  // The run of leaves that holds `from` may begin before it.
  OPPI_TRY(const auto run, store_.Floor(Table::kLeaves, BigEndian(from.value()), snapshot_.get()));
  std::uint64_t expected = from.value();
  bool damaged = !run;
  bool stopped = false;
  if (run)
    OPPI_RETURN_IF_ERROR(store_.Scan(
        Table::kLeaves, run->first, BigEndian(to.value()),
        [&](ByteView key, ByteView value) {
          std::uint64_t index = ByteReader(key).U64();
          const auto entries = merkle::SplitBundle(value);
          damaged = !entries.ok() || index > expected;
          if (damaged) return false;
          for (const ByteView entry : *entries) {
            if (index >= expected && index < to.value()) {
              ++expected;
              if (!each(LeafIndex(index), entry)) {
                stopped = true;
                return false;
              }
            }
            ++index;
          }
          return true;
        },
        snapshot_.get()));
  if (damaged || (!stopped && expected != to.value()))
    return DataLoss("log: entry " + std::to_string(expected) + " is missing");
  return {};
}

Status LogView::ScanTransitions(LeafIndex from, const std::function<bool(LeafIndex, ByteView)>& each) const {
  return store_.Scan(
      Table::kTransitions, BigEndian(from.value()), BigEndian(size().value()),
      [&](ByteView key, ByteView row) { return each(LeafIndex(ByteReader(key).U64()), row); }, snapshot_.get());
}

Result<Bytes> LogView::Tile(const merkle::TileId& id) const {
  const unsigned there = merkle::TileWidthAt(size(), id.level, id.index);
  if (id.width > there || id.width == 0) return NotFound("tile: not in this checkpoint");
  if (!id.entries) {
    OPPI_TRY(auto tile, store_.Get(Table::kTiles, TileKey(id.level, id.index), snapshot_.get()));
    if (!tile || tile->size() < id.width * kDigestBytes) return DataLoss("tile: missing or too short");
    tile->resize(id.width * kDigestBytes);
    return *std::move(tile);
  }
  Bytes bundle;
  const std::uint64_t first = id.index * kTileWidth;
  OPPI_RETURN_IF_ERROR(ScanLeaves(LeafIndex(first), TreeSize(first + id.width), [&](LeafIndex, ByteView leaf) {
    merkle::AppendEntry(bundle, leaf);
    return true;
  }));
  return bundle;
}

/// Nodes of the tree of `in`. A proof takes up to eight of each tile: the tile is read once.
merkle::NodeReader LogView::NodesOf(TreeSize in) const {
  using Key = std::pair<unsigned, std::uint64_t>;
  const auto read = std::make_shared<std::map<Key, Bytes>>();
  return merkle::NodesFromTiles(in, [this, read](const merkle::TileId& id) -> Result<Bytes> {
    const auto found = read->find({id.level, id.index});
    if (found != read->end() && found->second.size() == id.width * kDigestBytes) return found->second;
    OPPI_TRY(Bytes tile, Tile(id));
    return read->insert_or_assign({id.level, id.index}, std::move(tile)).first->second;
  });
}

Result<std::vector<NodeHash>> LogView::Inclusion(LeafIndex index, TreeSize in) const {
  if (in > size()) return NotFound("SIZE_UNKNOWN: beyond this checkpoint");
  return merkle::InclusionProof(index, in, NodesOf(in));
}

Result<std::vector<NodeHash>> LogView::InclusionOfMany(std::span<const std::uint64_t> indices) const {
  return merkle::MultiProof(indices, size(), NodesOf(size()));
}

Result<std::vector<NodeHash>> LogView::Consistency(TreeSize from, TreeSize to) const {
  if (to > size()) return NotFound("SIZE_UNKNOWN: beyond this checkpoint");
  return merkle::ConsistencyProof(from, to, NodesOf(to));
}

Result<RootHash> LogView::Root(TreeSize at) const {
  if (at > size()) return NotFound("SIZE_UNKNOWN: beyond this checkpoint");
  if (at == size()) return checkpoint_.root;
  return merkle::RootAt(at, NodesOf(at));
}

Result<std::string> LogView::Receipt(LeafIndex index) const {
  OPPI_TRY(std::vector<NodeHash> path, Inclusion(index, size()));
  OPPI_TRY(Bytes leaf, LeafBytes(index));
  return FormatTlogProof({std::move(leaf), index, std::move(path), note_});
}

}  // namespace oppi::ledger
