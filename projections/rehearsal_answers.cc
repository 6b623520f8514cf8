#include "projections/rehearsal_answers.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <variant>

#include "events/check.h"
#include "projections/audit_trail.h"
#include "projections/consent_state.h"
#include "projections/decision.h"
#include "projections/duties.h"
#include "projections/erasure_rules.h"
#include "projections/findings.h"
#include "projections/record_item.h"
#include "projections/suspect.h"
#include "projections/viewer.h"

namespace oppi::projections {
namespace {

using events::Outcome;

constexpr std::string_view kDefaultController = "K";

/// Everything one question needs to look back from its point.
struct Looking {
  const RehearsalLedger& ledger;
  const StoryQuestion& question;
  StoryPoint point;   // what the ledger holds
  TreeSize known{0};  // what the view sees
  Instant at{};

  [[nodiscard]] std::string Text(std::string_view input) const {
    const JsonValue* value = question.inputs.Find(input);
    return value == nullptr ? std::string() : value->string();
  }
  [[nodiscard]] std::string Controller() const {
    const std::string controller = Text("controller");
    return controller.empty() ? std::string(kDefaultController) : controller;
  }
  [[nodiscard]] JsonValue Label(const Fact* fact) const {
    return fact == nullptr ? JsonValue() : JsonValue::String(ledger.LabelAt(fact->position));
  }
  [[nodiscard]] JsonValue Label(const Grant* grant) const {
    return Label(grant == nullptr ? nullptr : grant->fact);
  }
  /// The same by event id.
  [[nodiscard]] JsonValue LabelOf(std::string_view event) const {
    for (const Fact& fact : ledger.log())
      if (fact.event.id == event) return Label(&fact);
    return {};
  }
  [[nodiscard]] JsonValue LabelsOf(const std::vector<std::string>& events) const {
    JsonValue labels = JsonValue::List();
    for (const std::string& event : events) labels.Append(LabelOf(event));
    return labels;
  }
  [[nodiscard]] Error Wrong(std::string_view why) const {
    return InvalidArgument("question " + question.id + ": " + std::string(why));
  }
};

JsonValue InstantOrNull(const std::optional<Instant>& instant) {
  return instant ? JsonValue::String(FormatInstant(*instant)) : JsonValue();
}

JsonValue DutyJson(const Looking& looking, const Duty& duty) {
  return JsonValue::Object({{"code", JsonValue::String(DutyCodeName(duty.code))},
                            {"due", JsonValue::String(FormatInstant(duty.due))},
                            {"event", looking.Label(duty.event)},
                            {"status", JsonValue::String(DutyStatusName(duty.status))}});
}

JsonValue DutyList(const Looking& looking, const std::vector<Duty>& duties) {
  JsonValue list = JsonValue::List();
  for (const Duty& duty : duties) list.Append(DutyJson(looking, duty));
  return list;
}

Result<JsonValue> AnswerDecide(const Looking& looking, const History& history) {
  DecideQuestion question;
  question.controller = looking.Controller();
  question.purpose = looking.Text("purpose");
  question.recipient = looking.Text("recipient");
  if (const JsonValue* categories = looking.question.inputs.Find("data_categories"))
    for (const JsonValue& category : categories->items())
      question.categories.push_back(category.string());
  if (const std::string op = looking.Text("op"); !op.empty()) question.op = *ParseDecisionOp(op);
  question.principal = looking.Text("principal");
  question.at = looking.at;
  if (const std::string label = looking.Text("min_known"); !label.empty()) {
    const auto point = looking.ledger.PointAfter(label);
    if (!point) return looking.Wrong("`min_known` names nothing that happens");
    question.min_known = point->size;
  }
  if (const JsonValue* freshness = looking.question.inputs.Find("freshness_ms"))
    question.freshness_ms = freshness->integer();
  const Decision decision = Decide(history, question);

  JsonValue answer =
      JsonValue::Object({{"result", JsonValue::String(DecisionResultName(decision.result))},
                         {"reason", JsonValue::StringOrNull(ReasonName(decision.reason))}});
  if (decision.result == DecisionResult::kStale || question.op == DecisionOp::kGuardianView)
    return answer;
  if (question.op == DecisionOp::kEmergencyRead) {
    answer.Set("by", looking.Label(decision.by));
    answer.Set("basis", JsonValue::StringOrNull(decision.basis));
    return answer;
  }
  answer.Set("consent", looking.Label(decision.consent));
  answer.Set("by", looking.Label(decision.by));
  answer.Set("basis", JsonValue::StringOrNull(decision.basis));
  answer.Set("flags", JsonValue::Strings(FlagNames(decision.flags, decision.basis_contested)));
  answer.Set("missing", JsonValue::Strings(decision.missing));
  answer.Set("permitted_subset", JsonValue::Strings(decision.permitted_subset));
  JsonValue denied = JsonValue::Object();
  for (const auto& entry : decision.denied)
    denied.Set(entry.first, JsonValue::String(ReasonName(entry.second)));
  answer.Set("denied", std::move(denied));
  if (decision.result == DecisionResult::kPermit)
    answer.Set("obligations", DutyList(looking, decision.obligations));
  return answer;
}

/// The texts an Atom points to.
struct AtomTexts {
  std::string controller;
  std::string purpose;
  std::string recipient;
  std::string category;

