#pragma once

#include <vector>

#include "events/entropy.h"
#include "events/verify.h"

/// Events that we say ourselves. What is signed here with our own key needs no verification: the one
/// who signs knows that it did, and the types say so - only an OwnItem can be signed, and only its own
/// bytes were decoded.

namespace oppi::events {

/// An event of ours with the bytes that say it, its salt and its commitment.
class OwnItem {
 public:
  /// Encodes the event, and decodes those very bytes again as everybody else will.
  /// Errors: kInvalidArgument "<code>: <member>" when they break a rule. Any thread.
  [[nodiscard]] static Result<OwnItem> Of(const Event& event, const DecodeOptions& options, Entropy& entropy);
  [[nodiscard]] const VerifiedItem& item() const { return item_; }

 private:
  friend VerifiedBatch SignOwnBatch(BatchHeader header, std::vector<OwnItem> items, const SigningKey& key);
  OwnItem() = default;
  VerifiedItem item_;
};

/// Fills in count and root, and signs. `header` gives origin, publisher, key id, batch id and anchor.
/// Requires 1 to kBatchEventsMax items. Any thread.
[[nodiscard]] VerifiedBatch SignOwnBatch(BatchHeader header, std::vector<OwnItem> items, const SigningKey& key);

}  // namespace oppi::events
