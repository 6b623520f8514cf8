#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "events/ordinal.h"
#include "events/result.h"
#include "projections/fact.h"
#include "projections/views.h"

/// Every learner of the ledger, one after another, for questions about all of them.

namespace oppi::projections {

/// How far a walk came.
struct PeopleWalk {
  std::string next;         // where to go on; empty: that was everybody
  std::uint64_t looked_at = 0;  // streams, those of guardians and organisations too
  int percent = 0;          // of all streams, about
};

/// Calls `each` with learners and what the log below `cursor` holds on them for consents, access and
/// erasure (as for History; record facts are left out), from `after` on: empty, or `next` of an
/// earlier walk. Stops when `each` returns false, or after `streams_max` streams. The order is that
/// of random handles and says nothing. A person under several linked identifiers comes once, by the
/// name that links keep. Errors: kInvalidArgument "FIELD_TYPE: after". Any thread.
[[nodiscard]] Result<PeopleWalk> ForEachLearner(
    const ViewStores& stores, std::string_view after, TreeSize cursor, std::uint64_t streams_max,
    const std::function<Result<bool>(const std::string& learner, const Facts& facts)>& each);

}  // namespace oppi::projections
