#include "consumers/ledger_desk.h"

#include "events/ids.h"
#include "projections/authorise.h"
#include "projections/consent_answer.h"
#include "projections/erasure_answer.h"
#include "projections/erasure_work.h"
#include "projections/evidence_gather.h"
#include "projections/log_reader.h"
#include "projections/openable.h"
#include "projections/verifier.h"

namespace oppi::consumers {
namespace {

using projections::Ask;
using projections::Facts;
using projections::Projection;
using projections::Question;

/// QUERY code of the access event.
std::string_view QueryCode(Ask ask) {
  switch (ask) {
    case Ask::kRecord: return "LEARNER_RECORD";
    case Ask::kAudit: return "AUDIT_TRAIL";
    case Ask::kConsents:
    case Ask::kTimeline:
    case Ask::kDecide:
    case Ask::kObligations:
    case Ask::kFindings: return "CONSENT";
    case Ask::kErasure:
    case Ask::kHolds: return "RECORD";
  }
  return "RECORD";
}

/// Whoever is asked about must look like a person; whether there is one is not told here.
Status CheckNames(const Question& question) {
  if (!question.learner.empty() && events::CheckPerson(question.learner, false) != events::IdCheck::kOk)
    return InvalidArgument("FIELD_TYPE: learner");
  if (!question.controller.empty() && events::CheckOrganisation(question.controller, false) != events::IdCheck::kOk)
    return InvalidArgument("FIELD_TYPE: controller");
  return {};
}

Error Refused(const projections::Access& access) {
  return PermissionDenied(access.refusal + ": this question is not open to you");
}

}  // namespace

Result<TreeSize> SizeKnownAt(const ledger::LogView& view, Instant t) {
  // Recorded times rise strictly with the position.
  std::uint64_t low = 0;
  std::uint64_t high = view.size().value();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    OPPI_TRY(const ledger::Leaf leaf, view.ReadLeaf(LeafIndex(middle)));
    if (leaf.recorded <= t)
      low = middle + 1;
    else
      high = middle;
  }
  return TreeSize(low);
}

Result<std::string> LedgerDesk::Answer(const Question& asked, const projections::Asker& asker) {
  if (asked.ask == Ask::kDecide && !asked.evidence) return AnswerDecide(asked, asker);
  OPPI_RETURN_IF_ERROR(CheckNames(asked));
  if (AsksOfMany(asked)) return AnswerPage(asked, asker);
  // One view for the whole answer; the projections must have reached it.
  std::shared_ptr<const ledger::LogView> log = ports_.view();
  if (asked.evidence && ports_.witnessed) log = ports_.witnessed(log);  // answer and evidence are of one view
  OPPI_TRY(const Question question, WithLearner(asked, *log));
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(const TreeSize size, SizeAsked(question, *log));
  const Instant now = ports_.clock.Now();
  const projections::View view{question.valid_at.value_or(now), size};

  // Default deny. Permission is a matter of now and of everything recorded so far.
  OPPI_TRY(Facts facts, FactsFor(question, log->size()));
  OPPI_TRY(const auto snapshot, ports_.registry.At(*log));
  const projections::Registry& registry = *snapshot->registry;
  const projections::AgeRules ages = projections::RulesAt(registry, {now, log->size()}).ages;
  const projections::Access access = projections::Authorise(question, asker, facts, now, ages);
  if (!access.permitted()) return Refused(access);
  // A record lists what is lost; any other answer would pass for one that knows of nothing.
  if (question.ask != Ask::kRecord || question.evidence) OPPI_RETURN_IF_ERROR(projections::NothingLost(facts, view.size));
  if (projections::RestsOnHeld(access, question, facts, view))
    return PermissionDenied("HELD: what this answer rests on is kept for a legal hold alone");
  if (question.ask == Ask::kErasure) {
    OPPI_TRY(facts, OnErasure(question, std::move(facts)));
  }

  std::optional<Facts> openable;
  if (question.evidence) {
    openable = projections::Openable(access, question, facts, view);
    // An answer that cannot carry its proof is refused, never sent bare.
    if (!openable) return PermissionDenied("EVIDENCE_NOT_ALLOWED: the events behind this answer are not open to you");
  }

  OPPI_TRY(const projections::Answer answer, projections::ComputeAnswer(question, access, facts, registry, view));
  // The access is durable before the answer leaves.
  if (question.ask == Ask::kDecide) {
    OPPI_RETURN_IF_ERROR(accesses_.Record(DecisionEvent(question, asker, view, DecideFrom(question, facts, registry, view))));
  } else {
    OPPI_RETURN_IF_ERROR(accesses_.Record(ReadEvent(question, asker, answer)));
  }
  std::string json = projections::AnswerJson(question, view, answer, log->note());
  if (!question.evidence) return json;
  OPPI_TRY(const std::string evidence, EvidenceFor(question, access, *openable, view, answer, *log));
  json.pop_back();  // the envelope's closing brace
  return json + ",\"evidence\":" + evidence + "}";
}

