#include "ledger/prepared.h"

#include "ledger/label_prover.h"

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

ItemSeal SealItem(const events::VerifiedItem& item, const Vault& vault, Entropy& entropy) {
  ItemSeal seal;
  const events::Decoded& decoded = item.decoded;
  if (!decoded.source.empty() && !decoded.id.empty()) {
    seal.dedup_key = DedupKey(vault, decoded.source, decoded.id);
    seal.content_tag = vault.Tag("bytes", item.raw.bytes);
  }
  const bool sealed = decoded.error == events::ErrorCode::kNone &&
                      decoded.event.sensitivity != events::Sensitivity::kS0;
  if (sealed) seal.content = SealContent(item.raw, entropy);
  return seal;
}

void AddNewcomers(const events::Event& event, const Vault& vault, Entropy& entropy, Newcomers& newcomers) {
  for (const std::string_view owner : event.Subjects()) {
    if (newcomers.contains(owner)) continue;
    const auto ring = vault.FindRingInUse(owner);
    const auto name = EntryOf(owner);
    if (!ring.ok() || *ring != nullptr || !name.ok()) continue;  // what is wrong, the writer will say
    const Handle handle = NewHandle(entropy);
    newcomers.try_emplace(std::string(owner), Newcomer{handle, LabelFor(vault.label_key(), *name),
                                                       LabelFor(vault.label_key(), LearnerStream(handle))});
  }
}

PreparedBatch::PreparedBatch(const events::VerifiedBatch& batch)
    : header(batch.header()), header_bytes(batch.header_bytes()), signature(batch.signature()), attachments(batch.attachments()) {
  items.reserve(batch.items().size());
}

PreparedBatch Prepare(events::VerifiedBatch batch, const Vault& vault, Entropy& entropy) {
  PreparedBatch prepared(batch);
  for (events::VerifiedItem& verified : batch.items()) {
    ItemSeal seal = SealItem(verified, vault, entropy);
    if (verified.decoded.error == events::ErrorCode::kNone)
      AddNewcomers(verified.decoded.event, vault, entropy, prepared.newcomers);
    prepared.items.push_back({std::move(seal), std::move(verified), false, {}});
  }
  return prepared;
}

}  // namespace oppi::ledger
