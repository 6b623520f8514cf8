#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/digest.h"
#include "events/entropy.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/key_ring.h"
#include "ledger/store.h"
#include "ledger/vault.h"

/// What an erasure does to the stores: content keys and data keys that go, keys that are made anew for
/// what stays (consent-model section 9, "Erasure"). It is planned first, as a record; performing a
/// record is idempotent and can be done again on this store or on an older copy of it.

namespace oppi::ledger {

/// One event that is to lose its content, for this owner.
struct CoveredEvent {
  LeafIndex index{0};
  Bytes dedup_key;                     // sent again, it is barred
  std::optional<Sha256Digest> document;  // the original document it was read from goes with it
};

struct ErasureOrder {
  std::string owner;
  std::vector<CoveredEvent> covered;  // ascending
  bool whole_subject = false;         // every key without use goes, and what comes later gets another handle
};

/// A record of the erasure list. It holds no name: handles, positions, sealed keys, and the execution
/// event sealed under the trail's own key.
struct ErasureRecord {
  struct WrapChange {
    LeafIndex index{0};
    Handle handle;
    Bytes sealed_key;  // empty: taken away
    friend bool operator==(const WrapChange&, const WrapChange&) = default;
  };
  struct DocumentChange {
    Bytes key;
    Bytes sealed_key;  // empty: the document goes
    friend bool operator==(const DocumentChange&, const DocumentChange&) = default;
  };
  struct VaultRow {
    Bytes key;
    Bytes value;  // empty: deleted
    friend bool operator==(const VaultRow&, const VaultRow&) = default;
  };
  std::uint32_t number = 0;        // 1, 2, 3 ... in the order of the list
  TreeSize size{0};                // of the log when it was planned
  std::vector<Handle> handles;     // of the owner; the first one's class A key seals `execution`
  Bytes execution;
  std::vector<WrapChange> wraps;   // ascending by index
  std::vector<Bytes> barred;
  std::vector<DocumentChange> documents;
  std::vector<VaultRow> vault;       // before the bodies change
  std::vector<VaultRow> view_keys;   // when the views are made again
  friend bool operator==(const ErasureRecord&, const ErasureRecord&) = default;
};

struct PlannedErasure {
  ErasureRecord record;             // without number and execution
  std::uint64_t covered = 0;        // events that lose their content for this owner
  std::uint64_t shared = 0;         // of these, how many others can still open
  std::uint64_t documents = 0;
  std::vector<std::string> keys;    // "S2 rotated", "S3 destroyed"
  Sha256Digest covered_root;        // RFC 6962 root over the covered positions, 8 bytes each
};

/// Reads only. Errors: kDataLoss - something to be kept does not open; nothing may be erased then.
[[nodiscard]] Result<PlannedErasure> PlanErasure(const Store& store, const Vault& vault, Entropy& entropy,
                                                 const ErasureOrder& order);

[[nodiscard]] Bytes EncodeErasureRecord(const ErasureRecord& record);
/// Strict and bounded. Errors: kDataLoss.
[[nodiscard]] Result<ErasureRecord> DecodeErasureRecord(ByteView bytes);

/// The rows of the log store that this record changes, as far as this copy has them, and the mark that
/// it was performed.
[[nodiscard]] Result<WriteBatch> RowsOf(const ErasureRecord& record, const Store& store);
[[nodiscard]] WriteBatch RowsOf(const std::vector<ErasureRecord::VaultRow>& rows);

/// The number of the last record performed on this store.
[[nodiscard]] Result<std::uint32_t> ErasuresPerformed(const Store& store);

}  // namespace oppi::ledger
