#include "ledger/erasure.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "events/tree_hash.h"
#include "ledger/bodies.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/prepared.h"
#include "ledger/streams.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kPerformedName = "erasures";
constexpr std::array<const char*, kKeyClasses> kClassNames = {"S0", "S1", "S2", "S3", "S4", "C", "A", "view"};

void Append(const WriteBatch& rows, std::vector<ErasureRecord::VaultRow>& into) {
  for (std::size_t i = 0; i < rows.size(); ++i) into.push_back({Bytes(rows[i].key), Bytes(rows[i].value)});
}

/// What one handle can open, as far as it matters.
class HandlePlan {
 public:
  HandlePlan(const Vault& vault, Entropy& entropy, const ErasureOrder& order, KeyRing ring)
      : vault_(vault), entropy_(entropy), order_(order), ring_(std::move(ring)) {}

  Status Read(const Store& store) {
    OPPI_TRY(const auto entries, ReadStreamEntries(store, ring_.handle, TreeSize(~std::uint64_t{0})));
    std::vector<Bytes> keys;
    keys.reserve(entries.size());
    for (const StreamEntry& entry : entries) keys.push_back(BigEndian(entry.index.value()));
    OPPI_TRY(const auto rows, store.MultiGet(Table::kBodies, keys));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i]) return DataLoss("the body of entry " + std::to_string(entries[i].index.value()) + " is missing");
      OPPI_TRY(const Body body, DecodeBody(*rows[i]));
      for (const Wrap& wrap : body.wraps)
        if (wrap.handle == ring_.handle) Sort(entries[i].index, wrap, body.wraps.size());
    }
    return ReadDocuments(store);
  }

  Status Plan(PlannedErasure& plan) {
    if (touched_.empty() && !order_.whole_subject) return {};
    for (const auto& [index, others] : taken_) {
      plan.record.wraps.push_back({index, ring_.handle, {}});
      ++plan.covered;
      plan.shared += others ? 1 : 0;
    }
    for (const Bytes& key : documents_taken_) {
      plan.record.documents.push_back({key, {}});
      ++plan.documents;
    }
    KeyRing left = ring_;
    for (std::size_t i = 1; i < kKeyClasses; ++i) {
      const auto key_class = static_cast<KeyClass>(i);
      if (key_class == KeyClass::kA || key_class == KeyClass::kView || ring_.Find(key_class) == nullptr) continue;
      const bool used = !kept_[i].empty() || (key_class == KeyClass::kS4 && !documents_kept_.empty());
      if (!used && (order_.whole_subject || touched_.contains(key_class))) {
        left.Set(key_class, std::nullopt);
        plan.keys.push_back(std::string(kClassNames[i]) + " destroyed");
      } else if (touched_.contains(key_class)) {
        OPPI_RETURN_IF_ERROR(Rotate(key_class, left, plan));
        plan.keys.push_back(std::string(kClassNames[i]) + " rotated");
      }
    }
    Put(left, plan.record.vault);
    // Old view rows lie in old files of the views.
    left.Set(KeyClass::kView, NewKey(entropy_));
    Put(left, plan.record.view_keys);
    return {};
  }

 private:
  void Sort(LeafIndex index, const Wrap& wrap, std::size_t wraps) {
    const auto at = std::lower_bound(order_.covered.begin(), order_.covered.end(), index,
                                     [](const CoveredEvent& c, LeafIndex i) { return c.index < i; });
    if (at != order_.covered.end() && at->index == index) {
      taken_.emplace_back(index, wraps > 1);
      touched_.insert(wrap.key_class);
    } else {
      kept_[static_cast<std::size_t>(wrap.key_class)].emplace_back(index, wrap);
    }
  }

  Status ReadDocuments(const Store& store) {
    std::set<Bytes> wanted;
    for (const CoveredEvent& covered : order_.covered)
      if (covered.document) wanted.insert(DocumentKey(vault_, ring_.handle, *covered.document));
    Status failure;
    OPPI_RETURN_IF_ERROR(store.Scan(Table::kDocuments, ring_.handle.view(), PrefixEnd(ring_.handle.view()), [&](ByteView key, ByteView row) {
      const auto body = DecodeBody(row);
      if (!body.ok() || body->wraps.size() != 1) {
        failure = DataLoss("a kept document is damaged");
        return false;
      }
      if (wanted.contains(Bytes(key))) {
        documents_taken_.emplace_back(key);
        touched_.insert(body->wraps[0].key_class);
      } else {
        documents_kept_.emplace_back(Bytes(key), body->wraps[0]);
      }
      return true;
    }));
    return failure;
  }

  /// What stays of the class goes over to a new key; the old one opened what was taken.
  Status Rotate(KeyClass key_class, KeyRing& left, PlannedErasure& plan) {
    const SecretKey& old_key = *ring_.Find(key_class);
    const SecretKey new_key = NewKey(entropy_);
    const auto again = [&](const Wrap& wrap) -> std::optional<Bytes> {
      const auto content_key = Unwrap(wrap, old_key);
      if (!content_key) return std::nullopt;
      return WrapKey(ring_.handle, key_class, new_key, *content_key, entropy_).sealed_key;
    };
    for (const auto& [index, wrap] : kept_[static_cast<std::size_t>(key_class)]) {
      const auto sealed_key = again(wrap);
      if (!sealed_key) return DataLoss("entry " + std::to_string(index.value()) + " is to be kept, but does not open");
      plan.record.wraps.push_back({index, ring_.handle, *sealed_key});
    }
    if (key_class == KeyClass::kS4)
      for (const auto& [key, wrap] : documents_kept_) {
        const auto sealed_key = again(wrap);
        if (!sealed_key) return DataLoss("a document is to be kept, but does not open");
        plan.record.documents.push_back({key, *sealed_key});
      }
    left.Set(key_class, new_key);
    return {};
  }

  void Put(const KeyRing& ring, std::vector<ErasureRecord::VaultRow>& into) const {
    WriteBatch rows;
    vault_.PutRing(ring, rows);
    Append(rows, into);
  }

  const Vault& vault_;
  Entropy& entropy_;
  const ErasureOrder& order_;
  const KeyRing ring_;
  std::set<KeyClass> touched_;
  std::vector<std::pair<LeafIndex, bool>> taken_;  // and whether others can open it
  std::array<std::vector<std::pair<LeafIndex, Wrap>>, kKeyClasses> kept_;
  std::vector<Bytes> documents_taken_;
  std::vector<std::pair<Bytes, Wrap>> documents_kept_;
};