  explicit AtomTexts(const Looking& looking)
      : controller(looking.Controller()),
        purpose(looking.Text("purpose")),
        recipient(looking.Text("recipient")),
        category(looking.Text("data_category")) {}
  [[nodiscard]] Atom atom() const { return {controller, purpose, recipient, category}; }
};

JsonValue AnswerConsentState(const Looking& looking, const History& history) {
  const AtomTexts texts(looking);
  const ConsentState state = StateOf(history, texts.atom(), looking.at);
  std::vector<std::string> flags = FlagNames(state.flags, /*basis_contested=*/false);
  if (state.quarantined_grant) flags.emplace_back("QUARANTINED_GRANT");
  if (state.suspect_grant) flags.emplace_back("SUSPECT_GRANT");
  std::sort(flags.begin(), flags.end());
  JsonValue notice;
  if (state.consent != nullptr) {
    const events::Event& given = state.consent->fact->event;
    notice = JsonValue::Object(
        {{"notice", JsonValue::StringOrNull(given.text("notice"))},
         {"notice_version", JsonValue::StringOrNull(given.text("notice_version"))},
         {"rendered_hash", JsonValue::StringOrNull(given.text("rendered_hash"))}});
  }
  return JsonValue::Object({{"state", JsonValue::String(ConsentStatusName(state.status))},
                            {"reason", JsonValue::StringOrNull(state.reason)},
                            {"consent", looking.Label(state.consent)},
                            {"by", looking.Label(state.by)},
                            {"since", InstantOrNull(state.since)},
                            {"flags", JsonValue::Strings(flags)},
                            {"dpv", JsonValue::String(DpvStatusName(state.status))},
                            {"until", InstantOrNull(state.until)},
                            {"notice", std::move(notice)}});
}

JsonValue AnswerTimeline(const Looking& looking, const History& history) {
  const AtomTexts texts(looking);
  JsonValue segments = JsonValue::List();
  for (const Segment& segment : TimelineOf(history, texts.atom()))
    segments.Append(
        JsonValue::Object({{"state", JsonValue::String(ConsentStatusName(segment.status))},
                           {"from", InstantOrNull(segment.from)},
                           {"until", InstantOrNull(segment.until)},
                           {"consent", looking.Label(segment.consent)},
                           {"by", looking.Label(segment.by)}}));
  return JsonValue::Object({{"segments", std::move(segments)}});
}

JsonValue AnswerFindings(const Looking& looking, const std::string& learner, const Facts& stream) {
  JsonValue findings = JsonValue::List();
  const FindingFilter filter{looking.Text("purpose"), looking.Text("recipient")};
  for (const Finding& finding :
       FindingsOf(learner, looking.ledger.registry(), stream, looking.known, filter)) {
    JsonValue row =
        JsonValue::Object({{"event", looking.Label(finding.disclosure)},
                           {"finding", JsonValue::String(FindingName(finding.code))},
                           {"reason", JsonValue::StringOrNull(ReasonName(finding.reason))}});
    if (finding.known_from != nullptr) row.Set("known_from", looking.Label(finding.known_from));
    if (finding.latency_seconds)
      row.Set("latency_seconds", JsonValue::Integer(*finding.latency_seconds));
    findings.Append(std::move(row));
  }
  return JsonValue::Object({{"findings", std::move(findings)}});
}

JsonValue AnswerHolders(const Looking& looking, const History& history) {
  const std::string purpose = looking.Text("purpose");
  const Holders holders = history.authority().HoldersAt(purpose, looking.at);
  return JsonValue::Object(
      {{"holders", JsonValue::Strings({holders.persons.begin(), holders.persons.end()})},
       {"rule", holders.purpose == nullptr
                    ? JsonValue()
                    : JsonValue::String(ConsentRuleName(holders.purpose->rule))}});
}

Result<JsonValue> AnswerIntake(const Looking& looking) {
  const std::string label = looking.Text("event");
  const StoryIntake* intake = looking.ledger.IntakeOf(label);
  const auto when = looking.ledger.PointAfter(label);
  if (intake == nullptr || !when || looking.point.step < when->step)
    return looking.Wrong("`event` names no event that has happened");
  JsonValue answer =
      JsonValue::Object({{"outcome", JsonValue::String(events::OutcomeName(intake->outcome))}});
  if (intake->outcome == Outcome::kRejected || intake->outcome == Outcome::kQuarantined)
    answer.Set("code", JsonValue::String(events::ErrorName(intake->code)));
  if (intake->outcome == Outcome::kDuplicate || intake->code == events::ErrorCode::kIdConflict)
    answer.Set("original", JsonValue::String(looking.ledger.LabelAt(*intake->original)));
  if (intake->outcome != Outcome::kRejected)
    answer.Set("recorded_at", InstantOrNull(intake->recorded));
  return answer;
}

JsonValue AnswerStreamCount(const Looking& looking) {
  const auto positions = looking.ledger.StreamPositions(looking.Text("learner"), looking.known);
  return JsonValue::Object(
      {{"count", JsonValue::Integer(static_cast<std::int64_t>(positions.size()))},
       {"last", positions.empty() ? JsonValue()
                                  : JsonValue::String(looking.ledger.LabelAt(positions.back()))}});
}

Result<JsonValue> AnswerErasure(const Looking& looking) {
  const std::string label = looking.Text("request");
  const StoryIntake* intake = looking.ledger.IntakeOf(label);
  const auto when = looking.ledger.PointAfter(label);
  if (intake == nullptr || !when || looking.point.step < when->step)
    return looking.Wrong("`request` names no event that has happened");
  JsonValue answer = JsonValue::Object(
      {{"status", JsonValue()}, {"by", JsonValue()}, {"covered", JsonValue()}, {"due", {}}});
  if (intake->outcome == Outcome::kRejected) {
    answer.Set("status", JsonValue::String(ErasureStatusName(ErasureStatus::kRefused)));
    return answer;
  }
  const std::string id = looking.ledger.IdOf(label);
  const Facts& log = looking.ledger.log();
  const auto told =
      std::find_if(log.begin(), log.end(), [&](const Fact& fact) { return fact.event.id == id; });
  if (told == log.end() || told->event.type != events::EventType::kErasureRequested)
    return looking.Wrong("`request` is no request for erasure");
  const std::string learner = told->event.subject;
  const Facts stream = looking.ledger.StreamOf(learner, looking.point.size);
  const History history(learner, looking.ledger.registry(), stream, looking.known);
  const Fact* request = history.Find(id);
  if (request == nullptr) return answer;  // the view does not see it
  const ErasureProgress progress = ProgressOf(history, *request, looking.at);
  answer.Set("status", JsonValue::String(ErasureStatusName(progress.status)));
  answer.Set("by", looking.Label(progress.by));
  if (progress.covered) answer.Set("covered", JsonValue::Integer(*progress.covered));
  if (progress.status == ErasureStatus::kDue) answer.Set("due", InstantOrNull(progress.due));
  return answer;
}

JsonValue AnswerSuspects(const Looking& looking) {
  const Facts log = looking.ledger.WholeLog(looking.point.size);
  std::vector<const Fact*> facts;
  for (const Fact& fact : log) facts.push_back(&fact);
  const SuspectSet set = SuspectSetOf(looking.Text("publisher"), looking.Text("key"), facts,
                                      looking.ledger.registry().publishers(), looking.known);
  const auto labels = [&](const std::vector<const Fact*>& list) {
    JsonValue named = JsonValue::List();
    for (const Fact* fact : list) named.Append(looking.Label(fact));
    return named;
  };
  return JsonValue::Object(
      {{"suspect", labels(set.suspect)}, {"reattested", labels(set.reattested)}});
}

JsonValue AnswerObligations(const Looking& looking, const std::string& learner,
                            const Facts& stream) {
  const Registry& registry = looking.ledger.registry();
  const TreeSize size = RecordedBy(stream, registry, looking.known, looking.at);
  const History history(learner, registry, stream, size);
  return JsonValue::Object({{"obligations", DutyList(looking, DutiesOf(history, looking.at))}});
}

JsonValue AnswerBasis(const Looking& looking) {
  const Registry& registry = looking.ledger.registry();
  const std::string category = looking.Text("data_category");
  const PolicyPack* pack = registry.PackAt(looking.at, looking.known);
  const std::vector<std::string_view> path =
      pack == nullptr ? std::vector<std::string_view>{category} : pack->PathOf(category);
  const auto basis = registry.bases().At(looking.Controller(), looking.Text("purpose"), path,
                                         looking.at, looking.known);
  const BasisStatus status =
      basis ? registry.bases().StandingOf(*basis, looking.known).status : BasisStatus::kNone;
  return JsonValue::Object({{"basis", basis ? JsonValue::String(basis->code) : JsonValue()},
                            {"asserted_by", basis ? looking.Label(basis->fact) : JsonValue()},
                            {"status", JsonValue::String(BasisStatusName(status))}});
}

/// Pack and view of the question, as the folds of the record take them.
RecordRules RulesAt(const Looking& looking) {
  RecordRules rules;
  if (const PolicyPack* pack = looking.ledger.registry().PackAt(looking.at, looking.known)) {
    rules.ages = {pack->majority_age, pack->leap_birthday};
    rules.statutory_types = pack->statutory_types;
  }
  return rules;
}

JsonValue AnswerRecordItem(const Looking& looking, const std::string& learner,
                           const Facts& stream) {
  const JsonValue* asked = looking.question.inputs.Find("item");
  RecordItem item{*ParseRecordItemKind(asked->Find("kind")->string()), {}};
  for (const std::string_view member : {"code", "lesson", "id"})
    if (const JsonValue* code = asked->Find(member)) item.code = code->string();
  const RecordItemAnswer found =
      RecordAsOf(learner, stream, {looking.at, looking.known}, item, RulesAt(looking));
  Result<JsonValue> answer = ParseJson(RecordItemJson(found));
  OPPI_CHECK(answer.ok());
  answer->Set("event", looking.LabelOf(found.event));
  answer->Set("replaces", looking.LabelsOf(found.replaces));
  if (!found.by.empty()) answer->Set("by", looking.LabelOf(found.by));
  if (const auto* list = std::get_if<std::vector<std::string>>(&found.value))
    answer->Set("value", looking.LabelsOf(*list));
  return std::move(answer).value();
}

JsonValue AnswerAudit(const Looking& looking) {
  const JsonValue* viewer = looking.question.inputs.Find("viewer");
  const std::string& role = viewer->Find("role")->string();
  const JsonValue* person = viewer->Find("person");
  const std::string learner = looking.Text("learner");
  const Facts facts = learner.empty() ? looking.ledger.WholeLog(looking.point.size)
                                      : looking.ledger.StreamOf(learner, looking.point.size);
  ViewerCheck check = CheckViewer(role, person == nullptr ? std::string() : person->string(),
                                  learner, facts, looking.at, RulesAt(looking).ages);
  // The model has one word for a viewer whose role gives no view of the trail, and a trail of no
  // particular learner is nobody's own.
  const bool officer = role == "DPO" || role == "AUDITOR";
  if (check.denial == "ROLE_NOT_ALLOWED" || (learner.empty() && !officer))
    check.denial = ReasonName(Reason::kNotSubject);
  if (!check.denial.empty())
    return JsonValue::Object(
        {{"result", JsonValue::String(DecisionResultName(DecisionResult::kDeny))},
         {"reason", JsonValue::String(check.denial)}});
  AuditQuery query;
  query.actor = looking.Text("actor");
  const AuditTrail trail =
      BuildAudit(facts, {looking.at, looking.known}, query,
                 check.redact ? AuditRedaction::kProtection : AuditRedaction::kNone);
  JsonValue entries = JsonValue::List();
  for (const AuditEntry& entry : trail.entries)
    entries.Append(JsonValue::Object({{"event", looking.LabelOf(entry.event)},
                                      {"action", JsonValue::String(entry.action)},
                                      {"organisation", JsonValue::StringOrNull(entry.organisation)},
                                      {"at", JsonValue::String(entry.at)}}));
  return JsonValue::Object(
      {{"result", JsonValue::String(DecisionResultName(DecisionResult::kPermit))},
       {"reason", JsonValue()},
       {"total", JsonValue::Integer(static_cast<std::int64_t>(trail.total))},
       {"redacted", JsonValue::Integer(static_cast<std::int64_t>(trail.redacted))},
       {"entries", std::move(entries)}});
}

/// What a restored node says to everything until the erase list is applied.
JsonValue NotReady() {
  const JsonValue text = JsonValue::String(DecisionResultName(DecisionResult::kNotReady));
  // Whatever member the answer would lead with says it.
  return JsonValue::Object({{"result", text}, {"state", text}, {"status", text}, {"reason", {}}});
}

Result<JsonValue> AnswerAboutLearner(const Looking& looking) {
  const std::string& ask = looking.question.ask;
  const std::string learner = looking.Text("learner");
  const Facts stream = looking.ledger.StreamOf(learner, looking.point.size);
  if (ask == "processing_after_withdrawal") return AnswerFindings(looking, learner, stream);
  if (ask == "obligations") return AnswerObligations(looking, learner, stream);
  if (ask == "record_as_of") return AnswerRecordItem(looking, learner, stream);
  const History history(learner, looking.ledger.registry(), stream, looking.known);
  if (ask == "decide") return AnswerDecide(looking, history);
  if (ask == "consent_state") return AnswerConsentState(looking, history);
  if (ask == "timeline") return AnswerTimeline(looking, history);
  return AnswerHolders(looking, history);
}

}  // namespace

Result<JsonValue> AnswerStoryQuestion(const RehearsalLedger& ledger,
                                      const StoryQuestion& question) {
  Looking looking{ledger, question, ledger.End(), TreeSize(0), {}};
  if (!question.asked_after.empty()) {
    const auto point = ledger.PointAfter(question.asked_after);
    if (!point) return looking.Wrong("`asked_after` names nothing that happens");
    looking.point = *point;
  }
  looking.known = looking.point.size;
  if (!question.as_known_after.empty()) {
    const auto point = ledger.PointAfter(question.as_known_after);
    if (!point) return looking.Wrong("`as_known_after` names nothing that happens");
    if (looking.point.size < point->size)
      return looking.Wrong("`as_known_after` lies behind `asked_after`");
    looking.known = point->size;
  }
  const std::uint64_t held = looking.point.size.value();
  looking.at = question.at.value_or(held == 0 ? kInstantMin : ledger.log()[held - 1].recorded);

  const std::string& ask = question.ask;
  if (ask == "intake_result") return AnswerIntake(looking);
  if (ask == "stream_count") return AnswerStreamCount(looking);
  if (!looking.point.ready) return NotReady();
  if (ask == "erasure_status") return AnswerErasure(looking);
  if (ask == "suspect_set") return AnswerSuspects(looking);
  if (ask == "basis_status") return AnswerBasis(looking);
  if (ask == "audit_trail") return AnswerAudit(looking);
  return AnswerAboutLearner(looking);
}

}  // namespace oppi::projections
