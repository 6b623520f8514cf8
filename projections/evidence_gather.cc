#include "projections/evidence_gather.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "events/tree_hash.h"
#include "ledger/leaf.h"
#include "ledger/merkle/multi_proof.h"
#include "ledger/stream_prover.h"
#include "projections/bearing.h"
#include "projections/erasure_answer.h"
#include "projections/erasure_work.h"
#include "projections/log_reader.h"
#include "projections/persons.h"
#include "projections/verifier.h"

namespace oppi::projections {
namespace {

using events::EventType;
using ledger::EventLeaf;

/// Commitments of a whole batch: those in the log behind its leaf, and those kept beside it.
Result<std::vector<Commitment>> BatchCommitments(const ledger::LogView& log, LeafIndex batch, std::uint16_t count) {
  std::vector<Commitment> all(count);
  std::size_t known = 0;
  OPPI_RETURN_IF_ERROR(log.ScanLeaves(LeafIndex(batch.value() + 1), log.size(), [&](LeafIndex, ByteView bytes) {
    const auto leaf = ledger::DecodeLeaf(bytes);
    const auto* entry = leaf.ok() ? std::get_if<EventLeaf>(&leaf->body) : nullptr;
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

/// The nodes of the tree of a batch, which nobody keeps.
class BatchTree {
 public:
  explicit BatchTree(const std::vector<Commitment>& commitments) : levels_(1) {
    for (const Commitment& each : commitments) levels_[0].push_back(HashLeaf(each.view()));
    while (levels_.back().size() > 1) {
      const std::vector<NodeHash>& below = levels_.back();
      std::vector<NodeHash> level;
      for (std::size_t i = 0; i + 1 < below.size(); i += 2) level.push_back(HashChildren(below[i], below[i + 1]));
      levels_.push_back(std::move(level));
    }
  }
  [[nodiscard]] Result<NodeHash> Node(unsigned level, std::uint64_t index) const {
    if (level >= levels_.size() || index >= levels_[level].size()) return DataLoss("batches: no such node");
    return levels_[level][index];
  }

 private:
  std::vector<std::vector<NodeHash>> levels_;
};

class Gatherer {
 public:
  Gatherer(const EvidenceSources& sources, Claim claim)
      : log_(sources.log), stores_(sources.stores), sources_(sources), reader_(sources.log, sources.stores.vault) {
    evidence_.claim = std::move(claim);
    evidence_.checkpoint = log_.note();
  }

  Result<Evidence> Gather(const Facts& openable) {
    OPPI_RETURN_IF_ERROR(Add(LeafIndex(0)));
    if (MayShowStreams()) {
      OPPI_RETURN_IF_ERROR(GatherStreams());
    } else {
      for (const Fact& fact : openable) OPPI_RETURN_IF_ERROR(AddFact(fact));
    }
    OPPI_RETURN_IF_ERROR(GatherErasures());
    OPPI_RETURN_IF_ERROR(GatherBounds());
    OPPI_TRY(const Facts registry, ReadRegistry(stores_.views, log_.size()));
    for (const Fact& fact : registry) OPPI_RETURN_IF_ERROR(Add(fact.position));
    OPPI_RETURN_IF_ERROR(GatherBatches());
    std::vector<std::uint64_t> wanted;
    for (auto& [index, entry] : entries_) {
      wanted.push_back(index.value());
      evidence_.entries.push_back(std::move(entry));
    }
    OPPI_TRY(evidence_.nodes, log_.InclusionOfMany(wanted));
    return std::move(evidence_);
  }

 private:
  [[nodiscard]] bool MayShowStreams() const {
    const Claim& claim = evidence_.claim;
    return log_.map() != nullptr && !claim.question.learner.empty() && claim.access.controller.empty() &&
           claim.access.special_category;
  }

  Status Add(LeafIndex index) {
    if (entries_.contains(index)) return {};
    EvidenceEntry entry;
    entry.index = index;
    OPPI_TRY(entry.leaf, log_.LeafBytes(index));
    entries_.emplace(index, std::move(entry));
    return {};
  }

  Result<EventLeaf> EventAt(LeafIndex index) {
    OPPI_RETURN_IF_ERROR(Add(index));
    OPPI_TRY(ledger::Leaf leaf, ledger::DecodeLeaf(entries_.at(index).leaf));
    auto* event = std::get_if<EventLeaf>(&leaf.body);
    if (event == nullptr) return DataLoss("log: " + Text(index) + " is no event");
    return std::move(*event);
  }

  static std::string Text(LeafIndex index) { return "entry " + std::to_string(index.value()); }
  static Error Lost(LeafIndex index) {
    return DataLoss("UNREADABLE: " + Text(index) + " does not open, and no erasure took it: nothing proves this answer");
  }

  /// Where the asker may not see all: what he may see, opened.
  Status AddFact(const Fact& fact) {
    OPPI_TRY(const EventLeaf leaf, EventAt(fact.position));
    Fact kept = fact;
    if (!fact.erased) {
      OPPI_TRY(ledger::Opened opened, reader_.OpenItem(fact.position, leaf));
      if (opened.state == ledger::Opened::State::kUnreadable) return Lost(fact.position);
      kept.erased = opened.state == ledger::Opened::State::kErased;
      if (!kept.erased) entries_.at(fact.position).opened = std::move(opened.item);
    }
    return Keep(std::move(kept));
  }

  /// Of a fact that is not erased, the checkpoint that it is anchored to.
  Status Keep(Fact fact) {
    if (!fact.erased && fact.event.anchor) OPPI_RETURN_IF_ERROR(Add(LeafIndex(fact.event.anchor->size - 1)));
    const LeafIndex position = fact.position;
    facts_.insert_or_assign(position, std::move(fact));
    return {};
  }

  Status GatherStreams() {
    OPPI_TRY(const ledger::StateAt state, ledger::StateOf(log_));
    OPPI_RETURN_IF_ERROR(Add(state.index));
    evidence_.state = StateEvidence{state.index, stores_.vault.label_key().public_key()};
    std::map<std::string, IdentifierEvidence> found;
    std::vector<std::string> names{evidence_.claim.question.learner};
    for (bool grew = true; grew;) {
      grew = false;
      for (const std::string& name : names) {
        if (found.contains(name)) continue;
        OPPI_TRY(found[name], IdentifierOf(name));
        grew = true;
      }
      names = PossibleIdentifiers(evidence_.claim.question.learner, OpenFacts());
    }
    for (const std::string& name : names) evidence_.identifiers.push_back(std::move(found[name]));
    return {};
  }

  Result<IdentifierEvidence> IdentifierOf(const std::string& name) {
    OPPI_TRY(ledger::ProvedIdentifier proved, ledger::ProveIdentifier(log_, stores_.vault, name));
    IdentifierEvidence identifier{name, std::move(proved.entry), std::move(proved.earlier), {}};
    for (ledger::ProvedStream& stream : proved.streams) {
      for (const LeafIndex index : stream.entries) OPPI_RETURN_IF_ERROR(AddFromStream(index, stream.handle));
      identifier.streams.push_back({stream.handle, stream.salt, std::move(stream.proof), std::move(stream.entries)});
    }
    return identifier;
  }

  Status AddFromStream(LeafIndex index, const ledger::Handle& owner) {
    OPPI_TRY(const EventLeaf leaf, EventAt(index));
    OPPI_TRY(ledger::Opened opened, reader_.OpenItem(index, leaf));
    if (opened.state == ledger::Opened::State::kUnreadable) return Lost(index);
    // Whoever else may still open it: what this owner has lost stays closed.
    const bool erased = opened.state == ledger::Opened::State::kErased ||
                        std::find(opened.owners.begin(), opened.owners.end(), owner) == opened.owners.end();
    EvidenceEntry& entry = entries_.at(index);
    const auto known = facts_.find(index);
    if (erased) {
      entry.opened.reset();
      entry.part.reset();
      Fact fact;
      fact.position = index;
      fact.erased = true;
      return Keep(std::move(fact));
    }
    if (known != facts_.end()) return {};  // under another identifier, opened or erased
    OPPI_TRY(auto event, reader_.Read(index));
    if (!event) return DataLoss("log: " + Text(index) + " is no event");
    const Claim& claim = evidence_.claim;
    const bool bears = Bears(claim.question.ask, event->event.type, Contains(claim.view.size, index));
    const auto segment = bears ? std::nullopt : events::TypeSegment(opened.item.bytes, opened.item.encoding);
    if (segment) {
      entry.part = events::OpenPart(opened.item.bytes, opened.item.encoding, opened.item.salt, *segment);
      return {};
    }
    entry.opened = std::move(opened.item);
    return Keep(*std::move(event));
  }

  [[nodiscard]] Facts OpenFacts() const {
    Facts facts;
    for (const auto& [index, fact] : facts_)
      if (!fact.erased) facts.push_back(fact);
    return facts;
  }

  /// The executions that took what is closed, and the one that is asked about.
  Status GatherErasures() {
    Facts all;
    bool closed = false;
    for (const auto& [index, fact] : facts_) {
      all.push_back(fact);
      closed = closed || fact.erased;
    }
    const Question& asked = evidence_.claim.question;
    const Fact* execution = asked.ask == Ask::kErasure ? ExecutionIn(all, asked) : nullptr;
    if (!closed && execution == nullptr) return {};
    if (!sources_.erasure_list) return Unavailable("NOT_READY: the erasure list is not open");
    OPPI_TRY(const ledger::ErasureList list, sources_.erasure_list());
    for (const Fact& fact : all) {
      if (fact.erased || fact.event.type != EventType::kErasureExecuted || fact.outcome != events::Outcome::kAccepted) continue;
      OPPI_TRY(std::vector<LeafIndex> covered, FindCovered(list, all, fact));
      const bool needed = std::any_of(covered.begin(), covered.end(), [&](LeafIndex index) { return facts_.contains(index); });
      if (covered.empty() || (!needed && &fact != execution)) continue;
      if (&fact == execution)
        for (const LeafIndex index : covered) OPPI_RETURN_IF_ERROR(Add(index));
      evidence_.erasures.push_back({fact.position, std::move(covered)});
    }
    return {};
  }

  /// That a size is that of the moment which was asked.
  Status GatherBounds() {
    const Claim& claim = evidence_.claim;
    if (!claim.question.known_at) return {};
    const std::uint64_t size = claim.view.size.value();
    if (size > 0) OPPI_RETURN_IF_ERROR(Add(LeafIndex(size - 1)));
    if (size < log_.size().value()) OPPI_RETURN_IF_ERROR(Add(LeafIndex(size)));
    return {};
  }

  Status GatherBatches() {
    std::map<LeafIndex, std::set<std::uint64_t>> items;
    std::vector<LeafIndex> indices;
    for (const auto& [index, entry] : entries_) indices.push_back(index);
    for (const LeafIndex index : indices) {
      OPPI_TRY(const ledger::Leaf leaf, ledger::DecodeLeaf(entries_.at(index).leaf));
      if (const auto* event = std::get_if<EventLeaf>(&leaf.body)) items[event->batch].insert(event->item);
    }
    for (const auto& [index, wanted] : items) {
      OPPI_RETURN_IF_ERROR(Add(index));
      OPPI_TRY(const ledger::Leaf leaf, ledger::DecodeLeaf(entries_.at(index).leaf));
      const auto* batch = std::get_if<ledger::BatchLeaf>(&leaf.body);
      if (batch == nullptr) return DataLoss("log: " + Text(index) + " is no batch");
      OPPI_TRY(const events::BatchHeader header, events::DecodeHeader(batch->header));
      OPPI_TRY(const auto commitments, BatchCommitments(log_, index, header.count));
      const BatchTree tree(commitments);
      const std::vector<std::uint64_t> list(wanted.begin(), wanted.end());
      const auto node = [&tree](unsigned level, std::uint64_t at) { return tree.Node(level, at); };
      OPPI_TRY(entries_.at(index).nodes, ledger::merkle::MultiProof(list, TreeSize(header.count), node));
    }
    return {};
  }

  const ledger::LogView& log_;
  const ViewStores& stores_;
  const EvidenceSources& sources_;
  LogReader reader_;
  Evidence evidence_;
  std::map<LeafIndex, EvidenceEntry> entries_;
  std::map<LeafIndex, Fact> facts_;  // opened or erased, of whom the question is about
};

}  // namespace

Result<Evidence> GatherEvidence(const EvidenceSources& sources, Claim claim, const Facts& openable) {
  OPPI_TRY(Evidence evidence, Gatherer(sources, std::move(claim)).Gather(openable));
  const auto checked = CheckEvidence(evidence, sources.log.checkpoint());
  if (!checked.ok()) return DataLoss("evidence: it would not hold: " + checked.error().message);
  return evidence;
}

}  // namespace oppi::projections
