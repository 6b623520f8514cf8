#include "projections/completeness.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "events/check.h"
#include "ledger/label.h"
#include "ledger/label_proof.h"
#include "projections/bearing.h"
#include "projections/persons.h"

namespace oppi::projections {
namespace {

using events::EventType;
using ledger::EntryState;
using ledger::LabelEntry;

std::string Number(std::uint64_t n) { return std::to_string(n); }

/// "identifier 1": an identifier is personal data, and not to be in the text of an error.
std::string Which(std::size_t i) { return i == 0 ? "the learner" : "linked identifier " + Number(i); }

std::set<LeafIndex> InStreams(const Evidence& evidence) {
  std::set<LeafIndex> all;
  for (const IdentifierEvidence& identifier : evidence.identifiers)
    for (const StreamEvidence& stream : identifier.streams) all.insert(stream.entries.begin(), stream.entries.end());
  return all;
}

/// The newest entry and those before it, each linked to the next.
Result<std::vector<LabelEntry>> ChainOf(const IdentifierEvidence& identifier, const std::string& whose,
                                        const ledger::VrfPublicKey& key, const ledger::merkle::MapRoot& root) {
  const auto proved = ledger::VerifyEntryProof(identifier.proof, identifier.name, key, root);
  if (!proved.ok()) return Failed("what the log's map says of " + whose + " is not proved: " + proved.error().message);
  std::vector<LabelEntry> chain;
  if (proved->entry) chain.push_back(*proved->entry);
  if (!proved->entry && (!identifier.earlier.empty() || !identifier.streams.empty()))
    return Failed("the log has nothing of " + whose + ", and the file shows something");
  for (const LabelEntry& earlier : identifier.earlier) {
    if (!ledger::VerifyEarlierEntry(chain.back(), earlier, proved->blind).ok())
      return Failed("the earlier entries of " + whose + " are not those of the log");
    chain.push_back(earlier);
  }
  if (!chain.empty() && chain.back().number != 1) return Failed("earlier entries of " + whose + " are left out");
  return chain;
}

/// Marks the entries that the stream's handle opens; the first of them.
std::optional<std::size_t> Opens(const StreamEvidence& stream, const std::vector<LabelEntry>& chain, std::vector<bool>& opened) {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (!ledger::VerifyHandle(chain[i], stream.handle, stream.salt).ok()) continue;
    opened[i] = true;
    if (!first) first = i;
  }
  return first;
}

Status CheckStream(const StreamEvidence& stream, const std::string& whose, const ledger::VrfPublicKey& key,
                   const ledger::StateLeaf& state) {
  const auto head = ledger::VerifyStreamProof(stream.proof, ledger::LearnerStream(stream.handle), key, state.map_root);
  if (!head.ok()) return Failed("what the log's map says of a stream of " + whose + " is not proved: " + head.error().message);
  if (!head->has_value()) return Failed("the log has no such stream of " + whose);
  const std::uint64_t count = (*head)->count;
  if (count > stream.entries.size())
    return Failed("an event of " + whose + " is left out: the log's stream has " + Number(count) + " entries, the file shows " +
                  Number(stream.entries.size()));
  if (!ledger::VerifyStreamEntries(**head, stream.entries).ok())
    return Failed("the entries shown of " + whose + " are not those of the log's stream, which has " + Number(count));
  if (!Contains(state.covers, stream.entries.back())) return Failed("a stream of " + whose + " has entries beyond the state entry");
  return {};
}

Status CheckIdentifier(const IdentifierEvidence& identifier, const std::string& whose, const ledger::VrfPublicKey& key,
                       const ledger::StateLeaf& state) {
  OPPI_TRY(const auto chain, ChainOf(identifier, whose, key, state.map_root));
  std::vector<bool> opened(chain.size(), false);
  std::optional<std::size_t> before;
  for (const StreamEvidence& stream : identifier.streams) {
    const auto first = Opens(stream, chain, opened);
    if (!first) return Failed("a stream in the file is not of " + whose);
    if (before && *first <= *before) return Failed("the streams of " + whose + " are not in order");
    before = first;
    OPPI_RETURN_IF_ERROR(CheckStream(stream, whose, key, state));
  }
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (opened[i] || chain[i].state == EntryState::kErased) continue;
    const bool erased = i > 0 && chain[i - 1].state == EntryState::kErased && chain[i - 1].handle == chain[i].handle;
    if (!erased) return Failed("a stream of " + whose + " is left out: the log has one that the file does not show");
  }
  return {};
}

/// The asked request's execution, if `ask` is erasure: what it covered is in the file, in a stream or not.
const ErasureEvidence* AskedErasure(const Evidence& evidence, const ProvedEvents& events) {
  if (evidence.claim.question.ask != Ask::kErasure) return nullptr;
  const ErasureEvidence* asked = nullptr;
  for (const ErasureEvidence& erasure : evidence.erasures) {
    const auto it = events.find(erasure.execution);
    if (it != events.end() && it->second.opening == Opening::kFull && it->second.type == EventType::kErasureExecuted &&
        it->second.fact.event.text("request") == evidence.claim.question.request)
      asked = &erasure;
  }
  return asked;
}

