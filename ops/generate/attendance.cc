#include "ops/generate/attendance.h"

#include <utility>

#include "ops/generate/rates.h"

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

constexpr int kThresholdLessons = 50;
constexpr int kLessonMinutes = 60;
constexpr unsigned kIllnessDaysMax = 15;

Instant LessonStart(Date date, std::size_t lesson) {
  return LocalTime(date, 9, static_cast<int>(lesson) * 75);
}

std::string LessonId(const Group& group, Date date, std::size_t lesson) {
  return group.name + "-" + FormatDate(date) + "-" + std::to_string(lesson + 1);
}

const Tie& AnyDecider(const Pupil& pupil, Random& draw) {
  const std::size_t pick = draw.Below(pupil.ties.size());
  return pupil.ties[pick].decides ? pupil.ties[pick] : pupil.ties[0];
}

}  // namespace

Attendance::Attendance(Year& year)
    : year_(year),
      draw_(year.random.Fork("attendance")),
      spells_(year.people.pupils.size()),
      threshold_told_(year.people.pupils.size(), false) {
  year_.absent_lessons.assign(year.people.pupils.size(), 0);
}

void Attendance::TellWeek(std::span<const Date> week) {
  for (std::size_t c = 0; c < year_.people.classes.size(); ++c)
    for (const Date date : week) TellClassDay(c, date);
}

void Attendance::TellClassDay(std::size_t school_class, Date date) {
  const std::vector<std::size_t>& pupils = year_.people.classes[school_class].pupils;
  std::vector<Day> days;
  days.reserve(pupils.size());
  for (const std::size_t pupil : pupils) days.push_back(DrawDay(pupil, date));
  for (std::size_t lesson = 0; lesson < kLessonsInDay; ++lesson)
    TellLesson(school_class, date, lesson, days);
  for (std::size_t i = 0; i < pupils.size(); ++i) {
    if (days[i].lessons.empty()) continue;
    TellReasons(pupils[i], date, days[i]);
    CountAbsence(pupils[i], date, days[i].lessons.size());
  }
}

