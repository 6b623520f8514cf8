#include <algorithm>

#include "projections/decision.h"
#include "projections/rehearsal_answers.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

constexpr std::string_view kRedacted = "[suojattu]";
constexpr std::string_view kAccessPrefix = "access.";

bool IsEntry(const Fact& fact) {
  return !fact.erased && fact.event.info().group == "access" &&
         fact.event.type != EventType::kAccessDecisionMade &&
         fact.event.type != EventType::kAccessEmergencyReviewed;
}

/// The organisation that acted; where the event names a recipient only, that recipient.
std::string_view OrganisationOf(const Event& event) {
  const std::string_view organisation = event.text("organisation");
  return organisation.empty() ? event.text("recipient") : organisation;
}

/// kNone: the viewer may see.
Reason JudgeViewer(const History* history, const AuditQuestion& question) {
  const std::string& role = question.viewer_role;
  if (role == "DPO" || role == "AUDITOR") return Reason::kNone;
  if (history == nullptr) return Reason::kNotSubject;
  if (role == "GUARDIAN") return JudgeGuardian(*history, question.viewer_person, question.at);
  const bool subject =
      role == "LEARNER" && history->persons().Same(question.viewer_person, history->learner());
  return subject ? Reason::kNone : Reason::kNotSubject;
}

}  // namespace

JsonValue AnswerAuditTrail(const RehearsalLedger& ledger, const History* history, const Facts& log,
                           TreeSize known, const AuditQuestion& question) {
  const Reason refusal = JudgeViewer(history, question);
  if (refusal != Reason::kNone)
    return JsonValue::Object(
        {{"result", JsonValue::String(DecisionResultName(DecisionResult::kDeny))},
         {"reason", JsonValue::String(ReasonName(refusal))}});
  const bool redact = question.viewer_role == "GUARDIAN" && history != nullptr &&
                      history->restrictions().Protected(question.at);
  std::int64_t total = 0;
  JsonValue entries = JsonValue::List();
  for (const Fact& fact : log) {
    if (!Contains(known, fact.position) || !IsEntry(fact) || question.at < fact.event.V() ||
        (!question.actor.empty() && fact.event.text("actor") != question.actor))
      continue;
    if (history != nullptr) {
      const auto subjects = fact.event.Subjects();
      const bool about =
          std::any_of(subjects.begin(), subjects.end(), [&](std::string_view person) {
            return history->persons().Same(person, history->learner());
          });
      if (!about) continue;
    }
    ++total;
    const Instant at = fact.event.V();
    entries.Append(JsonValue::Object(
        {{"event", JsonValue::String(ledger.LabelAt(fact.position))},
         {"action", JsonValue::String(fact.event.info().name.substr(kAccessPrefix.size()))},
         {"organisation", redact ? JsonValue::String(kRedacted)
                                 : JsonValue::StringOrNull(OrganisationOf(fact.event))},
         {"at", JsonValue::String(redact ? FormatDate(HelsinkiDate(at)) : FormatInstant(at))}}));
  }
  return JsonValue::Object(
      {{"result", JsonValue::String(DecisionResultName(DecisionResult::kPermit))},
       {"reason", JsonValue()},
       {"total", JsonValue::Integer(total)},
       {"redacted", JsonValue::Integer(redact ? total : 0)},
       {"entries", std::move(entries)}});
}

}  // namespace oppi::projections
