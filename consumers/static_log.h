#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "consumers/tile_api.h"
#include "ledger/checkpoint.h"

/// A log as static files: what C2SP tlog-tiles serves, each under its path. Any web server, and any
/// tlog-tiles client, does the rest.

namespace oppi::consumers {

/// The log in a folder, read as it is; it proves nothing. Any thread.
[[nodiscard]] TileSource LogInFolder(const std::string& folder);

/// How many of the entries are done, and of how many. May be empty.
using LogProgressFn = std::function<void(std::uint64_t done, std::uint64_t of)>;

/// Reads the entries of the checkpoint from `source`, and gives every tile and entry bundle that
/// they make, in the order in which they become complete, the partial ones last. Errors: those of
/// `source` and `each`; kDataLoss when the entries do not make the checkpoint's tree.
using EachTileFn = std::function<Status(const ledger::merkle::TileId&, ByteView)>;
[[nodiscard]] Status DeriveTiles(const ledger::Checkpoint& checkpoint, const TileSource& source,
                                 const EachTileFn& each, const LogProgressFn& progress);

struct ExportReport {
  std::uint64_t files_written = 0;
  std::uint64_t files_kept = 0;  // were there already, with these very bytes
  std::uint64_t bytes_written = 0;
};
/// Writes the log of `note`, a checkpoint that the caller has verified, into `folder`, which is
/// made if need be. Tiles are derived from the entries, not copied. The checkpoint comes last, when
/// everything else is on the disk: whoever sees it finds its tiles. Interrupted, or with a newer
/// checkpoint later, it goes on with what is there; a partial tile goes when its full one is there.
/// Errors: kAlreadyExists when the folder has another log, a newer checkpoint or another tree;
/// kDataLoss as above, and when a file cannot be written.
[[nodiscard]] Result<ExportReport> ExportLog(const std::string& note, const TileSource& source,
                                             const std::string& folder,
                                             const LogProgressFn& progress);

}  // namespace oppi::consumers
