#include "ledger/prepared.h"

namespace oppi::ledger {

Bytes DedupPrefix(const Vault& vault, std::string_view id) { return vault.Tag("id", id); }

Bytes DedupKey(const Vault& vault, std::string_view source, std::string_view id) {
  return DedupPrefix(vault, id) + vault.Tag("source", source).substr(0, 8);
}

Bytes EncodeDedup(const DedupRow& row) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.U64(row.position.value());
  w.I64(row.recorded.micros);
  w.U8(row.barred ? 1 : 0);
  w.Raw(row.content_tag);
  return bytes;
}

Result<DedupRow> DecodeDedup(ByteView bytes) {
  ByteReader r(bytes);
  DedupRow row;
  row.position = LeafIndex(r.U64());
  row.recorded = {r.I64()};
  row.barred = r.U8() != 0;
  row.content_tag = r.Raw(16);
  if (!r.done()) return DataLoss("dedup: damaged row");
  return row;
}

PreparedBatch Prepare(events::VerifiedBatch batch, const Vault& vault, Entropy& entropy) {
  PreparedBatch prepared;
  prepared.header = batch.header();
  prepared.header_bytes = batch.header_bytes();
  prepared.signature = batch.signature();
  prepared.attachments = batch.attachments();
  prepared.items.reserve(batch.items().size());
  for (events::VerifiedItem& verified : batch.items()) {
    PreparedItem item;
    const events::Decoded& decoded = verified.decoded;
    if (!decoded.source.empty() && !decoded.id.empty()) {
      item.dedup_key = DedupKey(vault, decoded.source, decoded.id);
      item.content_tag = vault.Tag("bytes", verified.raw.bytes);
    }
    const bool sealed = decoded.error == events::ErrorCode::kNone &&
                        decoded.event.sensitivity != events::Sensitivity::kS0;
    if (sealed) item.content = SealContent(verified.raw, entropy);
    item.item = std::move(verified);
    prepared.items.push_back(std::move(item));
  }
  return prepared;
}

}  // namespace oppi::ledger
