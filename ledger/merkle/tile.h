#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/bytes.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"

/// C2SP tlog-tiles: tiles of height 8 (256 hashes), entry bundles of 256 entries, their paths.
/// Pure arithmetic and bytes; where tiles lie is the store's business.

namespace oppi::ledger::merkle {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;
static_assert(kTileWidth == 1U << kTileHeight);

/// Tile level L in 0..63 (its hashes are nodes of level 8L), index N, width 1..256 (256 = full).
struct TileId {
  bool entries = false;  // entry bundle: tile/entries/<N>; level is 0
  unsigned level = 0;
  std::uint64_t index = 0;
  unsigned width = 256;
  friend bool operator==(const TileId&, const TileId&) = default;
};

/// "tile/0/x001/x234/067" or "tile/entries/000.p/12".
[[nodiscard]] std::string TilePath(const TileId& id);
/// Strict inverse; nullopt for every other text.
[[nodiscard]] std::optional<TileId> ParseTilePath(std::string_view path);

/// Number of hashes that tile (level, index) holds in a tree of `size`: 0 = not there yet.
[[nodiscard]] unsigned TileWidthAt(TreeSize size, unsigned level, std::uint64_t index);
/// All tiles a tree of `size` consists of, right edge partial; bundles too.
[[nodiscard]] std::vector<TileId> TilesOf(TreeSize size);

/// Entry bundle: repeat { u16 length || entry }.
void AppendEntry(Bytes& bundle, ByteView entry);
/// Views into `bundle`. Errors: kInvalidArgument when it does not divide exactly.
[[nodiscard]] Result<std::vector<ByteView>> SplitBundle(ByteView bundle);

}  // namespace oppi::ledger::merkle
