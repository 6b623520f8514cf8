#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "events/verify.h"
#include "ledger/bodies.h"
#include "ledger/label.h"
#include "ledger/vault.h"

/// VerifiedBatch -> PreparedBatch: everything costly that needs no place in the log yet (tags, sealed
/// contents) is done here, off the writer thread.

namespace oppi::ledger {

/// A row of the Dedup table. It outlives erasure: it names nobody.
struct DedupRow {
  LeafIndex position{0};
  Instant recorded{};
  Bytes content_tag;
  bool barred = false;  // erased; sent again it answers REPUBLICATION_BARRED
};

/// What an event needs, besides itself, to be written in any place.
struct ItemSeal {
  Bytes dedup_key;    // tag(id), first half of tag(source); empty when either could not be read
  Bytes content_tag;  // tag(bytes)
  std::optional<SealedContent> content;  // events that decode and are not public
};
/// Any thread. No key of any owner is used, so it may be made long before the event has a place.
[[nodiscard]] ItemSeal SealItem(const events::VerifiedItem& item, const Vault& vault, Entropy& entropy);

struct PreparedItem : ItemSeal {
  events::VerifiedItem item;
  // Filled in by the writer for a whole group at once.
  bool looked_up = false;
  std::optional<DedupRow> seen;  // what the store knows of this source and id
};

/// Somebody who was not known when the batch was prepared: a handle, and what the stream map will
/// call both. Making labels takes a fifth of a millisecond, which the writer does not have; it uses
/// this unless somebody else was first.
struct Newcomer {
  Handle handle;
  Labelled entry;
  Labelled stream;
};
using Newcomers = std::map<std::string, Newcomer, std::less<>>;  // by identifier
/// Adds those subjects of the event that are not known. Has the vault read the keys of the others, which
/// the writer then finds at hand. Any thread.
void AddNewcomers(const events::Event& event, const Vault& vault, Entropy& entropy, Newcomers& newcomers);

class PreparedBatch {
 public:
  PreparedBatch(PreparedBatch&&) = default;
  PreparedBatch& operator=(PreparedBatch&&) = default;
  events::BatchHeader header;
  Bytes header_bytes;
  Signature signature{};
  std::vector<PreparedItem> items;
  std::vector<events::Attachment> attachments;
  Newcomers newcomers;

 private:
  friend PreparedBatch Prepare(events::VerifiedBatch batch, const Vault& vault, Entropy& entropy);
  friend PreparedBatch SignSealed(events::BatchHeader header, std::vector<class SealedOwn> items, const SigningKey& key);
  explicit PreparedBatch(const events::VerifiedBatch& batch);
};

/// Any thread.
[[nodiscard]] PreparedBatch Prepare(events::VerifiedBatch batch, const Vault& vault, Entropy& entropy);

/// Key of the Dedup table; the first 16 bytes find every source that used the id.
[[nodiscard]] Bytes DedupKey(const Vault& vault, std::string_view source, std::string_view id);
[[nodiscard]] Bytes DedupPrefix(const Vault& vault, std::string_view id);

[[nodiscard]] Bytes EncodeDedup(const DedupRow& row);
[[nodiscard]] Result<DedupRow> DecodeDedup(ByteView bytes);

}  // namespace oppi::ledger
