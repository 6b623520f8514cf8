#pragma once

#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/own_batch.h"
#include "ledger/prepared.h"

/// The ledger's own events travel the same road as everybody's: signed by the publisher "ledger".

namespace oppi::ledger {

/// Names the ledger as the publisher of a batch of its own.
[[nodiscard]] events::BatchHeader OwnHeader(std::string_view origin, const NamedSigningKey& ledger_key, Entropy& entropy);

/// Errors: kInvalidArgument when an event of ours would not pass validation.
[[nodiscard]] Result<events::VerifiedBatch> MakeOwnBatch(const std::vector<events::Event>& own, std::string_view origin,
                                                         const NamedSigningKey& ledger_key, Entropy& entropy);

/// An event of the ledger's own that whoever says it has sealed already, before it is known what else
/// is in its batch: what then remains is a signature over all of them.
class SealedOwn {
 public:
  /// Errors: kInvalidArgument when the event would not pass validation. Any thread.
  [[nodiscard]] static Result<SealedOwn> Of(const events::Event& event, const events::DecodeOptions& options, const Vault& vault,
                                            Entropy& entropy);

 private:
  friend PreparedBatch SignSealed(events::BatchHeader header, std::vector<SealedOwn> items, const SigningKey& key);
  SealedOwn(events::OwnItem item, ItemSeal seal) : item_(std::move(item)), seal_(std::move(seal)) {}
  events::OwnItem item_;
  ItemSeal seal_;
  Newcomers newcomers_;
};

/// As events::SignOwnBatch and Prepare. Requires 1 to kBatchEventsMax items. Any thread.
[[nodiscard]] PreparedBatch SignSealed(events::BatchHeader header, std::vector<SealedOwn> items, const SigningKey& key);

}  // namespace oppi::ledger
