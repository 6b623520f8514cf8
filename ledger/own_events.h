#pragma once

#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/own_batch.h"

/// The ledger's own events travel the same road as everybody's: signed by the publisher "ledger".

namespace oppi::ledger {

/// Names the ledger as the publisher of a batch of its own.
[[nodiscard]] events::BatchHeader OwnHeader(std::string_view origin, const NamedSigningKey& ledger_key, Entropy& entropy);

/// Errors: kInvalidArgument when an event of ours would not pass validation.
[[nodiscard]] Result<events::VerifiedBatch> MakeOwnBatch(const std::vector<events::Event>& own, std::string_view origin,
                                                         const NamedSigningKey& ledger_key, Entropy& entropy);

}  // namespace oppi::ledger
