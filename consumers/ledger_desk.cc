#include "consumers/ledger_desk.h"

#include "events/ids.h"
#include "ledger/own_events.h"
#include "projections/authorise.h"
#include "projections/evidence.h"
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
  // One view for the whole answer; the projections must have reached it.
  const std::shared_ptr<const ledger::LogView> log = ports_.view();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(const TreeSize size, SizeAsked(question, *log));
  const Instant now = ports_.clock.Now();
  const projections::View view{question.valid_at.value_or(now), size};

  // Default deny. Permission is a matter of now and of everything recorded so far.
  OPPI_TRY(const Facts facts, FactsFor(question, log->size()));
  const projections::Access access = projections::Authorise(question, asker, facts, now, {});
  if (!access.permitted()) return PermissionDenied(access.refusal + ": this question is not open to you");

  OPPI_TRY(const Facts registry, projections::ReadRegistry(ports_.stores.views, log->size()));
  OPPI_TRY(const projections::Answer answer, projections::ComputeAnswer(question, access, facts, registry, view));
  // The access is durable before the answer leaves.
  OPPI_RETURN_IF_ERROR(RecordAccess(question, asker, answer));
  std::string json = projections::AnswerJson(question, view, answer, log->note());
  if (!question.evidence) return json;
  OPPI_TRY(const std::string evidence, EvidenceFor(question, access, facts, view, answer, *log));
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
  OPPI_TRY(const auto handle, stores.vault.FindHandle(question.learner));
  if (!handle) return Facts();
  return projections::ReadFacts(stores, *handle, {Projection::kRecord, Projection::kConsent, Projection::kAudit}, cursor, cursor);
}

Status LedgerDesk::RecordAccess(const Question& question, const projections::Asker& asker, const projections::Answer& answer) {
  events::Event read = events::MakeEvent(events::EventType::kAccessRead);
  read.time = ports_.clock.Now();
  read.id = events::MakeUuidV7(read.time, ports_.entropy);
  read.source = "urn:oid:" + ports_.organisation + "/ledger";
  read.subject = question.learner;
  read.controller = !question.controller.empty()                        ? question.controller
                    : !asker.organisation.empty() && asker.organisation != "*" ? asker.organisation
                                                                               : ports_.organisation;
  read.SetText("actor", asker.principal);
  read.SetText("actor_role", asker.role);
  read.SetText("organisation", asker.organisation);
  read.SetText("purpose", asker.purpose);
  read.SetText("query", std::string(QueryCode(question.ask)));
  read.SetNumber("result_count", static_cast<std::int64_t>(answer.count));
  if (!question.reason.empty()) read.SetText("reason_text", question.reason);
  OPPI_TRY(events::SignedBatch batch, ledger::SignOwnEvents({read}, ports_.origin, ports_.ledger_key, ports_.entropy));
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
