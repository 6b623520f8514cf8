#include "projections/verifier.h"

#include <map>

#include "events/commitment.h"
#include "events/tree_hash.h"
#include "ledger/leaf.h"
#include "ledger/merkle/proof.h"
#include "projections/consent_answer.h"
#include "projections/erasure_answer.h"
#include "projections/export/export_answer.h"
#include "projections/oversight.h"
#include "projections/publishers.h"

namespace oppi::projections {
namespace {

Error Failed(std::string what) { return Unauthenticated(std::move(what)); }

std::string Entry(LeafIndex index) { return "entry " + std::to_string(index.value()); }

/// The entries, each proved to be in the checkpoint's tree.
class ProvedLog {
 public:
  static Result<ProvedLog> Of(const Evidence& evidence, const ledger::Checkpoint& checkpoint) {
    ProvedLog log;
    for (const EvidenceEntry& entry : evidence.entries) {
      const Status included = ledger::merkle::VerifyInclusion(entry.index, checkpoint.size, HashLeaf(entry.leaf), entry.path, checkpoint.root);
      if (!included.ok()) return Failed(Entry(entry.index) + " is not in the log that the checkpoint signs");
      auto leaf = ledger::DecodeLeaf(entry.leaf);
      if (!leaf.ok()) return Failed(Entry(entry.index) + " is no entry of this kind of log");
      log.leaves_.emplace(entry.index, std::move(leaf).value());
    }
    return log;
  }
  template <class T>
  [[nodiscard]] const T* Find(LeafIndex index) const {
    const auto it = leaves_.find(index);
    return it == leaves_.end() ? nullptr : std::get_if<T>(&it->second.body);
  }
  [[nodiscard]] Instant Recorded(LeafIndex index) const { return leaves_.at(index).recorded; }
  [[nodiscard]] std::size_t size() const { return leaves_.size(); }

