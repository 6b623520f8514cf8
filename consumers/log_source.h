#pragma once

#include <memory>
#include <string>

#include "consumers/http_client.h"
#include "consumers/tile_api.h"

/// A tlog-tiles log somewhere else, as a source of checkpoints and tiles: what the witness and the
/// monitor follow. It proves nothing; whoever reads from it checks.

namespace oppi::consumers {

/// The log below `url`. One thread at a time. Errors: kInvalidArgument when `url` is none.
[[nodiscard]] Result<TileSource> LogAt(const std::string& url);

/// Consistency of two sizes, made from the source's tiles as they are at size `to`. Errors: those
/// of the source; kDataLoss when its tiles are malformed.
[[nodiscard]] Result<std::vector<NodeHash>> ConsistencyFrom(const TileSource& source, TreeSize from, TreeSize to);

}  // namespace oppi::consumers
