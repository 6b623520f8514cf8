#pragma once

#include <functional>
#include <string>
#include <vector>

#include "events/result.h"
#include "ledger/log_view.h"
#include "projections/views.h"

/// The views again from the log, compared byte for byte with those that grew with it.

namespace oppi::projections {

struct RebuildReport {
  std::uint64_t events = 0;
  std::uint64_t rows = 0;
  std::uint64_t missing = 0;     // rows that the log gives and the views do not have
  std::uint64_t different = 0;   // rows that are there with other bytes
  std::uint64_t unexpected = 0;  // rows that no event gives
  std::string first;             // the first difference, in words
  std::string digest;            // SHA-256 over all rebuilt rows in key order, hex

  [[nodiscard]] bool identical() const { return missing + different + unexpected == 0; }
};

/// Folds every event below the views' cursor and compares. `only`: these projections, or all when
/// empty. With `into`, the rebuilt rows are also written there (an empty store).
[[nodiscard]] Result<RebuildReport> Rebuild(const ledger::LogView& log, const ViewStores& stores,
                                            const std::vector<Projection>& only, ledger::Store* into,
                                            const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace oppi::projections