Result<LedgerDesk::Judgement> LedgerDesk::Judge(const Question& question, const projections::Asker& asker) {
  OPPI_CHECK(question.ask == Ask::kDecide && !question.evidence);
  OPPI_RETURN_IF_ERROR(CheckNames(question));
  Judgement judgement;
  judgement.log = ports_.view();
  OPPI_TRY(const TreeSize size, SizeAsked(question, *judgement.log));
  const Instant now = ports_.clock.Now();
  judgement.view = {question.valid_at.value_or(now), size};
  // Who may ask for a decision is no matter of what is known of the learner (projections/authorise.cc).
  const projections::Access access = projections::Authorise(question, asker, {}, now, {});
  if (!access.permitted()) return Refused(access);
  OPPI_TRY(const auto registry, ports_.registry.At(*judgement.log));
  OPPI_TRY(judgement.decided, ports_.decider.Decide(question, judgement.view, *registry, judgement.log->size()));
  return judgement;
}

Result<std::string> LedgerDesk::AnswerDecide(const Question& question, const projections::Asker& asker) {
  OPPI_TRY(const Judgement judgement, Judge(question, asker));
  // The decision is durable before the answer leaves.
  OPPI_RETURN_IF_ERROR(accesses_.Record(DecisionEvent(question, asker, judgement.view, judgement.decided)));
  return projections::AnswerJson(question, judgement.view, ToAnswer(judgement.decided), judgement.log->note());
}

Result<std::string> LedgerDesk::EvidenceFor(const Question& question, const projections::Access& access, const Facts& facts,
                                            const projections::View& view, const projections::Answer& answer,
                                            const ledger::LogView& log) const {
  projections::Claim claim{question, access, view, answer.result, answer.count};
  claim.question.reason.clear();  // why somebody asked is no part of what is so
  OPPI_TRY(const projections::Evidence evidence,
           projections::GatherEvidence({log, ports_.stores, ports_.erasure_list}, std::move(claim), facts));
  return projections::EncodeEvidence(evidence);
}

/// A request for erasure is named by its id alone: whose data it is about stands in the log.
Result<Question> LedgerDesk::WithLearner(Question question, const ledger::LogView& log) const {
  if (question.ask != Ask::kErasure) return question;
  OPPI_TRY(const auto request, projections::FindEvent(log, ports_.stores.vault, question.request));
  const bool found = request && !request->erased && request->event.type == events::EventType::kErasureRequested &&
                     (question.learner.empty() || question.learner == request->event.subject);
  if (!found) return NotFound("REQUEST_UNKNOWN: there is no erasure request of this id");
  question.learner = request->event.subject;
  return question;
}

