#include "consumers/log_source.h"

#include <map>

#include "ledger/merkle/proof.h"

namespace oppi::consumers {

using ledger::merkle::TileId;

namespace {

Result<std::string> Get(HttpClient& client, const std::string& path) {
  OPPI_TRY(HttpReply reply, client.Get(path));
  if (reply.status >= 400) return ErrorOf(reply);
  return std::move(reply.body);
}

}  // namespace

Result<TileSource> LogAt(const std::string& url) {
  OPPI_TRY(std::shared_ptr<HttpClient> client, HttpClient::Make(url, {}));
  TileSource source;
  source.checkpoint = [client] { return Get(*client, "/checkpoint"); };
  source.tile = [client](const TileId& id) -> Result<Bytes> {
    auto tile = Get(*client, "/" + TilePath(id));
    if (tile.ok() || id.width == ledger::merkle::kTileWidth) return tile;
    // A partial tile may be gone once the full one is there; entry bundles are cut by whoever reads them.
    TileId full = id;
    full.width = ledger::merkle::kTileWidth;
    auto whole = Get(*client, "/" + TilePath(full));
    if (!whole.ok()) return tile.error();
    if (!id.entries) whole->resize(id.width * kDigestBytes);
    return whole;
  };
  return source;
}

Result<std::vector<NodeHash>> ConsistencyFrom(const TileSource& source, TreeSize from, TreeSize to) {
  std::map<std::string, Bytes> read;
  const auto tiles = [&](const TileId& id) -> Result<Bytes> {
    const std::string path = TilePath(id);
    const auto found = read.find(path);
    if (found != read.end()) return found->second;
    OPPI_TRY(Bytes tile, source.tile(id));
    return read.emplace(path, std::move(tile)).first->second;
  };
  return ledger::merkle::ConsistencyProof(from, to, ledger::merkle::NodesFromTiles(to, tiles));
}

}  // namespace oppi::consumers
