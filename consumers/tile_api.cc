#include "consumers/tile_api.h"

#include <utility>

#include "consumers/http_errors.h"

namespace oppi::consumers {
namespace {

/// A tile of a given width never changes. Partial ones may be deleted once the full one is there,
/// so they are not worth a year of anybody's cache.
constexpr const char* kFullTileCache = "public, max-age=31536000, immutable";
constexpr const char* kPartialTileCache = "public, max-age=600, immutable";
/// Never stale by more than a moment: a publisher that waits for its event asks again and again.
constexpr const char* kCheckpointCache = "no-cache";

}  // namespace

TileSource TilesOf(std::function<std::shared_ptr<const ledger::LogView>()> view) {
  TileSource source;
  source.checkpoint = [view]() -> Result<std::string> {
    const auto now = view();
    if (!now) return Unavailable("NOT_READY: nothing is published yet");
    return now->note();
  };
  source.tile = [view](const ledger::merkle::TileId& id) -> Result<Bytes> {
    const auto now = view();
    if (!now) return Unavailable("NOT_READY: nothing is published yet");
    return now->Tile(id);
  };
  return source;
}

HttpResponse TileApi::Checkpoint(const HttpRequest&) const {
  auto note = source_.checkpoint();
  if (!note) return ProblemResponse(ProblemOf(note.error()));
  HttpResponse response;
  response.media_type = "text/plain; charset=utf-8";
  response.cache_control = kCheckpointCache;
  response.body = std::move(*note);
  return response;
}

HttpResponse TileApi::Tile(const HttpRequest& request) const {
  const auto id = ledger::merkle::ParseTilePath(std::string_view(request.path).substr(1));
  if (!id) return ProblemResponse({404, "NOT_FOUND", "no such tile"});
  auto bytes = source_.tile(*id);
  if (!bytes) return ProblemResponse(ProblemOf(bytes.error()));
  HttpResponse response;
  response.media_type = "application/octet-stream";
  response.cache_control =
      id->width == ledger::merkle::kTileWidth ? kFullTileCache : kPartialTileCache;
  response.body = std::move(*bytes);
  return response;
}

}  // namespace oppi::consumers