Status CheckErasure(const Evidence& evidence, const ErasureEvidence& erasure, const ErasureEvidence* asked,
                    const ProvedEvents& events, const std::set<LeafIndex>& streams) {
  const std::string name = EntryText(erasure.execution);
  const auto it = events.find(erasure.execution);
  if (it == events.end() || it->second.opening != Opening::kFull || it->second.type != EventType::kErasureExecuted ||
      it->second.fact.outcome != events::Outcome::kAccepted)
    return Failed(name + " is no erasure that was carried out");
  if (evidence.state && !streams.contains(erasure.execution)) return Failed(name + " is an erasure of somebody else");
  const events::Event& event = it->second.fact.event;
  const ledger::StreamHead head = ledger::HeadOf(erasure.covered);
  if (event.number("covered_count") != static_cast<std::int64_t>(head.count) ||
      event.text("covered_root") != HashText(*Sha256Digest::From(head.root.view())))
    return Failed("the erasure at " + name + " took other entries than the file says");
  if (erasure.covered.back() >= erasure.execution) return Failed("the erasure at " + name + " took entries that came later");
  bool needed = &erasure == asked;
  for (const LeafIndex index : erasure.covered) {
    const auto covered = events.find(index);
    if (covered == events.end()) continue;
    if (covered->second.opening != Opening::kClosed) return Failed(EntryText(index) + " was erased, and the file opens it");
    needed = true;
  }
  if (!needed) return Failed("the erasure at " + name + " is in the file for nothing");
  return {};
}

/// Entries that the file must have, or may.
class Needed {
 public:
  void Add(LeafIndex index) { indices_.insert(index); }
  [[nodiscard]] bool Has(LeafIndex index) const { return indices_.contains(index); }

 private:
  std::set<LeafIndex> indices_{LeafIndex(0)};
};

Status CheckEvent(const Evidence& evidence, LeafIndex index, const ProvedEvents& events) {
  const ProvedEvent& event = events.at(index);
  const bool known = Contains(evidence.claim.view.size, index);
  switch (event.opening) {
    case Opening::kClear:
      return Failed(EntryText(index) + " is public, and no part of a stream");
    case Opening::kFull:
    case Opening::kClosed:  // that an erasure took it is checked with the erasures
      return {};
    case Opening::kType:
      if (Bears(evidence.claim.question.ask, event.type, known))
        return Failed(EntryText(index) + " is of a type that bears on the answer (" +
                      std::string(events::InfoOf(event.type).name) + "), and is not opened");
      return {};
  }
  return {};
}

}  // namespace

Status CheckView(const Claim& claim, const ledger::Checkpoint& checkpoint, const ProvedLog& log) {
  const Question& asked = claim.question;
  const TreeSize size = claim.view.size;
  if (size > checkpoint.size) return Failed("the answer claims to know more than the checkpoint covers");
  if (asked.valid_at && *asked.valid_at != claim.view.at) return Failed("the answer is of another moment than was asked");
  if (asked.known_size) {
    if (*asked.known_size != size) return Failed("the answer is of another size of the log than was asked");
  } else if (asked.known_at) {
    if (size.value() > 0) {
      const auto last = log.Recorded(LeafIndex(size.value() - 1));
      if (!last || *last > *asked.known_at) return Failed("the answer knows more than the log had at the moment that was asked");
    }
    if (size < checkpoint.size) {
      const auto next = log.Recorded(NextIndex(size));
      if (!next || *next <= *asked.known_at) return Failed("the answer knows less than the log had at the moment that was asked");
    }
  } else if (size != checkpoint.size) {
    return Failed("the newest was asked for, and the answer is of an older state: " + Number(size.value()) + " of " +
                  Number(checkpoint.size.value()) + " entries");
  }
  return {};
}

Status CheckStreams(const Evidence& evidence, const ProvedLog& log) {
  OPPI_CHECK(evidence.state.has_value());
  const Claim& claim = evidence.claim;
  if (claim.question.learner.empty() || !claim.access.controller.empty() || !claim.access.special_category)
    return Failed("whole streams are shown, but not for a question about a learner by somebody who may see all of it");
  const auto* state = log.Find<ledger::StateLeaf>(evidence.state->index);
  if (state == nullptr) return Failed("the entry with the root of the map is missing");
  if (state->covers.value() != evidence.state->index.value() || state->fold != ledger::FoldOf(evidence.state->vrf_key))
    return Failed("the map is not under the key that the file names");
  if (claim.view.size > SizeAfter(evidence.state->index))
    return Failed("the map covers " + Number(state->covers.value()) + " entries, the answer claims to know " +
                  Number(claim.view.size.value()) + ": what came between is not shown");
  for (std::size_t i = 0; i < evidence.identifiers.size(); ++i)
    OPPI_RETURN_IF_ERROR(CheckIdentifier(evidence.identifiers[i], Which(i), evidence.state->vrf_key, *state));
  return {};
}