Sha256Digest RootOf(const std::vector<CoveredEvent>& covered) {
  merkle::CompactRange range;
  for (const CoveredEvent& event : covered) range.Append(StreamLeaf(event.index));
  Sha256Digest digest;
  const RootHash root = range.Root();
  std::copy(root.bytes.begin(), root.bytes.end(), digest.bytes.begin());
  return digest;
}

}  // namespace

Result<PlannedErasure> PlanErasure(const Store& store, const Vault& vault, Entropy& entropy, const ErasureOrder& order) {
  PlannedErasure plan;
  plan.covered_root = RootOf(order.covered);
  OPPI_TRY(plan.record.handles, vault.FindHandles(order.owner));
  if (plan.record.handles.empty()) return NotFound("nobody of this name is in the ledger");
  for (const Handle& handle : plan.record.handles) {
    OPPI_TRY(const KeyRingPtr ring, vault.FindRing(handle));
    if (ring == nullptr) return DataLoss("the keys of a learner are lost, and no erasure took them");
    HandlePlan of_handle(vault, entropy, order, *ring);
    OPPI_RETURN_IF_ERROR(of_handle.Read(store));
    OPPI_RETURN_IF_ERROR(of_handle.Plan(plan));
  }
  if (order.whole_subject) {
    const KeyRing fresh = NewKeyRing(NewHandle(entropy), entropy);
    OwnerRow owner{order.owner, plan.record.handles};
    owner.handles.insert(owner.handles.begin(), fresh.handle);
    WriteBatch rows;
    vault.PutRing(fresh, rows);
    vault.PutOwner(owner, rows);
    Append(rows, plan.record.vault);
  }
  std::sort(plan.record.wraps.begin(), plan.record.wraps.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  for (const CoveredEvent& covered : order.covered) plan.record.barred.push_back(covered.dedup_key);
  return plan;
}

Bytes EncodeErasureRecord(const ErasureRecord& record) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.U8(1);
  w.U32(record.number);
  w.U64(record.size.value());
  w.U8(static_cast<std::uint8_t>(record.handles.size()));
  for (const Handle& handle : record.handles) w.Raw(handle.view());
  w.Long(record.execution);
  w.U32(static_cast<std::uint32_t>(record.wraps.size()));
  for (const auto& change : record.wraps) {
    w.U64(change.index.value());
    w.Raw(change.handle.view());
    w.Short(change.sealed_key);
  }
  w.U32(static_cast<std::uint32_t>(record.barred.size()));
  for (const Bytes& key : record.barred) w.Short(key);
  w.U32(static_cast<std::uint32_t>(record.documents.size()));
  for (const auto& change : record.documents) {
    w.Short(change.key);
    w.Short(change.sealed_key);
  }
  for (const auto* rows : {&record.vault, &record.view_keys}) {
    w.U32(static_cast<std::uint32_t>(rows->size()));
    for (const auto& row : *rows) {
      w.Short(row.key);
      w.Long(row.value);
    }
  }
  return bytes;
}

