#include "consumers/ledger_desk.h"

#include <nlohmann/json.hpp>

#include "events/ids.h"
#include "ledger/own_events.h"
#include "projections/authorise.h"
#include "projections/consent_answer.h"
#include "projections/evidence.h"
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
    case Ask::kDecide: return "CONSENT";
  }
  return "RECORD";
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

Result<std::string> LedgerDesk::Answer(const Question& question, const projections::Asker& asker) {
  // Whoever is asked about must look like a person; whether there is one is not told here.
  if (!question.learner.empty() && events::CheckPerson(question.learner, false) != events::IdCheck::kOk)
    return InvalidArgument("FIELD_TYPE: learner");
  if (!question.controller.empty() && events::CheckOrganisation(question.controller, false) != events::IdCheck::kOk)
    return InvalidArgument("FIELD_TYPE: controller");
  // One view for the whole answer; the projections must have reached it.
  const std::shared_ptr<const ledger::LogView> log = ports_.view();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(const TreeSize size, SizeAsked(question, *log));
  const Instant now = ports_.clock.Now();
  const projections::View view{question.valid_at.value_or(now), size};

  // Default deny. Permission is a matter of now and of everything recorded so far.
  OPPI_TRY(const Facts facts, FactsFor(question, log->size()));
  OPPI_TRY(const Facts registry, projections::ReadFullRegistry(*log, ports_.stores, log->size()));
  const projections::AgeRules ages =
      projections::RulesAt(*projections::RegistryOf(registry), {now, log->size()}).ages;
  const projections::Access access = projections::Authorise(question, asker, facts, now, ages);
  if (!access.permitted()) return PermissionDenied(access.refusal + ": this question is not open to you");

  std::optional<Facts> openable;
  if (question.evidence) {
    openable = projections::Openable(access, question, facts, view);
    // An answer that cannot carry its proof is refused, never sent bare.
    if (!openable) return PermissionDenied("EVIDENCE_NOT_ALLOWED: the events behind this answer are not open to you");
  }

  OPPI_TRY(const projections::Answer answer, projections::ComputeAnswer(question, access, facts, registry, view));
  // The access is durable before the answer leaves.
  OPPI_RETURN_IF_ERROR(RecordAccess(AccessEvent(question, asker, view, answer)));
  std::string json = projections::AnswerJson(question, view, answer, log->note());
  if (!question.evidence) return json;
  OPPI_TRY(const std::string evidence, EvidenceFor(question, access, *openable, view, answer, *log));
  json.pop_back();  // the envelope's closing brace
  return json + ",\"evidence\":" + evidence + "}";
}

Result<std::string> LedgerDesk::EvidenceFor(const Question& question, const projections::Access& access, const Facts& facts,
                                            const projections::View& view, const projections::Answer& answer,
                                            const ledger::LogView& log) const {
  projections::Evidence evidence{question, access, view, answer.result, answer.count, log.note(), {}};
  OPPI_TRY(evidence.entries, projections::GatherEntries(log, ports_.stores, facts));
  return projections::EncodeEvidence(evidence);
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

/// What was decided is an event of its own kind; everything else is a read.
events::Event LedgerDesk::AccessEvent(const Question& question, const projections::Asker& asker,
                                      const projections::View& view, const projections::Answer& answer) const {
  const bool decision = question.ask == Ask::kDecide;
  events::Event event = events::MakeEvent(decision ? events::EventType::kAccessDecisionMade : events::EventType::kAccessRead);
  event.time = ports_.clock.Now();
  event.id = events::MakeUuidV7(event.time, ports_.entropy);
  event.source = "urn:oid:" + ports_.organisation + "/ledger";
  event.subject = question.learner;
  event.controller = !question.controller.empty()                               ? question.controller
                     : !asker.organisation.empty() && asker.organisation != "*" ? asker.organisation
                                                                                : ports_.organisation;
  if (decision) {
    const auto result = nlohmann::json::parse(answer.result);
    const auto text = [&](const char* name) { return result[name].is_string() ? result[name].get<std::string>() : std::string(); };
    event.SetText("purpose", question.purpose).SetText("recipient", question.recipient);
    event.SetList("data_categories", question.categories).SetText("result", text("result"));
    for (const char* optional : {"reason", "basis", "consent"})
      if (!text(optional).empty()) event.SetText(optional, text(optional));
    event.SetNumber("known_size", static_cast<std::int64_t>(view.size.value()));
    event.SetText("policy_hash", text("policy_hash").empty() ? HashText(Sha256Digest{}) : text("policy_hash"));
    return event;
  }
  event.SetText("actor", asker.principal).SetText("actor_role", asker.role);
  event.SetText("organisation", asker.organisation).SetText("purpose", asker.purpose);
  event.SetText("query", std::string(QueryCode(question.ask)));
  event.SetNumber("result_count", static_cast<std::int64_t>(answer.count));
  if (!question.reason.empty()) event.SetText("reason_text", question.reason);
  return event;
}

Status LedgerDesk::RecordAccess(const events::Event& event) {
  OPPI_TRY(events::SignedBatch batch, ledger::SignOwnEvents({event}, ports_.origin, ports_.ledger_key, ports_.entropy));
  OPPI_TRY(const BatchReport report, ports_.road.Ingest(std::move(batch)));
  const bool recorded = report.error == events::ErrorCode::kNone && report.items.size() == 1 &&
                        report.items[0].outcome == events::Outcome::kAccepted;
  if (!recorded) {
    const events::ErrorCode code = report.items.empty() ? report.error : report.items[0].code;
    return InvalidArgument("the access could not be recorded, so there is no answer: " + std::string(events::ErrorName(code)));
  }
  return {};
}

}  // namespace oppi::consumers
