#include "projections/evidence_gather.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "events/tree_hash.h"
#include "ledger/leaf.h"
#include "ledger/merkle/compact_range.h"
#include "projections/log_reader.h"

namespace oppi::projections {
namespace {

/// Commitments of a whole batch: those in the log behind its leaf, and those kept beside it.
Result<std::vector<Commitment>> BatchCommitments(const ledger::LogView& log, LeafIndex batch, std::uint16_t count) {
  std::vector<Commitment> all(count);
  std::size_t known = 0;
  OPPI_RETURN_IF_ERROR(log.ScanLeaves(LeafIndex(batch.value() + 1), log.size(), [&](LeafIndex, ByteView bytes) {
    const auto leaf = ledger::DecodeLeaf(bytes);
    const auto* entry = leaf.ok() ? std::get_if<ledger::EventLeaf>(&leaf->body) : nullptr;
    if (entry == nullptr || entry->batch != batch || entry->item >= count) return false;
    all[entry->item] = entry->commitment;
    return ++known < count;
  }));
  OPPI_TRY(const auto row, log.store().Get(ledger::Table::kBatches, ledger::BigEndian(batch.value()), log.snapshot()));
  if (row) {
    ByteReader r(*row);
    while (r.ok() && !r.rest().empty()) {
      const std::uint16_t item = r.U16();
      const auto commitment = Commitment::From(r.Raw(kDigestBytes));
      if (!commitment || item >= count) return DataLoss("batches: damaged row");
      all[item] = *commitment;
      ++known;
    }
  }
  if (known != count) return DataLoss("batches: a commitment of a signed batch is missing");
  return all;
}

/// Inclusion proof in the small tree of a batch.
std::vector<NodeHash> ProofIn(const std::vector<Commitment>& leaves, std::size_t index) {
  std::vector<NodeHash> path;
  std::size_t begin = 0;
  std::size_t end = leaves.size();
  const auto root = [&](std::size_t from, std::size_t to) {
    ledger::merkle::CompactRange range;
    for (std::size_t i = from; i < to; ++i) range.Append(HashLeaf(leaves[i].view()));
    return AsNode(range.Root());
  };
  while (end - begin > 1) {
    std::size_t split = 1;
    while (split * 2 < end - begin) split *= 2;
    if (index < begin + split) {
      path.push_back(root(begin + split, end));
      end = begin + split;
    } else {
      path.push_back(root(begin, begin + split));
      begin += split;
    }
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace

Result<std::vector<EvidenceEntry>> GatherEntries(const ledger::LogView& log, const ViewStores& stores,
                                                 const Facts& facts) {
  const LogReader reader(log, stores.vault);
  std::map<LeafIndex, EvidenceEntry> entries;
  std::map<LeafIndex, std::vector<Commitment>> batches;
  const auto add = [&](LeafIndex index) -> Status {
    if (entries.contains(index)) return {};
    EvidenceEntry entry;
    entry.index = index;
    OPPI_TRY(entry.leaf, log.LeafBytes(index));
    OPPI_TRY(entry.path, log.Inclusion(index, log.size()));
    entries.emplace(index, std::move(entry));
    return {};
  };
  OPPI_TRY(const Facts registry, ReadRegistry(stores.views, log.size()));
  std::set<LeafIndex> wanted;
  std::set<LeafIndex> erased;  // for who is asked about, whoever else may still open it
  for (const Facts* some : {&facts, &registry})
    for (const Fact& fact : *some) {
      wanted.insert(fact.position);
      if (fact.erased) erased.insert(fact.position);
      if (!fact.erased && fact.event.anchor) OPPI_RETURN_IF_ERROR(add(LeafIndex(fact.event.anchor->size - 1)));
    }
  OPPI_RETURN_IF_ERROR(add(LeafIndex(0)));
  for (const LeafIndex index : wanted) {
    OPPI_RETURN_IF_ERROR(add(index));
    EvidenceEntry& entry = entries.at(index);
    OPPI_TRY(const ledger::Leaf leaf, ledger::DecodeLeaf(entry.leaf));
    const auto* event = std::get_if<ledger::EventLeaf>(&leaf.body);
    if (event == nullptr) return DataLoss("log: entry " + std::to_string(index.value()) + " is no event");
    OPPI_RETURN_IF_ERROR(add(event->batch));
    if (!batches.contains(event->batch)) {
      OPPI_TRY(const ledger::Leaf batch_leaf, log.ReadLeaf(event->batch));
      const auto* batch = std::get_if<ledger::BatchLeaf>(&batch_leaf.body);
      if (batch == nullptr) return DataLoss("log: entry " + std::to_string(event->batch.value()) + " is no batch");
      OPPI_TRY(const events::BatchHeader header, events::DecodeHeader(batch->header));
      OPPI_TRY(auto commitments, BatchCommitments(log, event->batch, header.count));
      batches.emplace(event->batch, std::move(commitments));
    }
    entry.batch_path = ProofIn(batches.at(event->batch), event->item);
    if (event->clear || erased.contains(index)) continue;
    OPPI_TRY(ledger::Opened opened, reader.OpenItem(index, *event));
    if (opened.state == ledger::Opened::State::kUnreadable)
      return DataLoss("UNREADABLE: entry " + std::to_string(index.value()) + " does not open, and no erasure took it: nothing proves this answer");
    if (opened.state == ledger::Opened::State::kOpen) entry.opened = std::move(opened.item);
  }
  std::vector<EvidenceEntry> all;
  all.reserve(entries.size());
  for (auto& [index, entry] : entries) all.push_back(std::move(entry));
  return all;
}

}  // namespace oppi::projections