 private:
  std::map<LeafIndex, ledger::Leaf> leaves_;
};

/// Commitment, membership in the signed batch, signature under a key that was the publisher's.
Result<Fact> ProveEvent(const EvidenceEntry& entry, const ledger::EventLeaf& leaf, const ProvedLog& log, const Publishers& publishers) {
  const auto* batch = log.Find<ledger::BatchLeaf>(leaf.batch);
  if (batch == nullptr) return Failed("the batch of " + Entry(entry.index) + " is missing");
  auto header = events::DecodeHeader(batch->header);
  if (!header.ok()) return Failed("the batch of " + Entry(entry.index) + " does not decode");
  const Status member = ledger::merkle::VerifyInclusion(LeafIndex(leaf.item), TreeSize(header->count), HashLeaf(leaf.commitment.view()),
                                                        entry.batch_path, header->root);
  if (!member.ok()) return Failed(Entry(entry.index) + " is not in the batch that its publisher signed");
  const std::string& signer = header->attested_by.empty() ? header->publisher : header->attested_by;
  const PublisherKey* key = publishers.FindKey(signer, header->key);
  if (key == nullptr) return Failed("the log does not say whose key signed " + Entry(entry.index));
  if (!VerifySignature(key->public_key, batch->header, batch->signature))
    return Failed("the publisher's signature over " + Entry(entry.index) + " does not verify");

  Fact fact;
  fact.position = entry.index;
  fact.recorded = log.Recorded(entry.index);
  fact.outcome = leaf.outcome;
  fact.reason = leaf.reason;
  fact.publisher = header->publisher;
  fact.key = header->key;
  const events::BatchItem* item = leaf.clear ? &*leaf.clear : entry.opened ? &*entry.opened : nullptr;
  if (item == nullptr) {
    fact.erased = true;
    return fact;
  }
  if (events::Commit(item->bytes, item->encoding, item->salt) != leaf.commitment)
    return Failed("the event shown for " + Entry(entry.index) + " is not the one that the log commits to");
  events::Decoded decoded = events::Decode(item->bytes, item->encoding, {.check_digits = false});
  if (decoded.error != events::ErrorCode::kNone) return Failed("the event shown for " + Entry(entry.index) + " does not decode");
  if (leaf.clear) {
    fact.event = std::move(decoded.event);
    return fact;
  }
  // Facts about persons hold what views hold: no `object` and `text` fields.
  auto compact = events::DecodeCompact(events::EncodeCompact(decoded.event));
  if (!compact.ok()) return Failed("the event shown for " + Entry(entry.index) + " does not decode");
  fact.event = std::move(compact).value();
  if (fact.event.anchor) {
    const LeafIndex last(fact.event.anchor->size - 1);
    if (log.Find<ledger::EventLeaf>(last) == nullptr && log.Find<ledger::BatchLeaf>(last) == nullptr &&
        log.Find<ledger::GenesisLeaf>(last) == nullptr)
      return Failed("the checkpoint that " + Entry(entry.index) + " is anchored to is not in the file");
    fact.anchored = log.Recorded(last);
  }
  return fact;
}

Result<Publishers> Bootstrap(const ProvedLog& log, std::string_view origin) {
  const auto* genesis = log.Find<ledger::GenesisLeaf>(LeafIndex(0));
  if (genesis == nullptr) return Failed("the first entry of the log is missing");
  if (genesis->origin != origin) return Failed("the first entry names another log");
  const auto registrar = ParseVerifierKey(genesis->registrar_key);
  const auto own = ParseVerifierKey(genesis->ledger_key);
  if (!registrar.ok() || !own.ok()) return Failed("the first entry holds no usable keys");
  return Publishers(*registrar, *own);
}

}  // namespace

Result<Proved> VerifyEvidence(std::string_view file, const ledger::TlogPolicy& trust) {
  OPPI_TRY(const Evidence evidence, DecodeEvidence(file));
  Proved proved;
  auto trusted = ledger::OpenCheckpoint(evidence.checkpoint, trust);
  if (!trusted.ok()) return Failed("the checkpoint is not one to trust: " + trusted.error().message);
  const ledger::Checkpoint& checkpoint = trusted->checkpoint;
  proved.push_back("checkpoint of " + checkpoint.origin + " at size " + std::to_string(checkpoint.size.value()) +
                   " is signed as the trust file demands");
  if (evidence.view.size > checkpoint.size) return Failed("the answer claims to know more than the checkpoint covers");

  OPPI_TRY(const ProvedLog log, ProvedLog::Of(evidence, checkpoint));
  proved.push_back(std::to_string(log.size()) + " entries are in that log");

  // In log order, so that each key is known before anything it signed is looked at.
  OPPI_TRY(Publishers publishers, Bootstrap(log, checkpoint.origin));
  Facts facts;
  Facts registry;
  std::size_t erased = 0;
  for (const EvidenceEntry& entry : evidence.entries) {
    const auto* leaf = log.Find<ledger::EventLeaf>(entry.index);
    if (leaf == nullptr) continue;
    OPPI_TRY(Fact fact, ProveEvent(entry, *leaf, log, publishers));
    erased += fact.erased ? 1 : 0;
    if (!fact.erased && fact.event.sensitivity == events::Sensitivity::kS0) {
      publishers.Apply(fact);
      registry.push_back(fact);
    } else {
      facts.push_back(std::move(fact));
    }
  }
  proved.push_back(std::to_string(facts.size() + registry.size()) + " events are what their publishers signed, under keys that the log registers");
  if (erased > 0) proved.push_back(std::to_string(erased) + " of them are erased: their place in the log is proved, their content is gone");

  const auto computed = ComputeAnswer(evidence.question, evidence.access, facts, registry, evidence.view);
  if (!computed.ok()) return Failed("the answer cannot be computed from these events: " + computed.error().message);
  const Answer& again = *computed;
  if (again.result != evidence.result || again.count != evidence.count)
    return Failed("the answer is not what these events give");
  proved.push_back("the answer to '" + std::string(AskName(evidence.question.ask)) + "' is what these events give, computed again here");
  if (evidence.question.ask == Ask::kErasure)
    for (std::string& words : ErasureInWords(again)) proved.push_back(std::move(words));
  return proved;
}

Result<Answer> ComputeAnswer(const Question& question, const Access& access, const Facts& facts, const Facts& registry,
                             const View& view) {
  return ComputeAnswer(question, access, facts, *RegistryOf(registry), view);
}

Result<Answer> ComputeAnswer(const Question& question, const Access& access, const Facts& facts, const Registry& registry,
                             const View& view) {
  switch (question.ask) {
    case Ask::kRecord:
      return ToAnswer(AnswerRecord(question, access, facts, view, RulesAt(registry, view)));
    case Ask::kAudit:
      if (!question.format.empty()) return ExportAudit(question, access, facts, view);
      return ToAnswer(AnswerAudit(question, access, facts, view));
    case Ask::kConsents:
      if (!question.format.empty()) return ExportConsents(question, access, facts, registry, view);
      return AnswerConsents(question, access, facts, registry, view);
    case Ask::kTimeline:
      return AnswerTimeline(question, access, facts, registry, view);
    case Ask::kDecide:
      return AnswerDecide(question, facts, registry, view);
    case Ask::kObligations:
      return AnswerObligations(question, access, facts, registry, view);
    case Ask::kFindings:
      return AnswerFindings(question, access, facts, registry, view);
    case Ask::kErasure:
      return AnswerErasure(question, access, facts, registry, view);
    case Ask::kHolds:
      return AnswerHolds(question, access, facts, registry, view);
  }
  return InvalidArgument("this question cannot be answered");
}

}  // namespace oppi::projections
