#include "events/verify.h"

namespace oppi::events {

VerifyResult VerifyBatch(SignedBatch batch, std::string_view origin, const KeySet& keys, const DecodeOptions& options) {
  const auto refuse = [](ErrorCode code, std::string message) {
    return VerifyResult{std::nullopt, code, std::move(message)};
  };
  if (batch.items.size() > kBatchEventsMax)
    return refuse(ErrorCode::kBatchTooLarge, "a batch has at most " + std::to_string(kBatchEventsMax) + " events");
  if (batch.items.empty() || batch.header.count != batch.items.size())
    return refuse(ErrorCode::kMalformed, "count differs from the number of items");
  if (batch.header.origin != origin)
    return refuse(ErrorCode::kBadSignature, "the batch was signed for another ledger");

  const std::string& signer = batch.header.attested_by.empty() ? batch.header.publisher : batch.header.attested_by;
  const std::optional<PublicKey> key = keys.Find(signer, batch.header.key);
  if (!key) return refuse(ErrorCode::kKeyUnknown, "no such key of this publisher");

  VerifiedBatch verified;
  verified.header_bytes_ = EncodeHeader(batch.header);
  verified.signature_ = batch.signature;
  if (!VerifySignature(*key, verified.header_bytes_, batch.signature))
    return refuse(ErrorCode::kBadSignature, "the signature does not verify");

  // From here on the header is authentic; the items are once the root is theirs.
  std::vector<Commitment> commitments;
  commitments.reserve(batch.items.size());
  verified.items_.reserve(batch.items.size());
  for (BatchItem& item : batch.items) {
    VerifiedItem v;
    v.commitment = Commit(item.bytes, item.encoding, item.salt);
    v.raw = std::move(item);
    commitments.push_back(v.commitment);
    verified.items_.push_back(std::move(v));
  }
  if (BatchRoot(commitments) != batch.header.root)
    return refuse(ErrorCode::kBadSignature, "the events are not those that were signed");

  for (VerifiedItem& v : verified.items_) v.decoded = Decode(v.raw.bytes, v.raw.encoding, options);
  verified.header_ = std::move(batch.header);
  verified.attachments_ = std::move(batch.attachments);
  return {std::move(verified), ErrorCode::kNone, {}};
}

}  // namespace oppi::events
