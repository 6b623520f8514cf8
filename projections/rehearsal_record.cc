#include <algorithm>
#include <optional>

#include "projections/corrections.h"
#include "projections/erasure_rules.h"
#include "projections/rehearsal_answers.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

/// How one kind of item lies in events.
struct ItemKind {
  EventType type;
  std::string_view which;  // field that says which one
  std::string_view value;  // field that says what
};

std::optional<ItemKind> SingleKind(std::string_view kind) {
  if (kind == "course_grade") return ItemKind{EventType::kGradeCourseAssessed, "course", "grade"};
  if (kind == "subject_grade") return ItemKind{EventType::kGradeSubjectFinal, "subject", "grade"};
  if (kind == "studyright_state")
    return ItemKind{EventType::kStudyrightStateChanged, "studyright", "state"};
  return std::nullopt;
}

class RecordView {
 public:
  RecordView(const RehearsalLedger& ledger, const History& history, Instant t)
      : ledger_(ledger), history_(history), t_(t) {}

  [[nodiscard]] JsonValue Single(const ItemKind& kind, std::string_view which) const {
    const Fact* fact =
        Newest(kind.type, [&](const Event& event) { return event.text(kind.which) == which; });
    if (fact == nullptr) return Gone({kind.type});
    return Present(*fact, JsonValue::String(fact->event.text(kind.value)), {fact},
                   /*has_chain=*/true);
  }

  [[nodiscard]] JsonValue Attendance(std::string_view lesson) const {
    const Fact* marked = Newest(EventType::kAttendanceMarked,
                                [&](const Event& event) { return event.text("lesson") == lesson; });
    const Fact* clarified = Newest(EventType::kAttendanceClarified, [&](const Event& event) {
      const auto& lessons = event.list("lessons");
      return std::find(lessons.begin(), lessons.end(), lesson) != lessons.end();
    });
    if (marked == nullptr && clarified == nullptr) return Gone({EventType::kAttendanceMarked});
    const auto text = [](const Fact* fact, std::string_view field) {
      return fact == nullptr ? JsonValue() : JsonValue::String(fact->event.text(field));
    };
    JsonValue value = JsonValue::Object(
        {{"marked", text(marked, "code")}, {"clarified", text(clarified, "absence_class")}});
    // The mark is the record; an explanation stands beside it.
    return Present(marked != nullptr ? *marked : *clarified, std::move(value), {marked, clarified},
                   /*has_chain=*/false);
  }

  [[nodiscard]] JsonValue Certificate(std::string_view id) const {
    const auto same = [&](const Event& event) { return event.text("certificate") == id; };
    const Fact* issued = Newest(EventType::kCertificateIssued, same);
    if (issued == nullptr) return Gone({EventType::kCertificateIssued});
    const bool revoked = Newest(EventType::kCertificateRevoked, same) != nullptr;
    std::vector<std::string> flags;
    const auto& basis = issued->event.list("basis_events");
    if (std::any_of(basis.begin(), basis.end(), [&](const std::string& event) {
          const Fact* fact = history_.corrections().Find(event);
          return fact != nullptr && !history_.corrections().Stands(*fact);
        }))
      flags.emplace_back("BASIS_CORRECTED");
    JsonValue value =
        JsonValue::Object({{"certificate", JsonValue::String(revoked ? "REVOKED" : "ISSUED")},
                           {"flags", JsonValue::Strings(flags)}});
    return Present(*issued, std::move(value), {issued}, /*has_chain=*/false);
  }

  [[nodiscard]] JsonValue Activity() const {
    std::vector<const Fact*> shown;
    for (const Fact* fact : history_.corrections().standing())
      if ((fact->event.type == EventType::kActivityXapiStatement ||
           fact->event.type == EventType::kActivityCaliperEvent) &&
          fact->event.V() <= t_)
        shown.push_back(fact);
    std::sort(shown.begin(), shown.end(),
              [](const Fact* a, const Fact* b) { return EarlierInForce(*a, *b); });
    JsonValue labels = JsonValue::List();
    for (const Fact* fact : shown) labels.Append(Label(*fact));
    // Lists leave erased entries out: what is gone does not show that it was there.
    if (shown.empty()) return Absent(std::move(labels));
    return Present(*shown.back(), std::move(labels), shown, /*has_chain=*/false);
  }

 private:
  [[nodiscard]] JsonValue Label(const Fact& fact) const {
    return JsonValue::String(ledger_.LabelAt(fact.position));
  }

  template <class Predicate>
  [[nodiscard]] const Fact* Newest(EventType type, Predicate predicate) const {
    const Fact* newest = nullptr;
    for (const Fact* fact : history_.corrections().standing())
      if (fact->event.type == type && InForce(*fact, t_) && predicate(fact->event) &&
          (newest == nullptr || EarlierInForce(*newest, *fact)))
        newest = fact;
    return newest;
  }

  [[nodiscard]] static JsonValue Answer(std::string_view status, JsonValue value, JsonValue event) {
    return JsonValue::Object({{"status", JsonValue::String(status)},
                              {"value", std::move(value)},
                              {"event", std::move(event)},
                              {"replaces", JsonValue::List()}});
  }
  [[nodiscard]] static JsonValue Absent(JsonValue value = {}) {
    return Answer("ABSENT", std::move(value), {});
  }

  [[nodiscard]] JsonValue Present(const Fact& fact, JsonValue value,
                                  const std::vector<const Fact*>& parts, bool has_chain) const {
    const Fact* hold = nullptr;
    for (const Fact* part : parts)
      if (part != nullptr && hold == nullptr) hold = HeldBy(history_, *part, t_);
    JsonValue answer = Answer(hold == nullptr ? "PRESENT" : "HELD", std::move(value), Label(fact));
    if (hold != nullptr) answer.Set("by", Label(*hold));
    if (has_chain) {
      JsonValue replaces = JsonValue::List();
      for (const std::string& id : history_.corrections().Replaces(fact))
        if (const Fact* replaced = history_.Find(id)) replaces.Append(Label(*replaced));
      answer.Set("replaces", std::move(replaces));
    }
    return answer;
  }

  /// Nothing readable is in force: erased, if the view holds something without content that an
  /// execution of this type may have emptied; else there is nothing.
  [[nodiscard]] JsonValue Gone(const std::vector<EventType>& types) const {
    for (const Fact& fact : history_.stream()) {
      if (!fact.erased || !Contains(history_.known(), fact.position)) continue;
      for (const Fact* execution : history_.Executions()) {
        if (execution->position < fact.position) continue;
        for (const EventType type : types) {
          const Event probe = events::MakeEvent(type);
          if (!NamesFact(execution->event, probe, history_.PackAt(execution->event.V()))) continue;
          JsonValue answer = Answer("ERASED", {}, {});
          answer.Set("by", Label(*execution));
          return answer;
        }
      }
    }
    return Absent();
  }

  const RehearsalLedger& ledger_;
  const History& history_;
  Instant t_;
};

}  // namespace

JsonValue AnswerRecordItem(const RehearsalLedger& ledger, const History& history,
                           const JsonValue& item, Instant t) {
  const RecordView view(ledger, history, t);
  const std::string& kind = item.Find("kind")->string();
  if (const auto single = SingleKind(kind))
    return view.Single(*single, item.Find("code")->string());
  if (kind == "attendance") return view.Attendance(item.Find("lesson")->string());
  if (kind == "certificate") return view.Certificate(item.Find("id")->string());
  return view.Activity();
}

}  // namespace oppi::projections
