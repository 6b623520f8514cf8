#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "projections/record_fold.h"

namespace oppi::projections {
namespace {

using events::EventType;

/// How each type of grade says its code.
struct GradeSource {
  EventType type;
  GradeKind kind;
  std::string_view code_field;
};
constexpr std::array kGradeSources = {
    GradeSource{EventType::kGradeCourseAssessed, GradeKind::kCourse, "course"},
    GradeSource{EventType::kGradeSubjectFinal, GradeKind::kSubjectFinal, "subject"},
    GradeSource{EventType::kGradeResultRecorded, GradeKind::kItemResult, "item"},
    GradeSource{EventType::kGradeCreditRecognised, GradeKind::kCredit, "course"},
};

std::optional<Clarification> ClarificationOf(const RecordFold& fold,
                                             const std::vector<const Fact*>& by_valid_time,
                                             std::string_view lesson) {
  const Fact* newest = nullptr;
  for (const Fact* fact : by_valid_time) {
    const std::vector<std::string>& lessons = fact->event.list("lessons");
    if (std::find(lessons.begin(), lessons.end(), lesson) != lessons.end()) newest = fact;
  }
  if (newest == nullptr) return std::nullopt;
  return Clarification{fold.ItemOf(*newest), TextOf(*newest, "absence_class"),
                       TextOf(*newest, "by")};
}

void CountMarks(Attendance& attendance) {
  for (const LessonMark& mark : attendance.marks) {
    if (!mark.newest) continue;
    ++attendance.marks_by_code[mark.code];
    if (mark.code != "ABSENT") continue;
    if (mark.clarified) {
      ++attendance.absences_by_class[mark.clarified->absence_class];
    } else {
      ++attendance.absences_not_clarified;
    }
  }
}

}  // namespace

void FoldAttendance(const RecordFold& fold, LearnerRecord& record) {
  Attendance& attendance = record.attendance;
  const auto clarifications = fold.Begun(EventType::kAttendanceClarified);
  std::map<std::pair<std::string, std::string>, std::size_t> newest;  // (controller, lesson)
  for (const Fact* fact : fold.Begun(EventType::kAttendanceMarked)) {
    LessonMark mark{.item = fold.ItemOf(*fact),
                    .lesson = TextOf(*fact, "lesson"),
                    .code = TextOf(*fact, "code"),
                    .minutes_late = NumberOf(*fact, "minutes_late"),
                    .clarified = ClarificationOf(fold, clarifications, fact->event.text("lesson")),
                    .newest = false};
    newest[{mark.item.controller, mark.lesson}] = attendance.marks.size();
    attendance.marks.push_back(std::move(mark));
  }
  for (const auto& [key, index] : newest) attendance.marks[index].newest = true;
  for (const Fact* fact : fold.Begun(EventType::kAttendanceRegisterTaken)) {
    attendance.registers.push_back(
        {fold.ItemOf(*fact), TextOf(*fact, "lesson"), fact->event.number("present_count")});
  }
  for (const Fact* fact : fold.Begun(EventType::kAttendanceAbsenceReported)) {
    attendance.reports.push_back({.item = fold.ItemOf(*fact),
                                  .from = Instant{fact->event.number("from")},
                                  .until = Instant{fact->event.number("until")},
                                  .absence_class = TextOf(*fact, "absence_class"),
                                  .by = TextOf(*fact, "by"),
                                  .outcome = {},
                                  .decider_role = {}});
  }
  for (const Fact* fact : fold.Begun(EventType::kAttendanceLeaveDecided)) {
    attendance.leaves.push_back({.item = fold.ItemOf(*fact),
                                 .from = Instant{fact->event.number("from")},
                                 .until = Instant{fact->event.number("until")},
                                 .absence_class = {},
                                 .by = {},
                                 .outcome = TextOf(*fact, "outcome"),
                                 .decider_role = TextOf(*fact, "decider_role")});
  }
  for (const Fact* fact : fold.Begun(EventType::kAttendanceThresholdReached)) {
    attendance.thresholds.push_back({fold.ItemOf(*fact), fact->event.number("threshold_hours"),
                                     TextOf(*fact, "counted_hours")});
  }
  CountMarks(attendance);
}

void FoldGrades(const RecordFold& fold, LearnerRecord& record) {
  for (const GradeSource& source : kGradeSources) {
    for (const Fact* fact : fold.Begun(source.type)) {
      Grade grade{.item = fold.ItemOf(*fact),
                  .kind = source.kind,
                  .code = TextOf(*fact, source.code_field),
                  .grade = TextOf(*fact, "grade"),
                  .scope = TextOf(*fact, "scope"),
                  .points = TextOf(*fact, "points"),
                  .attempt = NumberOf(*fact, "attempt"),
                  .assessor = TextOf(*fact, "assessor"),
                  .studyright = TextOf(*fact, "studyright"),
                  .origin = TextOf(*fact, "origin"),
                  .individualised = fact->event.number("individualised") != 0,
                  .newest = false};
      record.grades.push_back(std::move(grade));
    }
  }
  std::stable_sort(record.grades.begin(), record.grades.end(), [](const Grade& a, const Grade& b) {
    return std::tie(a.kind, a.code, a.item.from, a.item.position) <
           std::tie(b.kind, b.code, b.item.from, b.item.position);
  });
  using Key = std::tuple<GradeKind, std::string, std::string, std::string>;
  std::map<Key, std::size_t> newest;
  for (std::size_t i = 0; i < record.grades.size(); ++i) {
    const Grade& grade = record.grades[i];
    if (!grade.item.InForce(fold.view.at)) continue;
    newest[{grade.kind, grade.code, grade.studyright, grade.item.controller}] = i;
  }
  for (const auto& [key, index] : newest) record.grades[index].newest = true;

  for (const Fact* fact : fold.Begun(EventType::kGradeVerbalAssessed)) {
    record.verbal_assessments.push_back(
        {fold.ItemOf(*fact), TextOf(*fact, "subject"), TextOf(*fact, "assessor")});
  }
  for (const Fact* fact : fold.Begun(EventType::kGradeReassessmentDecided)) {
    record.reassessments.push_back({fold.ItemOf(*fact), TextOf(*fact, "target"),
                                    TextOf(*fact, "old_grade"), TextOf(*fact, "new_grade"),
                                    TextOf(*fact, "reason"), TextOf(*fact, "decider_role")});
  }
}

}  // namespace oppi::projections
