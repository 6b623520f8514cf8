#include <algorithm>
#include <array>
#include <string>

#include "ops/generate/rates.h"
#include "ops/generate/year.h"

/// Exams and exercises through the year, a course grade each term, and the grades of the
/// certificate.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

constexpr int kFirstGradeWithNumbers = 4;    // younger pupils are assessed in words
constexpr std::size_t kLanguageSubject = 2;  // its exercises are done in the vendor's tool
constexpr std::array<std::size_t, 4> kItemPercent = {15, 38, 62, 88};  // of the year
constexpr std::array<std::size_t, 2> kCoursePercent = {45, 95};
constexpr std::array<const char*, 4> kItemKinds = {"EXAM", "ASSIGNMENT", "EXAM", "PROJECT"};

/// What a pupil is good for in a subject: steady through the year.
int Ability(const Year& year, std::size_t pupil, std::size_t subject) {
  Random draw = year.random.Fork("ability", pupil * kSubjects.size() + subject);
  return 4 + static_cast<int>(draw.Weighted(rates::kGradeWeights));
}

int Near(int ability, Random& draw) {
  return std::clamp(ability + static_cast<int>(draw.Between(-1, 1)), 4, 10);
}

bool Contains(std::span<const Date> week, Date date) {
  return std::find(week.begin(), week.end(), date) != week.end();
}

void TellItem(Year& year, std::size_t group_index, std::size_t number, Date date) {
  const Group& group = year.people.groups[group_index];
  const SchoolClass& school_class = year.people.classes[group.school_class];
  const bool in_tool = group.subject == kLanguageSubject && number % 2 == 1;
  const Publisher publisher = in_tool ? Publisher::kVendor : Publisher::kSis;
  const bool exam = number % 2 == 0;
  const std::string item = group.name + "-" + std::to_string(number + 1);
  Random draw = year.random.Fork("item", group_index * kItemPercent.size() + number);

  Event& created = year.writer.Add(publisher, EventType::kGradeItemCreated, LocalTime(date, 8));
  created.SetText("item", item)
      .SetText("group", group.name)
      .SetText("kind", kItemKinds[number])
      .SetText("weight", exam ? "0.3" : "0.2");
  if (!exam) created.SetText("max_points", "30");

  for (const std::size_t pupil : school_class.pupils) {
    if (draw.Chance(60'000)) continue;  // was away, or handed nothing in
    const int grade = Near(Ability(year, pupil, group.subject), draw);
    Event& result = year.writer.Add(publisher, EventType::kGradeResultRecorded, LocalTime(date, 15),
                                    year.people.pupils[pupil].oid);
    result.SetText("item", item).SetNumber("attempt", 1);
    if (exam)
      result.SetText("grade", std::to_string(grade));
    else
      result.SetText("points", std::to_string(3 * (grade - 1)) + ".5");
  }
}

void TellCourse(Year& year, std::size_t group_index, std::size_t term, Date date) {
  const Group& group = year.people.groups[group_index];
  const SchoolClass& school_class = year.people.classes[group.school_class];
  if (school_class.grade < kFirstGradeWithNumbers) return;
  Random draw = year.random.Fork("course", group_index * kCoursePercent.size() + term);
  const std::string course = std::string(kSubjects[group.subject].code) +
                             std::to_string(school_class.grade) + "." + std::to_string(term + 1);
  const auto assess = [&](const Pupil& pupil, Instant at, int grade) -> Event& {
    Event& event = year.writer.Add(Publisher::kSis, EventType::kGradeCourseAssessed, at, pupil.oid);
    event.SetText("course", course)
        .SetText("grade", std::to_string(grade))
        .SetText("scope", "1")
        .SetText("assessor", year.people.teachers[group.teacher])
        .SetText("studyright", pupil.studyright);
    return event;
  };
  for (const std::size_t index : school_class.pupils) {
    const Pupil& pupil = year.people.pupils[index];
    const int grade = Near(Ability(year, index, group.subject), draw);
    const Event& told = assess(pupil, LocalTime(date, 14), grade);
    CourseGrade& stands = year.course_grades[index][group.subject];
    stands = {told, grade};
    if (!draw.Chance(rates::kGradeCorrected)) continue;
    const int right = grade < 10 ? grade + 1 : grade - 1;
    Event& corrected = assess(pupil, LocalTime(date, 18), right);
    corrected.corrects = told.id;
    corrected.valid_from = told.time;
    stands = {corrected, right};
    if (year.highlights.corrected.empty()) year.highlights.corrected = pupil.oid;
  }
}

void TellWords(Year& year, const Pupil& pupil, std::size_t subject, std::size_t index) {
  static constexpr std::array<const char*, 4> kWords = {
      "Works with curiosity and finishes what was begun.",
      "Needs encouragement to start, then works well with others.",
      "Has met the aims of the year and helps classmates.",
      "Is on the way to the aims of the year; practice goes on."};
  Random draw = year.random.Fork("words", index * kSubjects.size() + subject);
  Event& event = year.writer.Add(Publisher::kSis, EventType::kGradeVerbalAssessed,
                                 LocalTime(year.last_day(), 12), pupil.oid);
  event.SetText("subject", std::string(kSubjects[subject].code))
      .SetText("text", draw.Pick(kWords))
      .SetText("assessor", year.people.teacher_of(pupil));
  year.certificate_basis[index].push_back(event.id);
}

void TellFinal(Year& year, const Pupil& pupil, std::size_t subject, std::size_t index) {
  const CourseGrade& course = year.course_grades[index][subject];
  if (!course.event) return;  // a year cut short ends before the first term
  Event& event = year.writer.Add(Publisher::kSis, EventType::kGradeSubjectFinal,
                                 LocalTime(year.last_day(), 12), pupil.oid);
  event.SetText("subject", std::string(kSubjects[subject].code))
      .SetText("grade", std::to_string(course.grade))
      .SetText("assessor", year.people.teacher_of(pupil))
      .SetText("studyright", pupil.studyright);
  year.certificate_basis[index].push_back(event.id);
}

}  // namespace

void TellGradesOfWeek(Year& year, std::span<const Date> week) {
  for (std::size_t number = 0; number < kItemPercent.size(); ++number) {
    const Date date = year.DayAt(kItemPercent[number]);
    if (!Contains(week, date)) continue;
    for (std::size_t group = 0; group < year.people.groups.size(); ++group)
      TellItem(year, group, number, date);
  }
  for (std::size_t term = 0; term < kCoursePercent.size(); ++term) {
    const Date date = year.DayAt(kCoursePercent[term]);
    if (!Contains(week, date)) continue;
    for (std::size_t group = 0; group < year.people.groups.size(); ++group)
      TellCourse(year, group, term, date);
  }
}

void TellFinalGrades(Year& year) {
  for (std::size_t index = 0; index < year.people.pupils.size(); ++index) {
    const Pupil& pupil = year.people.pupils[index];
    if (pupil.left) continue;
    for (std::size_t subject = 0; subject < kSubjects.size(); ++subject) {
      if (pupil.grade < kFirstGradeWithNumbers)
        TellWords(year, pupil, subject, index);
      else
        TellFinal(year, pupil, subject, index);
    }
  }
}

}  // namespace oppi::ops
