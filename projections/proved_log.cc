#include "projections/proved_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "events/batch.h"
#include "events/commitment.h"
#include "events/tree_hash.h"
#include "ledger/merkle/multi_proof.h"
#include "projections/publishers.h"

namespace oppi::projections {
namespace {

using ledger::merkle::ProvedLeaf;

/// Entry 0, and the keys that it names.
Result<Publishers> Bootstrap(const ProvedLog& log, std::string_view origin) {
  const auto* genesis = log.Find<ledger::GenesisLeaf>(LeafIndex(0));
  if (genesis == nullptr) return Failed("the first entry of the log is missing");
  if (genesis->origin != origin) return Failed("the first entry names another log");
  const auto registrar = ParseVerifierKey(genesis->registrar_key);
  const auto own = ParseVerifierKey(genesis->ledger_key);
  if (!registrar.ok() || !own.ok()) return Failed("the first entry holds no usable keys");
  return Publishers(*registrar, *own);
}

/// The items of each batch that events of the file name, ascending.
using Members = std::map<LeafIndex, std::vector<ProvedLeaf>>;

Result<Members> MembersOf(const Evidence& evidence, const ProvedLog& log) {
  Members members;
  for (const EvidenceEntry& entry : evidence.entries) {
    const auto* event = log.Find<ledger::EventLeaf>(entry.index);
    if (event == nullptr) continue;
    if (event->batch >= entry.index || log.Find<ledger::BatchLeaf>(event->batch) == nullptr)
      return Failed("the batch of " + EntryText(entry.index) + " is missing");
    members[event->batch].push_back({event->item, HashLeaf(event->commitment.view())});
  }
  for (auto& [batch, items] : members) {
    std::sort(items.begin(), items.end(), [](const ProvedLeaf& a, const ProvedLeaf& b) { return a.index < b.index; });
    for (std::size_t i = 1; i < items.size(); ++i)
      if (items[i].index == items[i - 1].index) return Failed("two entries are the same item of the batch at " + EntryText(batch));
  }
  return members;
}

Result<events::BatchHeader> ProveBatch(const EvidenceEntry& entry, const ledger::BatchLeaf& batch,
                                       const std::vector<ProvedLeaf>& items, const Publishers& publishers) {
  auto header = events::DecodeHeader(batch.header);
  if (!header.ok()) return Failed("the batch at " + EntryText(entry.index) + " does not decode");
  const auto root = ledger::merkle::RootOfMultiProof(items, TreeSize(header->count), *entry.nodes);
  if (!root.ok() || *root != header->root)
    return Failed("the events shown are not in the batch at " + EntryText(entry.index) + " that its publisher signed");
  const std::string& signer = header->attested_by.empty() ? header->publisher : header->attested_by;
  const PublisherKey* key = publishers.FindKey(signer, header->key);
  if (key == nullptr) return Failed("the log does not say whose key signed " + EntryText(entry.index));
  if (!VerifySignature(key->public_key, batch.header, batch.signature))
    return Failed("the publisher's signature over " + EntryText(entry.index) + " does not verify");
  return header;
}

Status OpenInto(const events::BatchItem& item, const ledger::EventLeaf& leaf, const ProvedLog& log, Fact& fact) {
  const std::string entry = EntryText(fact.position);
  if (events::Commit(item.bytes, item.encoding, item.salt) != leaf.commitment)
    return Failed("the event shown for " + entry + " is not the one that the log commits to");
  events::Decoded decoded = events::Decode(item.bytes, item.encoding, {.check_digits = false});
  if (decoded.error != events::ErrorCode::kNone) return Failed("the event shown for " + entry + " does not decode");
  if ((decoded.event.sensitivity == events::Sensitivity::kS0) != leaf.clear.has_value())
    return Failed(entry + " is public though its class is not, or the other way round");
  if (leaf.clear) {
    fact.event = std::move(decoded.event);
    return {};
  }
  // Facts about persons hold what views hold: no `object` and `text` fields.
  auto compact = events::DecodeCompact(events::EncodeCompact(decoded.event));
  if (!compact.ok()) return Failed("the event shown for " + entry + " does not decode");
  fact.event = std::move(compact).value();
  if (!fact.event.anchor) return {};
  fact.anchored = log.Recorded(LeafIndex(fact.event.anchor->size - 1));
  if (!fact.anchored) return Failed("the checkpoint that " + entry + " is anchored to is not in the file");
  return {};
}

Result<ProvedEvent> ProveEvent(const EvidenceEntry& entry, const ledger::EventLeaf& leaf,
                               const events::BatchHeader& header, const ProvedLog& log) {
  ProvedEvent proved;
  Fact& fact = proved.fact;
  fact.position = entry.index;
  fact.recorded = *log.Recorded(entry.index);
  fact.outcome = leaf.outcome;
  fact.reason = leaf.reason;
  fact.publisher = header.publisher;
  fact.key = header.key;
  if (leaf.clear && (entry.opened || entry.part)) return Failed(EntryText(entry.index) + " is public, and shown once more");
  if (entry.part) {
    const auto name = events::TypeShown(*entry.part);
    const events::TypeInfo* type = name ? events::FindType(*name) : nullptr;
    if (type == nullptr) return Failed("what is shown of " + EntryText(entry.index) + " does not prove its type");
    if (events::CommitmentOf(*entry.part) != leaf.commitment)
      return Failed("the part shown of " + EntryText(entry.index) + " is not of the event that the log commits to");
    proved.opening = Opening::kType;
    proved.type = type->type;
  } else if (leaf.clear || entry.opened) {
    OPPI_RETURN_IF_ERROR(OpenInto(leaf.clear ? *leaf.clear : *entry.opened, leaf, log, fact));
    proved.opening = leaf.clear ? Opening::kClear : Opening::kFull;
    proved.type = fact.event.type;
    return proved;
  }
  fact.erased = true;
  return proved;
}

}  // namespace

Error Failed(std::string what) { return Unauthenticated(std::move(what)); }

std::string EntryText(LeafIndex index) { return "entry " + std::to_string(index.value()); }

Result<ProvedLog> ProvedLog::Of(const Evidence& evidence, const ledger::Checkpoint& checkpoint) {
  ProvedLog log;
  std::vector<ProvedLeaf> hashes;
  hashes.reserve(evidence.entries.size());
  for (const EvidenceEntry& entry : evidence.entries) {
    if (!Contains(checkpoint.size, entry.index)) return Failed(EntryText(entry.index) + " is beyond the log that the checkpoint signs");
    hashes.push_back({entry.index.value(), HashLeaf(entry.leaf)});
    auto leaf = ledger::DecodeLeaf(entry.leaf);
    if (!leaf.ok()) return Failed(EntryText(entry.index) + " is no entry of this kind of log");
    log.leaves_.emplace(entry.index, std::move(leaf).value());
  }
  if (hashes.empty()) return Failed("the first entry of the log is missing");
  const auto root = ledger::merkle::RootOfMultiProof(hashes, checkpoint.size, evidence.nodes);
  if (!root.ok() || *root != checkpoint.root)
    return Failed("the entries are not those of the log that the checkpoint signs");
  return log;
}

std::optional<Instant> ProvedLog::Recorded(LeafIndex index) const {
  const auto it = leaves_.find(index);
  if (it == leaves_.end()) return std::nullopt;
  return it->second.recorded;
}

Result<ProvedEvents> ProveEvents(const Evidence& evidence, const ProvedLog& log, std::string_view origin) {
  // In log order, so that each key is known before anything it signed is looked at.
  OPPI_TRY(Publishers publishers, Bootstrap(log, origin));
  OPPI_TRY(const Members members, MembersOf(evidence, log));
  std::map<LeafIndex, events::BatchHeader> headers;
  ProvedEvents proved;
  for (const EvidenceEntry& entry : evidence.entries) {
    const auto* leaf = log.Find<ledger::EventLeaf>(entry.index);
    if (leaf == nullptr && (entry.opened || entry.part)) return Failed(EntryText(entry.index) + " is no event, and one is shown for it");
    const auto items = members.find(entry.index);
    if ((items != members.end()) != entry.nodes.has_value())
      return Failed(EntryText(entry.index) + (entry.nodes ? " is no batch that events of the file name" : " is a batch without proof of its events"));
    if (items != members.end()) {
      OPPI_TRY(events::BatchHeader header, ProveBatch(entry, *log.Find<ledger::BatchLeaf>(entry.index), items->second, publishers));
      headers.emplace(entry.index, std::move(header));
    }
    if (leaf == nullptr) continue;
    OPPI_TRY(ProvedEvent event, ProveEvent(entry, *leaf, headers.at(leaf->batch), log));
    if (event.opening == Opening::kClear) publishers.Apply(event.fact);
    proved.emplace(entry.index, std::move(event));
  }
  return proved;
}

}  // namespace oppi::projections
