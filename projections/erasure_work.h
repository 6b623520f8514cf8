#pragma once

#include <vector>

#include "events/result.h"
#include "ledger/erasure.h"
#include "ledger/erasure_list.h"
#include "projections/erasure_requests.h"
#include "projections/views.h"

/// Erasures as they are carried out: what is due, what an execution takes, what one took. Reads the
/// log, the views and the erasure list.

namespace oppi::projections {

/// Every request of the ledger that is neither refused nor executed, in log order. Errors: of the
/// views.
[[nodiscard]] Result<std::vector<ErasureRequest>> OpenRequests(const ViewStores& stores,
                                                               const ledger::LogView& log,
                                                               Instant now,
                                                               std::int64_t delay_micros);

/// What the execution takes: `owner` is the order's subject. For PlanErasure.
[[nodiscard]] ledger::ErasureOrder OrderFor(const History& history, const Fact& execution,
                                            const ledger::Vault& vault);

/// The positions that this execution took, by its root: all that is gone from the stream below it,
/// or, when there was more than one, what the erasure list has. Errors: kDataLoss when the list has
/// no such record.
[[nodiscard]] Result<std::vector<LeafIndex>> FindCovered(const ledger::ErasureList& list,
                                                         const Facts& stream,
                                                         const Fact& execution);

}  // namespace oppi::projections
