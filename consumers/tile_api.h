#pragma once

#include <functional>
#include <memory>
#include <string>

#include "consumers/http_message.h"
#include "events/result.h"
#include "ledger/log_view.h"
#include "ledger/merkle/tile.h"

/// The log over HTTP as C2SP tlog-tiles v0.1 has it: /checkpoint, /tile/<L>/<N>[.p/<W>],
/// /tile/entries/<N>[.p/<W>]. Public. Any thread.

namespace oppi::consumers {

/// Where checkpoints and tiles come from; each call sees the newest published view.
struct TileSource {
  std::function<Result<std::string>()> checkpoint;                      // the signed note
  std::function<Result<Bytes>(const ledger::merkle::TileId& id)> tile;  // kNotFound: not there
};
/// `view` may return nullptr while nothing has been published yet.
[[nodiscard]] TileSource TilesOf(std::function<std::shared_ptr<const ledger::LogView>()> view);

class TileApi {
 public:
  explicit TileApi(TileSource source) : source_(std::move(source)) {}
  [[nodiscard]] HttpResponse Checkpoint(const HttpRequest& request) const;
  /// Every path that is not exactly a tile's, and every tile that is not there, is 404.
  [[nodiscard]] HttpResponse Tile(const HttpRequest& request) const;

 private:
  TileSource source_;
};

}  // namespace oppi::consumers
