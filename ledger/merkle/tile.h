#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/bytes.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/merkle/proof.h"

/// C2SP tlog-tiles: tiles of height 8 (256 hashes), entry bundles of 256 entries, their paths.
/// Pure arithmetic and bytes; where tiles lie is the store's business.

namespace oppi::ledger::merkle {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;
static_assert(kTileWidth == 1U << kTileHeight);
/// The highest level that a path may name; levels of 8 and more are empty in trees of 64-bit sizes.
inline constexpr unsigned kTileLevelMax = 63;
/// What the two length bytes of an entry bundle can say.
inline constexpr std::size_t kEntryBytesMax = 65'535;

/// Tile level L in 0..63 (its hashes are nodes of level 8L), index N, width 1..256 (256 = full).
struct TileId {
  bool entries = false;  // entry bundle: tile/entries/<N>; level is 0
  unsigned level = 0;
  std::uint64_t index = 0;
  unsigned width = 256;
  friend bool operator==(const TileId&, const TileId&) = default;
};

/// "tile/0/x001/x234/067" or "tile/entries/000.p/12". Requires level and width in their ranges.
[[nodiscard]] std::string TilePath(const TileId& id);
/// Strict inverse; nullopt for every other text.
[[nodiscard]] std::optional<TileId> ParseTilePath(std::string_view path);

/// Number of hashes that tile (level, index) holds in a tree of `size`: 0 = not there yet.
[[nodiscard]] unsigned TileWidthAt(TreeSize size, unsigned level, std::uint64_t index);
/// All tiles a tree of `size` consists of, right edge partial: hash tiles, level by level, then the
/// entry bundles.
[[nodiscard]] std::vector<TileId> TilesOf(TreeSize size);

/// Where the Merkle tree node (level, index) is found: `height` (0..7) levels above the hashes of a
/// tile, `offset` nodes from its left edge.
struct NodePlace {
  unsigned tile_level = 0;
  std::uint64_t tile_index = 0;
  unsigned height = 0;
  unsigned offset = 0;
  friend bool operator==(const NodePlace&, const NodePlace&) = default;
};
/// Requires level < 64.
[[nodiscard]] NodePlace PlaceOf(unsigned level, std::uint64_t index);
/// Computes that node from the tile's bytes. Errors: kInvalidArgument when the bytes are not 1..256
/// whole hashes, or too few to hold the node completely.
[[nodiscard]] Result<NodeHash> NodeInTile(ByteView tile, unsigned height, unsigned offset);

/// Gives the bytes of a hash tile.
using TileReader = std::function<Result<Bytes>(const TileId&)>;
/// Nodes of a tree of `size`, from tiles as that tree has them. A tile of another length than its
/// width is kDataLoss. Every read reads a tile: a caller that proves much puts a cache into `read`.
[[nodiscard]] NodeReader NodesFromTiles(TreeSize size, TileReader read);

/// Entry bundle: repeat { u16 length || entry }. Requires an entry of at most kEntryBytesMax.
void AppendEntry(Bytes& bundle, ByteView entry);
/// Views into `bundle`. Errors: kInvalidArgument when it does not divide exactly, or into more than
/// kTileWidth entries.
[[nodiscard]] Result<std::vector<ByteView>> SplitBundle(ByteView bundle);

}  // namespace oppi::ledger::merkle
