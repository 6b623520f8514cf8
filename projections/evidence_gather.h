#pragma once

#include <vector>

#include "events/result.h"
#include "ledger/log_view.h"
#include "projections/evidence_file.h"
#include "projections/views.h"

/// What evidence is made of, gathered from the log and its stores.

namespace oppi::projections {

/// Gathers the entries of these facts, their batches, the registry and genesis. `log` is the view the
/// file is checked against. Events that are anchored bring the last entry of the checkpoint they name.
[[nodiscard]] Result<std::vector<EvidenceEntry>> GatherEntries(const ledger::LogView& log, const ViewStores& stores,
                                                               const Facts& facts);

}  // namespace oppi::projections
