#include "projections/oversight.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "projections/duties.h"
#include "projections/findings.h"
#include "projections/history.h"

namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

Json TextOrNull(std::string_view text) { return text.empty() ? Json() : Json(text); }

/// Rows and the facts they name.
class Rows {
 public:
  Rows(const Question& question, const Access& access) : question_(question), access_(access) {}

  /// Whether the asker asked for, and may see, what hangs on this event.
  [[nodiscard]] bool Wanted(const Fact& fact, std::string_view purpose,
                            std::string_view recipient) const {
    const std::string& controller = fact.event.controller;
    return (access_.controller.empty() || access_.controller == controller) &&
           (question_.controller.empty() || question_.controller == controller) &&
           (question_.purpose.empty() || question_.purpose == purpose) &&
           (question_.recipient.empty() || question_.recipient == recipient);
  }
  /// Not another controller's event to somebody who is bound to his own.
  [[nodiscard]] bool MayName(const Fact* fact) const {
    return fact != nullptr && (access_.controller.empty() || fact->event.controller.empty() ||
                               access_.controller == fact->event.controller);
  }
  void Add(Json row, const Fact& fact, const Fact* other = nullptr) {
    rows_.push_back(std::move(row));
    Name(fact);
    if (other != nullptr) Name(*other);
  }
  [[nodiscard]] Answer Take() const {
    Answer answer;
    answer.result = rows_.dump(-1, ' ', false, Json::error_handler_t::replace);
    answer.count = rows_.size();
    for (const auto& entry : sources_) answer.items.push_back(entry.second);
    return answer;
  }

 private:
  void Name(const Fact& fact) {
    sources_.emplace(fact.position, Source{fact.event.id, fact.position, fact.recorded});
  }

  const Question& question_;
  const Access& access_;
  Json rows_ = Json::array();
  std::map<LeafIndex, Source> sources_;
};

/// Duties are as they stood at view.at: what was recorded later was not known to anybody then.
TreeSize KnownBy(const Facts& stream, const Registry& registry, const View& view) {
  return RecordedBy(stream, registry, view.size, view.at);
}

Json FindingRow(std::string_view finding, std::string_view reason, const Fact& fact) {
  const events::Event& event = fact.event;
  Json row;
  row["finding"] = finding;
  row["reason"] = TextOrNull(reason);
  row["event"] = event.id;
  row["at"] = FormatInstant(event.V());
  row["controller"] = TextOrNull(event.controller);
  row["purpose"] = TextOrNull(event.text("purpose"));
  row["recipients"] = event.text("recipient").empty()
                          ? Json(event.list("recipients"))
                          : Json::array({std::string(event.text("recipient"))});
  row["data_categories"] = event.list("data_categories");
  row["known_from"] = Json();
  row["latency_seconds"] = Json();
  row["due"] = Json();
  return row;
}

}  // namespace

Answer AnswerObligations(const Question& question, const Access& access, const Facts& stream,
                         const Registry& registry, const View& view) {
  const History history(question.learner, registry, stream, KnownBy(stream, registry, view));
  Rows rows(question, access);
  for (const Duty& duty : DutiesOf(history, view.at)) {
    const events::Event& event = duty.event->event;
    const std::string_view status = DutyStatusName(duty.status);
    if (!rows.Wanted(*duty.event, event.text("purpose"), duty.recipient) ||
        (!question.status.empty() && question.status != status))
      continue;
    Json row;
    row["code"] = DutyCodeName(duty.code);
    row["status"] = status;
    row["due"] = FormatInstant(duty.due);
    row["event"] = event.id;
    row["at"] = FormatInstant(event.V());
    row["controller"] = TextOrNull(event.controller);
    row["purpose"] = TextOrNull(event.text("purpose"));
    row["recipient"] = TextOrNull(duty.recipient);
    rows.Add(std::move(row), *duty.event);
  }
  return rows.Take();
}

Answer AnswerFindings(const Question& question, const Access& access, const Facts& stream,
                      const Registry& registry, const View& view) {
  Rows rows(question, access);
  const FindingFilter filter{question.purpose, question.recipient};
  for (const Finding& finding :
       FindingsOf(question.learner, registry, stream, view.size, filter)) {
    const Fact& disclosure = *finding.disclosure;
    const events::Event& event = disclosure.event;
    if (view.at < event.V() ||
        !rows.Wanted(disclosure, event.text("purpose"), event.text("recipient")))
      continue;
    Json row = FindingRow(FindingName(finding.code), ReasonName(finding.reason), disclosure);
    const Fact* known_from = rows.MayName(finding.known_from) ? finding.known_from : nullptr;
    if (known_from != nullptr) row["known_from"] = TextOrNull(known_from->event.id);
    if (finding.latency_seconds) row["latency_seconds"] = *finding.latency_seconds;
    rows.Add(std::move(row), disclosure, known_from);
  }
  const History history(question.learner, registry, stream, view.size);
  for (const GuardianConsent& consent : ConsentsOnGuardians(history, view.at)) {
    const Fact& grant = *consent.grant;
    const auto& recipients = grant.event.list("recipients");
    // Of a grant to several it is enough that one was asked for.
    const std::string_view recipient =
        std::find(recipients.begin(), recipients.end(), question.recipient) != recipients.end()
            ? std::string_view(question.recipient)
            : std::string_view();
    if (!rows.Wanted(grant, grant.event.text("purpose"), recipient)) continue;
    rows.Add(FindingRow("RESTS_ON_GUARDIAN", consent.of_age ? "MAJORITY" : "SELF_AGE", grant),
             grant);
  }
  const History then(question.learner, registry, stream, KnownBy(stream, registry, view));
  for (const Duty& duty : DutiesOf(then, view.at)) {
    if (duty.status != DutyStatus::kOverdue ||
        !rows.Wanted(*duty.event, duty.event->event.text("purpose"), duty.recipient))
      continue;
    Json row = FindingRow("OVERDUE", DutyCodeName(duty.code), *duty.event);
    if (!duty.recipient.empty()) row["recipients"] = Json::array({std::string(duty.recipient)});
    row["due"] = FormatInstant(duty.due);
    rows.Add(std::move(row), *duty.event);
  }
  return rows.Take();
}

}  // namespace oppi::projections