Result<ErasureRecord> DecodeErasureRecord(ByteView bytes) {
  const Error damaged = DataLoss("erasure list: a record is damaged");
  ByteReader r(bytes);
  ErasureRecord record;
  if (r.U8() != 1) return damaged;
  record.number = r.U32();
  record.size = TreeSize(r.U64());
  const auto handle = [&r]() -> Handle { return HandleFrom(r.Raw(sizeof(Handle::bytes))).value_or(Handle{}); };
  for (std::size_t n = r.U8(); n > 0 && r.ok(); --n) record.handles.push_back(handle());
  record.execution = r.Long();
  for (std::size_t n = r.U32(); n > 0 && r.ok(); --n) {
    ErasureRecord::WrapChange change;
    change.index = LeafIndex(r.U64());
    change.handle = handle();
    change.sealed_key = r.Short();
    record.wraps.push_back(std::move(change));
  }
  for (std::size_t n = r.U32(); n > 0 && r.ok(); --n) record.barred.emplace_back(r.Short());
  for (std::size_t n = r.U32(); n > 0 && r.ok(); --n) {
    Bytes key(r.Short());
    record.documents.push_back({std::move(key), Bytes(r.Short())});
  }
  for (auto* rows : {&record.vault, &record.view_keys})
    for (std::size_t n = r.U32(); n > 0 && r.ok(); --n) {
      Bytes key(r.Short());
      rows->push_back({std::move(key), Bytes(r.Long())});
    }
  const auto falls = [](const auto& a, const auto& b) { return b.index < a.index; };
  if (std::adjacent_find(record.wraps.begin(), record.wraps.end(), falls) != record.wraps.end()) return damaged;
  if (!r.done() || record.number == 0 || record.handles.empty()) return damaged;
  return record;
}

namespace {

/// A body or document whose wrap by this handle changes; nullopt: nothing to change.
Result<std::optional<Body>> Changed(const std::optional<Bytes>& row, const Handle& handle, const Bytes& sealed_key) {
  if (!row) return std::optional<Body>();
  OPPI_TRY(Body body, DecodeBody(*row));
  const auto wrap = std::find_if(body.wraps.begin(), body.wraps.end(), [&](const Wrap& w) { return w.handle == handle; });
  if (wrap == body.wraps.end()) return std::optional<Body>();
  if (!sealed_key.empty()) {
    wrap->sealed_key = sealed_key;
    return std::optional(std::move(body));
  }
  body.wraps.erase(wrap);
  if (body.wraps.empty()) body.sealed.clear();  // a tombstone
  return std::optional(std::move(body));
}

}  // namespace

Result<WriteBatch> RowsOf(const ErasureRecord& record, const Store& store) {
  WriteBatch rows;
  std::map<LeafIndex, Bytes> bodies;  // a body may change for several handles
  for (const auto& change : record.wraps) {
    std::optional<Bytes> row;
    if (const auto seen = bodies.find(change.index); seen != bodies.end()) {
      row = seen->second;
    } else {
      OPPI_TRY(row, store.Get(Table::kBodies, BigEndian(change.index.value())));
    }
    OPPI_TRY(const auto body, Changed(row, change.handle, change.sealed_key));
    if (body) bodies[change.index] = EncodeBody(*body);
  }
  for (const auto& [index, body] : bodies) rows.Put(Table::kBodies, BigEndian(index.value()), body);
  OPPI_TRY(const auto known, store.MultiGet(Table::kDedup, record.barred));
  for (std::size_t i = 0; i < known.size(); ++i) {
    // An older copy may not have the event; it is barred all the same.
    DedupRow row{LeafIndex(0), {}, Bytes(16, '\0'), true};
    if (known[i]) {
      OPPI_TRY(row, DecodeDedup(*known[i]));
      row.barred = true;
    }
    rows.Put(Table::kDedup, record.barred[i], EncodeDedup(row));
  }
  for (const auto& change : record.documents) {
    if (change.sealed_key.empty()) {
      rows.Delete(Table::kDocuments, change.key);
      continue;
    }
    OPPI_TRY(const auto row, store.Get(Table::kDocuments, change.key));
    const auto handle = HandleFrom(ByteView(change.key).substr(0, sizeof(Handle::bytes)));
    if (!handle) return DataLoss("erasure list: a record is damaged");
    OPPI_TRY(const auto body, Changed(row, *handle, change.sealed_key));
    if (body) rows.Put(Table::kDocuments, change.key, EncodeBody(*body));
  }
  Bytes number;
  ByteWriter(number).U32(record.number);
  rows.Put(Table::kMeta, kPerformedName, number);
  return rows;
}

WriteBatch RowsOf(const std::vector<ErasureRecord::VaultRow>& rows) {
  WriteBatch batch;
  for (const auto& row : rows)
    if (row.value.empty())
      batch.Delete(Table::kVault, row.key);
    else
      batch.Put(Table::kVault, row.key, row.value);
  return batch;
}

Result<std::uint32_t> ErasuresPerformed(const Store& store) {
  OPPI_TRY(const auto row, store.Get(Table::kMeta, kPerformedName));
  if (!row) return std::uint32_t{0};
  ByteReader r(*row);
  const std::uint32_t number = r.U32();
  if (!r.done()) return DataLoss("erasures: the mark of the last one performed is damaged");
  return number;
}

}  // namespace oppi::ledger
