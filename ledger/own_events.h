#pragma once

#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/verify.h"

/// The ledger's own events travel the same road as everybody's: signed by the publisher "ledger".

namespace oppi::ledger {

/// Errors: kInvalidArgument when an event of ours would not pass validation.
[[nodiscard]] Result<events::SignedBatch> SignOwnEvents(const std::vector<events::Event>& own, std::string_view origin,
                                                        const NamedSigningKey& ledger_key, Entropy& entropy);
[[nodiscard]] Result<events::VerifiedBatch> MakeOwnBatch(const std::vector<events::Event>& own, std::string_view origin,
                                                         const NamedSigningKey& ledger_key, Entropy& entropy);

}  // namespace oppi::ledger
