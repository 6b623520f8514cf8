#include "projections/verifier.h"

#include <iterator>
#include <utility>

#include "projections/completeness.h"
#include "projections/consent_answer.h"
#include "projections/erasure_answer.h"
#include "projections/export/export_answer.h"
#include "projections/oversight.h"
#include "projections/proof_text.h"
#include "projections/proved_log.h"

namespace oppi::projections {
namespace {

/// What the file shows, as the folds take it.
struct Opened {
  Facts facts;
  Facts registry;
  std::size_t erased = 0;
};

Opened OpenedIn(const Evidence& evidence, const ProvedEvents& events) {
  Opened opened;
  for (const auto& [index, event] : events) {
    if (event.opening == Opening::kType) continue;
    opened.erased += event.opening == Opening::kClosed ? 1 : 0;
    (event.opening == Opening::kClear ? opened.registry : opened.facts).push_back(event.fact);
  }
  // An answer on one request for erasure is made from what belongs to that request.
  const Question& asked = evidence.claim.question;
  if (asked.ask == Ask::kErasure) {
    std::vector<LeafIndex> covered;
    if (const Fact* execution = ExecutionIn(opened.facts, asked))
      for (const ErasureEvidence& erasure : evidence.erasures)
        if (erasure.execution == execution->position) covered = erasure.covered;
    opened.facts = FactsOnErasure(asked, opened.facts, covered);
  }
  return opened;
}

}  // namespace

Result<Proved> CheckEvidence(const Evidence& evidence, const ledger::Checkpoint& checkpoint) {
  const Claim& claim = evidence.claim;
  Proved proved;
  OPPI_TRY(const ProvedLog log, ProvedLog::Of(evidence, checkpoint));
  proved.push_back(std::to_string(log.size()) + " entries are in that log");
  OPPI_RETURN_IF_ERROR(CheckView(claim, checkpoint, log));
  if (evidence.state) OPPI_RETURN_IF_ERROR(CheckStreams(evidence, log));
  OPPI_TRY(const ProvedEvents events, ProveEvents(evidence, log, checkpoint.origin));
  OPPI_RETURN_IF_ERROR(CheckNeeded(evidence, log, events, checkpoint));
  proved.push_back(std::to_string(events.size()) + " events are what their publishers signed, under keys that the log registers");
  OPPI_RETURN_IF_ERROR(CheckErasures(evidence, events));
  const Opened opened = OpenedIn(evidence, events);
  if (opened.erased > 0)
    proved.push_back(std::to_string(opened.erased) + " of them are erased: their place in the log is proved, their content is gone");
  if (evidence.state) OPPI_RETURN_IF_ERROR(CheckBearing(evidence, events));
  for (std::string& words : CompletenessInWords(evidence, log, events, checkpoint)) proved.push_back(std::move(words));

  const auto computed = ComputeAnswer(claim.question, claim.access, opened.facts, opened.registry, claim.view);
  if (!computed.ok()) return Failed("the answer cannot be computed from these events: " + computed.error().message);
  if (computed->result != claim.result || computed->count != claim.count)
    return Failed("the answer is not what these events give");
  proved.push_back("the answer to '" + std::string(AskName(claim.question.ask)) + "', valid at " + FormatInstant(claim.view.at) +
                   " and known at size " + std::to_string(claim.view.size.value()) +
                   ", is what these events give, computed again here");
  if (claim.question.ask == Ask::kErasure)
    for (std::string& words : ErasureInWords(*computed)) proved.push_back(std::move(words));
  proved.push_back("NOT shown: that no later public event of the registry, such as a new policy, was left out");
  return proved;
}

Result<Proved> VerifyEvidence(std::string_view file, const ledger::TlogPolicy& trust, const Demand& demand) {
  OPPI_TRY(const Evidence evidence, DecodeEvidence(file));
  auto trusted = ledger::OpenCheckpoint(evidence.checkpoint, trust);
  if (!trusted.ok()) return Failed("the checkpoint is not one to trust: " + trusted.error().message);
  if (demand.complete && !evidence.state)
    return Failed("the file does not show that nothing is left out: it has no whole stream, and was made for a question about no single learner or for somebody who may not see all of it");
  Proved proved = WhoSigned(*trusted, trust);
  OPPI_TRY(Proved rest, CheckEvidence(evidence, trusted->checkpoint));
  proved.insert(proved.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
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
