#pragma once

#include <functional>

#include "events/result.h"
#include "ledger/erasure_list.h"
#include "ledger/log_view.h"
#include "projections/evidence_file.h"
#include "projections/views.h"

/// What evidence is made of, gathered from the log and its stores.

namespace oppi::projections {

struct EvidenceSources {
  const ledger::LogView& log;  // the view the file is checked against
  const ViewStores& stores;
  /// Which entries each execution took. Empty: there is no evidence about learners of whom something was erased.
  std::function<Result<ledger::ErasureList>()> erasure_list;
};

/// The file for a claim. Whole streams when the asker may see all of a learner and the view ends in a
/// state entry: what bears on the answer is opened, of the rest the type alone. Otherwise exactly `openable`
/// (projections/openable.h). The file was checked: one that would not hold is kDataLoss.
/// Errors: kDataLoss "UNREADABLE: ..." when something that must be opened is lost.
[[nodiscard]] Result<Evidence> GatherEvidence(const EvidenceSources& sources, Claim claim, const Facts& openable);

}  // namespace oppi::projections
