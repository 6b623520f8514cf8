#pragma once

#include <vector>

#include "consumers/router.h"
#include "ledger/witness.h"

/// The doors of a witness: POST /add-checkpoint and GET /<log>/checkpoint of C2SP tlog-witness v1.
/// Public: what comes in is signed, what goes out is signed. Any thread.

namespace oppi::consumers {

/// `witness` outlives the server.
[[nodiscard]] std::vector<Route> WitnessRoutes(ledger::Witness& witness);

}  // namespace oppi::consumers
