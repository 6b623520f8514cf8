#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/batch.h"
#include "events/event.h"

/// SignedBatch + keys -> VerifiedBatch. Only VerifyBatch can make a VerifiedBatch - or who signs it
/// with its own key (events/own_batch.h) - so bytes that nobody signed cannot reach the log.

namespace oppi::events {

class OwnItem;

/// Looks up public keys; the publishers projection implements it. Revoked keys are found too: a
/// resend of accepted bytes succeeds even after the revocation, anything new is refused later.
class KeySet {
 public:
  virtual ~KeySet() = default;
  /// The key `key` of `publisher`, or nullopt. Any thread.
  [[nodiscard]] virtual std::optional<PublicKey> Find(std::string_view publisher, std::string_view key) const = 0;
};

struct VerifiedItem {
  BatchItem raw;
  Commitment commitment{};
  Decoded decoded;
};

class VerifiedBatch {
 public:
  VerifiedBatch(VerifiedBatch&&) = default;
  VerifiedBatch& operator=(VerifiedBatch&&) = default;
  [[nodiscard]] const BatchHeader& header() const { return header_; }
  [[nodiscard]] const Bytes& header_bytes() const { return header_bytes_; }
  [[nodiscard]] const Signature& signature() const { return signature_; }
  [[nodiscard]] const std::vector<VerifiedItem>& items() const { return items_; }
  [[nodiscard]] std::vector<VerifiedItem>& items() { return items_; }
  [[nodiscard]] const std::vector<Attachment>& attachments() const { return attachments_; }

 private:
  friend struct VerifyResult VerifyBatch(SignedBatch batch, std::string_view origin, const KeySet& keys, const DecodeOptions& options);
  friend VerifiedBatch SignOwnBatch(BatchHeader header, std::vector<OwnItem> items, const SigningKey& key);
  VerifiedBatch() = default;
  BatchHeader header_;
  Bytes header_bytes_;
  Signature signature_{};
  std::vector<VerifiedItem> items_;
  std::vector<Attachment> attachments_;
};

/// Either a batch, or the rule that the batch as a whole violated.
struct VerifyResult {
  std::optional<VerifiedBatch> batch;
  ErrorCode error = ErrorCode::kNone;  // kBatchTooLarge, kMalformed, kBadSignature, kKeyUnknown
  std::string message;
};

/// Recomputes every commitment and the root, checks the signature, decodes the events. Costly
/// (about 10 us an event); any thread, no shared state.
[[nodiscard]] VerifyResult VerifyBatch(SignedBatch batch, std::string_view origin, const KeySet& keys,
                                       const DecodeOptions& options = {});

}  // namespace oppi::events