Attendance::Day Attendance::DrawDay(std::size_t pupil_index, Date date) {
  const Pupil& pupil = year_.people.pupils[pupil_index];
  Spell& spell = spells_[pupil_index];
  const auto happens = [&](std::uint64_t share) {
    return draw_.Chance(share * pupil.absence_percent / 100);
  };
  if (spell.days_left == 0) BeginSpell(pupil_index, date);

  Day day;
  if (spell.days_left > 0) {
    --spell.days_left;
    day.away = true;
    day.reported = spell.reported;
    day.by_school = spell.kind != Kind::kIllness;
    day.absence_class = spell.kind == Kind::kIllness ? "HEALTH"
                        : spell.kind == Kind::kLeave ? "LEAVE_GRANTED"
                                                     : "UNAUTHORISED";
    return day;
  }
  // One lesson of four: a share of the day's time means four times as many days with one gap.
  if (happens(rates::kAppointmentDays.at(pupil.grade) * kLessonsInDay)) {
    day.missed = draw_.Below(kLessonsInDay);
    day.absence_class = "HEALTH";
    day.reported = true;
  } else if (happens(rates::kTruancyDays.at(pupil.grade) * kLessonsInDay)) {
    day.missed = draw_.Below(kLessonsInDay);
    day.absence_class = draw_.Chance(700'000) ? "UNAUTHORISED" : "ALLOWED";
  } else if (happens(rates::kLateDays.at(pupil.grade))) {
    day.late = draw_.Chance(700'000) ? 0 : draw_.Below(kLessonsInDay);
  } else if (draw_.Chance(rates::kOtherMark)) {
    day.other = draw_.Chance(500'000) ? "LEFT_EARLY" : "NO_EQUIPMENT";
  }
  return day;
}

void Attendance::BeginSpell(std::size_t pupil_index, Date date) {
  const Pupil& pupil = year_.people.pupils[pupil_index];
  Spell& spell = spells_[pupil_index];
  const auto begins = [&](std::uint64_t share_of_days, std::uint64_t length) {
    return draw_.Chance(share_of_days * pupil.absence_percent / 100 / length);
  };
  if (begins(rates::kIllnessDays.at(pupil.grade), rates::kIllnessDaysMean)) {
    spell = {Kind::kIllness, 1, draw_.Chance(rates::kReportedByGuardian)};
    while (spell.days_left < kIllnessDaysMax && draw_.Chance(500'000)) ++spell.days_left;
    return;
  }
  const bool granted = begins(rates::kLeaveDays.at(pupil.grade), rates::kLeaveDaysLength);
  if (!granted && !begins(rates::kUnauthorisedLeaveDays.at(pupil.grade), rates::kLeaveDaysLength))
    return;
  spell = {granted ? Kind::kLeave : Kind::kRefusedLeave,
           static_cast<unsigned>(rates::kLeaveDaysLength), false};
  Event& event = year_.writer.Add(Publisher::kSis, EventType::kAttendanceLeaveDecided,
                                  LocalTime({date.days - 5}, 10), pupil.oid);
  event.valid_from = HelsinkiMidnight(date);
  event.valid_to = HelsinkiMidnight({date.days + 7});
  event.SetNumber("from", event.valid_from->micros)
      .SetNumber("until", event.valid_to->micros)
      .SetText("outcome", granted ? "GRANTED" : "REFUSED")
      .SetText("decider_role", granted ? "CLASS_TEACHER" : "PRINCIPAL");
}

void Attendance::TellLesson(std::size_t school_class, Date date, std::size_t lesson,
                            std::span<Day> days) {
  const People& people = year_.people;
  const auto weekday = static_cast<std::size_t>(Weekday(date));
  const Group& group = people.groups[people.timetable[school_class][weekday][lesson]];
  const std::string id = LessonId(group, date, lesson);
  const Instant start = LessonStart(date, lesson);
  const Instant planned = LocalTime({date.days - Weekday(date)}, 7);

  const auto set_lesson = [&](const char* status) -> Event& {
    Event& event = year_.writer.Add(Publisher::kSis, EventType::kTeachingLessonSet, planned);
    event.SetText("lesson", id)
        .SetText("group", group.name)
        .SetNumber("start", start.micros)
        .SetNumber("end", After(start, 0, kLessonMinutes).micros)
        .SetText("room", "R" + std::to_string(100 + school_class))
        .SetText("teacher", people.teachers[group.teacher])
        .SetText("status", status);
    return event;
  };
  const Event& scheduled = set_lesson("SCHEDULED");
  if (draw_.Chance(rates::kLessonCancelled)) {
    Event& cancelled = set_lesson("CANCELLED");
    cancelled.time = LocalTime(date, 8);
    cancelled.valid_from = scheduled.time;  // a correction keeps V of what it corrects
    cancelled.corrects = scheduled.id;
    return;
  }

  std::vector<std::string> exceptions;
  std::int64_t present = 0;
  const std::vector<std::size_t>& pupils = people.classes[school_class].pupils;
  const Instant marked = After(start, 0, 5);
  for (std::size_t i = 0; i < pupils.size(); ++i) {
    Day& day = days[i];
    if (day.away || day.missed == lesson) {
      const std::string mark = Mark(pupils[i], id, marked, "ABSENT", 0);
      exceptions.push_back(mark);
      if (day.missed == lesson && draw_.Chance(rates::kMarkCorrected)) {
        // Came after all.
        Event& late = year_.writer.Add(Publisher::kSis, EventType::kAttendanceMarked,
                                       After(start, 0, 30), people.pupils[pupils[i]].oid);
        late.corrects = mark;
        late.valid_from = marked;
        late.SetText("lesson", id).SetText("code", "LATE").SetNumber("minutes_late", 20);
      } else if (day.missed == lesson && draw_.Chance(rates::kMarkAnnulled)) {
        Event& annulled = year_.writer.Add(Publisher::kSis, EventType::kLedgerFactAnnulled,
                                           After(start, 2), people.pupils[pupils[i]].oid);
        annulled.sensitivity = events::Sensitivity::kS2;
        annulled.annuls = mark;
        annulled.SetText("reason", "WRONG_PERSON");
      } else {
        day.lessons.push_back(id);
      }
      continue;
    }
    ++present;
    if (day.late == lesson) {
      const int minutes = static_cast<int>(draw_.Between(1, 30));
      exceptions.push_back(Mark(pupils[i], id, After(start, 0, minutes), "LATE", minutes));
    } else if (day.other && lesson + 1 == kLessonsInDay) {
      exceptions.push_back(Mark(pupils[i], id, After(start, 0, 30), *day.other, 0));
    }
  }
  Event& taken =
      year_.writer.Add(Publisher::kSis, EventType::kAttendanceRegisterTaken, After(start, 0, 35));
  taken.SetText("lesson", id).SetNumber("present_count", present);
  if (!exceptions.empty()) taken.SetList("exceptions", std::move(exceptions));
}

std::string Attendance::Mark(std::size_t pupil, const std::string& lesson, Instant at,
                             std::string_view code, int minutes_late) {
  Event& event = year_.writer.Add(Publisher::kSis, EventType::kAttendanceMarked, at,
                                  year_.people.pupils[pupil].oid);
  event.SetText("lesson", lesson).SetText("code", std::string(code));
  if (minutes_late > 0) event.SetNumber("minutes_late", minutes_late);
  return event.id;
}

void Attendance::TellReasons(std::size_t pupil_index, Date date, const Day& day) {
  const Pupil& pupil = year_.people.pupils[pupil_index];
  if (day.reported) {
    const std::string& guardian = year_.guardian_oid(AnyDecider(pupil, draw_));
    Event& event = year_.writer.Add(Publisher::kPortal, EventType::kAttendanceAbsenceReported,
                                    LocalTime(date, 7, 40), pupil.oid);
    NameGuardian(event, guardian);
    const std::size_t first = day.missed.value_or(0);
    const std::size_t last = day.missed.value_or(kLessonsInDay - 1);
    event.SetNumber("from", LessonStart(date, first).micros)
        .SetNumber("until", After(LessonStart(date, last), 0, kLessonMinutes).micros)
        .SetText("absence_class", std::string(day.absence_class));
    return;
  }
  if (day.by_school) {
    Event& event = year_.writer.Add(Publisher::kSis, EventType::kAttendanceClarified,
                                    LocalTime(date, 16), pupil.oid);
    event.SetList("lessons", day.lessons)
        .SetText("absence_class", std::string(day.absence_class))
        .SetText("by", year_.people.teacher_of(pupil));
    return;
  }
  if (!draw_.Chance(rates::kClarifiedLater)) return;
  const std::string& guardian = year_.guardian_oid(AnyDecider(pupil, draw_));
  Event& event = year_.writer.Add(Publisher::kPortal, EventType::kAttendanceClarified,
                                  LocalTime({date.days + 1}, 17), pupil.oid);
  NameGuardian(event, guardian);
  event.SetList("lessons", day.lessons).SetText("absence_class", std::string(day.absence_class));
}

void Attendance::CountAbsence(std::size_t pupil, Date date, std::size_t lessons) {
  int& counted = year_.absent_lessons[pupil];
  counted += static_cast<int>(lessons);
  if (counted < kThresholdLessons || threshold_told_[pupil]) return;
  threshold_told_[pupil] = true;
  Event& event = year_.writer.Add(Publisher::kLedger, EventType::kAttendanceThresholdReached,
                                  LocalTime(date, 23), year_.people.pupils[pupil].oid);
  event.SetNumber("threshold_hours", kThresholdLessons)
      .SetText("counted_hours", std::to_string(counted))
      .SetNumber("window_from", year_.first_day().days)
      .SetNumber("window_until", date.days);
}

}  // namespace oppi::ops
