#include "projections/record_item.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "projections/record_fold.h"

namespace oppi::projections {
namespace {

using events::EventType;

/// What a kind of item is made of.
struct KindInfo {
  RecordItemKind kind;
  std::string_view name;
  EventType type;
  std::string_view code_field;   // names the item
  std::string_view value_field;  // answers, for grades and states
};
constexpr std::array kKinds = {
    KindInfo{RecordItemKind::kCourseGrade, "course_grade", EventType::kGradeCourseAssessed,
             "course", "grade"},
    KindInfo{RecordItemKind::kSubjectGrade, "subject_grade", EventType::kGradeSubjectFinal,
             "subject", "grade"},
    KindInfo{RecordItemKind::kStudyRightState, "studyright_state",
             EventType::kStudyrightStateChanged, "studyright", "state"},
    KindInfo{RecordItemKind::kAttendance, "attendance", EventType::kAttendanceMarked, "lesson", ""},
    KindInfo{RecordItemKind::kCertificate, "certificate", EventType::kCertificateIssued,
             "certificate", ""},
    KindInfo{RecordItemKind::kActivity, "activity", EventType::kActivityXapiStatement, "", ""},
};

const KindInfo& InfoOf(RecordItemKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

/// The stream as it was before content was destroyed, as far as the caller still has it.
Facts Remembered(const Facts& stream) {
  Facts whole = stream;
  for (Fact& fact : whole) {
    if (!fact.event.id.empty()) fact.erased = false;
  }
  return whole;
}

const Fact* Decides(const RecordFold& fold, const KindInfo& kind, std::string_view code) {
  const Fact* newest = nullptr;
  for (const Fact* fact : fold.Begun(kind.type)) {
    if (fact->event.text(kind.code_field) == code && InForce(*fact, fold.view.at)) newest = fact;
  }
  return newest;
}

/// Its content is gone although the caller still knows what it was.
bool WasErased(const Facts& stream, const Fact& remembered) {
  return std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) {
    return fact.position == remembered.position && fact.erased;
  });
}

RecordItemAnswer ActivityAnswer(const LearnerRecord& record) {
  RecordItemAnswer answer;
  std::vector<std::string> ids;
  for (const Activity& activity : record.activity) {
    ids.push_back(activity.item.event);
    if (answer.by.empty()) answer.by = activity.item.by;
  }
  if (!ids.empty()) {
    answer.status = answer.by.empty() ? RecordItemStatus::kPresent : RecordItemStatus::kHeld;
    answer.event = ids.back();
  }
  answer.value = std::move(ids);  // a list even when there is nothing in it
  return answer;
}

void SetValue(RecordItemAnswer& answer, const KindInfo& kind, const Fact& fact,
              const LearnerRecord& record) {
  if (!kind.value_field.empty()) {
    answer.value = std::string(fact.event.text(kind.value_field));
  } else if (kind.kind == RecordItemKind::kAttendance) {
    for (const LessonMark& mark : record.attendance.marks) {
      if (mark.item.event != fact.event.id) continue;
      answer.value =
          AttendanceValue{mark.code, mark.clarified ? mark.clarified->absence_class : ""};
    }
  } else {
    for (const Certificate& certificate : record.certificates) {
      if (certificate.item.event != fact.event.id) continue;
      answer.value = CertificateValue{certificate.revoked, certificate.basis_corrected};
    }
  }
}

}  // namespace

std::optional<RecordItemKind> ParseRecordItemKind(std::string_view name) {
  for (const KindInfo& kind : kKinds) {
    if (kind.name == name) return kind.kind;
  }
  return std::nullopt;
}

RecordItemAnswer RecordAsOf(std::string_view learner, const Facts& stream, const View& view,
                            const RecordItem& item, const RecordRules& rules) {
  const KindInfo& kind = InfoOf(item.kind);
  const LearnerRecord record = BuildRecord(learner, stream, view, rules);
  if (item.kind == RecordItemKind::kActivity) return ActivityAnswer(record);

  const Facts whole = Remembered(stream);
  const RecordFold fold(learner, whole, view, rules);
  RecordItemAnswer answer;
  if (const Fact* fact = Decides(fold, kind, item.code)) {
    answer.event = fact->event.id;
    if (!kind.value_field.empty()) answer.replaces = fold.facts.Replaces(*fact);
    if (WasErased(stream, *fact)) {
      answer.status = RecordItemStatus::kErased;
      answer.by = fold.erasures.ErasedBy(fact->position, fact->event.type, fact->event.sensitivity);
      return answer;
    }
    answer.by = fold.ItemOf(*fact).by;
    answer.status = answer.by.empty() ? RecordItemStatus::kPresent : RecordItemStatus::kHeld;
    SetValue(answer, kind, *fact, record);
    return answer;
  }
  for (const Item& erased : record.erased) {
    const bool known = std::any_of(whole.begin(), whole.end(), [&](const Fact& fact) {
      return fact.position == erased.position && !fact.erased;
    });
    if (known) continue;  // it was something else
    answer.by =
        fold.erasures.ErasedBy(erased.position, kind.type, events::InfoOf(kind.type).sensitivity);
    if (answer.by.empty()) continue;
    answer.status = RecordItemStatus::kErased;
    return answer;
  }
  return answer;
}

std::string RecordItemJson(const RecordItemAnswer& answer) {
  using Json = nlohmann::ordered_json;
  constexpr std::array<std::string_view, 4> kNames = {"ABSENT", "PRESENT", "ERASED", "HELD"};
  Json json;
  json["status"] = kNames[static_cast<std::size_t>(answer.status)];
  Json& value = json["value"];
  if (const auto* text = std::get_if<std::string>(&answer.value)) value = *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&answer.value)) value = *list;
  if (const auto* mark = std::get_if<AttendanceValue>(&answer.value)) {
    value["marked"] = mark->marked;
    value["clarified"] = mark->clarified.empty() ? Json() : Json(mark->clarified);
  }
  if (const auto* certificate = std::get_if<CertificateValue>(&answer.value)) {
    value["certificate"] = certificate->revoked ? "REVOKED" : "ISSUED";
    value["flags"] = Json::array();
    if (certificate->basis_corrected) value["flags"].push_back("BASIS_CORRECTED");
  }
  json["event"] = answer.event.empty() ? Json() : Json(answer.event);
  json["replaces"] = answer.replaces;
  if (!answer.by.empty()) json["by"] = answer.by;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace oppi::projections
