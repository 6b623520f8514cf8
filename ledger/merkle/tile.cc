#include "ledger/merkle/tile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "events/check.h"
#include "events/tree_hash.h"
#include "ledger/text_lines.h"

namespace oppi::ledger::merkle {
namespace {

constexpr std::string_view kTilePrefix = "tile/";
constexpr std::string_view kEntriesPrefix = "entries/";
constexpr std::string_view kPartialMark = ".p/";

/// How many hashes the row of tiles at `level` has: complete nodes of level 8 * level.
std::uint64_t RowLength(TreeSize size, unsigned level) {
  return level < 64 / kTileHeight ? size.value() >> (kTileHeight * level) : 0;
}

/// Three-digit groups, all but the last after an "x".
std::string IndexPath(std::uint64_t index) {
  std::string path;
  for (bool last = true; last || index > 0; last = false, index /= 1000) {
    const auto group = static_cast<unsigned>(index % 1000);
    const char digits[] = {static_cast<char>('0' + group / 100),
                           static_cast<char>('0' + group / 10 % 10),
                           static_cast<char>('0' + group % 10)};
    path.insert(0, last ? "" : "/");
    path.insert(0, digits, 3);
    if (!last) path.insert(0, "x");
  }
  return path;
}

/// Digits of one group, nullopt unless exactly three.
std::optional<std::uint64_t> ParseGroup(std::string_view group) {
  if (group.size() != 3) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : group) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

std::string TilePath(const TileId& id) {
  OPPI_CHECK(id.level <= kTileLevelMax && id.width >= 1 && id.width <= kTileWidth);
  OPPI_CHECK(!id.entries || id.level == 0);
  std::string path(kTilePrefix);
  if (id.entries)
    path += kEntriesPrefix;
  else
    path += std::to_string(id.level) + "/";
  path += IndexPath(id.index);
  if (id.width < kTileWidth) path += std::string(kPartialMark) + std::to_string(id.width);
  return path;
}

std::optional<TileId> ParseTilePath(std::string_view path) {
  std::string_view rest = path;
  if (!rest.starts_with(kTilePrefix)) return std::nullopt;
  rest.remove_prefix(kTilePrefix.size());

  TileId id;
  if (rest.starts_with(kEntriesPrefix)) {
    id.entries = true;
    rest.remove_prefix(kEntriesPrefix.size());
  } else {
    const auto slash = rest.find('/');
    if (slash == rest.npos) return std::nullopt;
    const auto level = ParseDecimal(rest.substr(0, slash));
    if (!level || *level > kTileLevelMax) return std::nullopt;
    id.level = static_cast<unsigned>(*level);
    rest.remove_prefix(slash + 1);
  }

  if (const auto mark = rest.find(kPartialMark); mark != rest.npos) {
    const auto width = ParseDecimal(rest.substr(mark + kPartialMark.size()));
    if (!width || *width < 1 || *width >= kTileWidth) return std::nullopt;
    id.width = static_cast<unsigned>(*width);
    rest = rest.substr(0, mark);
  }

  // 2^64 has 20 digits: seven groups. More would be leading zeros.
  for (int groups = 0; groups < 7; ++groups) {
    const bool last = rest.find('/') == rest.npos;
    if (!last && !rest.starts_with('x')) return std::nullopt;
    const auto group = ParseGroup(last ? rest : rest.substr(1, rest.find('/') - 1));
    if (!group || id.index > (UINT64_MAX - *group) / 1000) return std::nullopt;
    id.index = id.index * 1000 + *group;
    if (last) {
      // One spelling only: "x000/001" is not a path.
      if (TilePath(id) != path) return std::nullopt;
      return id;
    }
    rest.remove_prefix(rest.find('/') + 1);
  }
  return std::nullopt;
}

unsigned TileWidthAt(TreeSize size, unsigned level, std::uint64_t index) {
  const std::uint64_t hashes = RowLength(size, level);
  if (index > hashes / kTileWidth) return 0;  // also keeps index * kTileWidth from overflowing
  return static_cast<unsigned>(std::min(kTileWidth, hashes - index * kTileWidth));
}

std::vector<TileId> TilesOf(TreeSize size) {
  std::vector<TileId> tiles;
  const auto add_row = [&](bool entries, unsigned level) {
    for (std::uint64_t index = 0;; ++index) {
      const unsigned width = TileWidthAt(size, level, index);
      if (width == 0) return;
      tiles.push_back({entries, level, index, width});
    }
  };
  for (unsigned level = 0; RowLength(size, level) > 0; ++level) add_row(false, level);
  add_row(true, 0);
  return tiles;
}

NodePlace PlaceOf(unsigned level, std::uint64_t index) {
  OPPI_CHECK(level < 64);
  const unsigned height = level % kTileHeight;
  const unsigned in_tile = kTileHeight - height;  // bits of the index that say where in the tile
  return {level / kTileHeight, index >> in_tile, height,
          static_cast<unsigned>(index & ((std::uint64_t{1} << in_tile) - 1))};
}

Result<NodeHash> NodeInTile(ByteView tile, unsigned height, unsigned offset) {
  const std::size_t width = tile.size() / kDigestBytes;
  if (tile.size() % kDigestBytes != 0 || width == 0 || width > kTileWidth)
    return InvalidArgument("tile: " + std::to_string(tile.size()) +
                           " bytes are not 1 to 256 hashes");
  if (height > kTileHeight || offset >= kTileWidth >> height)
    return InvalidArgument("tile: no node " + std::to_string(offset) + " at height " +
                           std::to_string(height));
  const std::size_t count = std::size_t{1} << height;
  const std::size_t first = offset * count;
  if (first + count > width)
    return InvalidArgument("tile: width " + std::to_string(width) + " ends before hash " +
                           std::to_string(first + count - 1));
  std::array<NodeHash, kTileWidth> row;
  for (std::size_t i = 0; i < count; ++i)
    row[i] = *NodeHash::From(tile.substr((first + i) * kDigestBytes, kDigestBytes));
  for (std::size_t left = count; left > 1; left /= 2)
    for (std::size_t i = 0; i < left / 2; ++i) row[i] = HashChildren(row[2 * i], row[2 * i + 1]);
  return row[0];
}

NodeReader NodesFromTiles(TreeSize size, TileReader read) {
  return [size, read = std::move(read)](unsigned level, std::uint64_t index) -> Result<NodeHash> {
    if (level >= 64) return InvalidArgument("tiles: no node of level " + std::to_string(level));
    const NodePlace place = PlaceOf(level, index);
    const unsigned width = TileWidthAt(size, place.tile_level, place.tile_index);
    if (width == 0)
      return NotFound("tiles: no node " + std::to_string(index) + " at level " +
                      std::to_string(level));
    const TileId id{false, place.tile_level, place.tile_index, width};
    OPPI_TRY(const Bytes tile, read(id));
    if (tile.size() != width * kDigestBytes)
      return DataLoss(TilePath(id) + ": " + std::to_string(tile.size()) + " bytes, expected " +
                      std::to_string(width * kDigestBytes));
    return NodeInTile(tile, place.height, place.offset);
  };
}

void AppendEntry(Bytes& bundle, ByteView entry) {
  OPPI_CHECK(entry.size() <= kEntryBytesMax);
  ByteWriter out(bundle);
  out.U16(static_cast<std::uint16_t>(entry.size()));
  out.Raw(entry);
}

Result<std::vector<ByteView>> SplitBundle(ByteView bundle) {
  std::vector<ByteView> entries;
  ByteReader in(bundle);
  while (!in.rest().empty()) {
    if (entries.size() == kTileWidth) return InvalidArgument("entry bundle: more than 256 entries");
    entries.push_back(in.Raw(in.U16()));
    if (!in.ok())
      return InvalidArgument("entry bundle: entry " + std::to_string(entries.size() - 1) +
                             " is cut off");
  }
  return entries;
}

}  // namespace oppi::ledger::merkle
