#include "ops/verify_folder.h"

#include "consumers/static_log.h"

namespace oppi::ops {

projections::Verdict VerifyFolder(const std::string& path, const ledger::TlogPolicy& trust) {
  projections::Verdict verdict{false, "log", {}, {}};
  const consumers::TileSource log = consumers::LogInFolder(path);
  const auto note = log.checkpoint();
  const auto trusted =
      note.ok() ? OpenCheckpoint(*note, trust) : Result<ledger::TrustedCheckpoint>(note.error());
  if (!trusted.ok()) {
    verdict.failed = trusted.error().message;
    return verdict;
  }
  std::uint64_t tiles = 0;
  const Status derived =
      DeriveTiles(trusted->checkpoint, log,
                  [&](const ledger::merkle::TileId& id, ByteView bytes) -> Status {
                    ++tiles;
                    OPPI_TRY(const Bytes there, log.tile(id));
                    // An entry bundle may be a longer one, which the entries were cut from.
                    if (id.entries ? !ByteView(there).starts_with(bytes) : there != bytes)
                      return DataLoss(TilePath(id) + " is not what the entries make");
                    return {};
                  },
                  {});
  if (!derived.ok()) {
    verdict.failed = derived.error().message;
    return verdict;
  }
  verdict.holds = true;
  verdict.proved = projections::WhoSigned(*trusted, trust);
  verdict.proved.push_back("all " + std::to_string(trusted->checkpoint.size.value()) +
                           " entries are here and make that tree, and so do its " +
                           std::to_string(tiles) + " tiles");
  return verdict;
}

}  // namespace oppi::ops