Result<Facts> LedgerDesk::OnErasure(const Question& question, Facts facts) const {
  std::vector<LeafIndex> covered;
  if (const projections::Fact* execution = projections::ExecutionIn(facts, question)) {
    if (!ports_.erasure_list) return Unavailable("NOT_READY: the erasure list is not open");
    OPPI_TRY(const ledger::ErasureList list, ports_.erasure_list());
    OPPI_TRY(covered, projections::FindCovered(list, facts, *execution));
  }
  return projections::FactsOnErasure(question, facts, covered);
}

Status LedgerDesk::RecordListing(const projections::Asker& asker, std::uint64_t count) {
  events::Event event = AccessEvent(events::EventType::kAccessRead, {}, asker);
  event.SetText("actor", asker.principal).SetText("actor_role", asker.role);
  event.SetText("organisation", asker.organisation).SetText("purpose", asker.purpose);
  event.SetText("query", "BULK").SetNumber("result_count", static_cast<std::int64_t>(count));
  return accesses_.Record(event);
}

Result<TreeSize> LedgerDesk::SizeAsked(const Question& question, const ledger::LogView& view) const {
  TreeSize size = view.size();
  if (question.known_size) size = *question.known_size;
  if (question.known_at) {
    OPPI_TRY(size, SizeKnownAt(view, *question.known_at));
  }
  if (size > view.size()) return NotFound("SIZE_UNKNOWN: the log is not that long");
  return size;
}

Result<Facts> LedgerDesk::FactsFor(const Question& question, TreeSize cursor) const {
  const projections::ViewStores& stores = ports_.stores;
  if (question.learner.empty()) {
    if (!question.actor.empty())
      return projections::ReadIndexed(stores.views, stores.vault, Projection::kByActor, question.actor, cursor);
    return projections::ReadIndexed(stores.views, stores.vault, Projection::kByPublisher, question.publisher, cursor);
  }
  return projections::ReadPerson(stores, question.learner, cursor);
}

events::Event LedgerDesk::AccessEvent(events::EventType type, const Question& question, const projections::Asker& asker) const {
  events::Event event = events::MakeEvent(type);
  event.time = ports_.clock.Now();
  event.id = events::MakeUuidV7(event.time, ports_.entropy);
  event.source = "urn:oid:" + ports_.organisation + "/ledger";
  event.subject = question.learner;
  event.controller = !question.controller.empty()                               ? question.controller
                     : !asker.organisation.empty() && asker.organisation != "*" ? asker.organisation
                                                                                : ports_.organisation;
  return event;
}

events::Event LedgerDesk::ReadEvent(const Question& question, const projections::Asker& asker,
                                    const projections::Answer& answer) const {
  events::Event event = AccessEvent(events::EventType::kAccessRead, question, asker);
  event.SetText("actor", asker.principal).SetText("actor_role", asker.role);
  event.SetText("organisation", asker.organisation).SetText("purpose", asker.purpose);
  event.SetText("query", std::string(QueryCode(question.ask)));
  event.SetNumber("result_count", static_cast<std::int64_t>(answer.count));
  if (!question.reason.empty()) event.SetText("reason_text", question.reason);
  return event;
}

events::Event LedgerDesk::DecisionEvent(const Question& question, const projections::Asker& asker,
                                        const projections::View& view, const projections::Decided& decided) const {
  events::Event event = AccessEvent(events::EventType::kAccessDecisionMade, question, asker);
  event.SetText("purpose", question.purpose).SetText("recipient", question.recipient);
  event.SetList("data_categories", question.categories);
  event.SetText("result", std::string(projections::DecisionResultName(decided.result)));
  if (decided.reason != projections::Reason::kNone) event.SetText("reason", std::string(projections::ReasonName(decided.reason)));
  if (!decided.basis.empty()) event.SetText("basis", decided.basis);
  if (decided.consent) event.SetText("consent", decided.consent->event);
  event.SetNumber("known_size", static_cast<std::int64_t>(view.size.value()));
  event.SetText("policy_hash", HashText(decided.policy.value_or(Sha256Digest{})));
  return event;
}

}  // namespace oppi::consumers
