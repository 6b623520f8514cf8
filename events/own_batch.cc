#include "events/own_batch.h"

namespace oppi::events {

Result<OwnItem> OwnItem::Of(const Event& event, const DecodeOptions& options, Entropy& entropy) {
  OwnItem own;
  VerifiedItem& item = own.item_;
  item.raw.encoding = Encoding::kJson;
  item.raw.bytes = EncodeJson(event);
  item.decoded = Decode(item.raw.bytes, item.raw.encoding, options);
  if (item.decoded.error != ErrorCode::kNone)
    return InvalidArgument(std::string(ErrorName(item.decoded.error)) + ": " + item.decoded.member);
  entropy.Fill(item.raw.salt);
  item.commitment = Commit(item.raw.bytes, item.raw.encoding, item.raw.salt);
  return own;
}

VerifiedBatch SignOwnBatch(BatchHeader header, std::vector<OwnItem> items, const SigningKey& key) {
  OPPI_CHECK(!items.empty() && items.size() <= kBatchEventsMax);
  VerifiedBatch batch;
  std::vector<Commitment> commitments;
  commitments.reserve(items.size());
  batch.items_.reserve(items.size());
  for (OwnItem& own : items) {
    commitments.push_back(own.item_.commitment);
    batch.items_.push_back(std::move(own.item_));
  }
  header.count = static_cast<std::uint16_t>(items.size());
  header.root = BatchRoot(commitments);
  batch.header_bytes_ = EncodeHeader(header);
  batch.signature_ = key.Sign(batch.header_bytes_);
  batch.header_ = std::move(header);
  return batch;
}

}  // namespace oppi::events