Status CheckNeeded(const Evidence& evidence, const ProvedLog& log, const ProvedEvents& events,
                   const ledger::Checkpoint& checkpoint) {
  Needed needed;
  for (const LeafIndex index : InStreams(evidence)) {
    if (!events.contains(index)) return Failed(EntryText(index) + " is in the learner's stream, and not in the file");
    needed.Add(index);
  }
  if (evidence.state) needed.Add(evidence.state->index);
  if (const ErasureEvidence* asked = AskedErasure(evidence, events))
    for (const LeafIndex index : asked->covered) {
      const auto covered = events.find(index);
      if (covered == events.end()) return Failed(EntryText(index) + " was erased by the request, and is not in the file");
      needed.Add(index);
    }
  const Claim& claim = evidence.claim;
  if (claim.question.known_at) {
    if (claim.view.size.value() > 0) needed.Add(LeafIndex(claim.view.size.value() - 1));
    if (claim.view.size < checkpoint.size) needed.Add(NextIndex(claim.view.size));
  }
  for (const auto& [index, event] : events) {
    if (event.opening == Opening::kClear || evidence.identifiers.empty()) needed.Add(index);
    if (event.opening == Opening::kFull && event.fact.event.anchor) needed.Add(LeafIndex(event.fact.event.anchor->size - 1));
    needed.Add(log.Find<ledger::EventLeaf>(index)->batch);
  }
  for (const auto& [index, event] : events)
    if (event.opening == Opening::kType && evidence.identifiers.empty())
      return Failed(EntryText(index) + " shows its type alone, and is in no stream");
  for (const EvidenceEntry& entry : evidence.entries)
    if (!needed.Has(entry.index)) return Failed(EntryText(entry.index) + " is in the file for nothing");
  return {};
}

Status CheckErasures(const Evidence& evidence, const ProvedEvents& events) {
  const std::set<LeafIndex> streams = InStreams(evidence);
  const ErasureEvidence* asked = AskedErasure(evidence, events);
  std::set<LeafIndex> covered;
  for (const ErasureEvidence& erasure : evidence.erasures) {
    OPPI_RETURN_IF_ERROR(CheckErasure(evidence, erasure, asked, events, streams));
    covered.insert(erasure.covered.begin(), erasure.covered.end());
  }
  for (const auto& [index, event] : events)
    if (event.opening == Opening::kClosed && !covered.contains(index))
      return Failed(EntryText(index) + " is closed, and no erasure took it: what it says is left out");
  return {};
}

Status CheckBearing(const Evidence& evidence, const ProvedEvents& events) {
  Facts opened;
  for (const LeafIndex index : InStreams(evidence)) {
    OPPI_RETURN_IF_ERROR(CheckEvent(evidence, index, events));
    if (events.at(index).opening == Opening::kFull) opened.push_back(events.at(index).fact);
  }
  const auto names = PossibleIdentifiers(evidence.claim.question.learner, opened);
  std::vector<std::string> shown;
  for (const IdentifierEvidence& identifier : evidence.identifiers) shown.push_back(identifier.name);
  if (names == shown) return {};
  if (shown.front() != names.front()) return Failed("the first identifier in the file is not the learner that was asked about");
  for (const std::string& name : names)
    if (std::find(shown.begin(), shown.end(), name) == shown.end())
      return Failed("the learner has another identifier, whose stream is left out");
  return Failed("the file has an identifier that nothing links to the learner, or in another order");
}

std::vector<std::string> CompletenessInWords(const Evidence& evidence, const ProvedLog& log, const ProvedEvents& events,
                                             const ledger::Checkpoint& checkpoint) {
  if (!evidence.state)
    return {"NOT shown: that nothing is left out; the file has no whole stream, for the question is about no single learner, or who asked may not see all of it"};
  const std::string size = Number(evidence.state->index.value());
  std::vector<std::string> words;
  const std::set<LeafIndex> all = InStreams(evidence);
  if (all.empty()) {
    const bool never = std::holds_alternative<ledger::LabelProof::Absent>(evidence.identifiers.front().proof.shows);
    words.push_back(never ? "among its first " + size + " entries the log has nothing about this learner, and never had"
                          : "among its first " + size + " entries the log has a learner of this name who was erased, and nothing since");
  } else {
    std::map<Opening, std::size_t> counts;
    for (const LeafIndex index : all) ++counts[events.at(index).opening];
    words.push_back("nothing is left out: among its first " + size + " entries the log has " + Number(all.size()) +
                    " about this learner under " + Number(evidence.identifiers.size()) + " identifiers: " +
                    Number(counts[Opening::kFull]) + " opened, " + Number(counts[Opening::kType]) +
                    " of types that do not bear on the answer, " + Number(counts[Opening::kClosed]) + " erased");
  }
  if (SizeAfter(evidence.state->index) < checkpoint.size)
    words.push_back("the map covers the first " + size + " of " + Number(checkpoint.size.value()) +
                    " entries; what came later is not in this answer");
  words.push_back("as of " + FormatInstant(*log.Recorded(evidence.state->index)) + ", when the log recorded the root of that map");
  return words;
}

}  // namespace oppi::projections
