#include <algorithm>
#include <string>

#include "events/ids.h"
#include "ops/generate/rates.h"
#include "ops/generate/year.h"

/// Who the pupils are, who may decide for them, and where they sit.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

constexpr const char* kSchoolYear = "2025-2026";

Instant RegisterExtract(const Year& year) { return LocalTime({year.first_day().days - 3}, 6); }

void TellLearner(Year& year, const Pupil& pupil) {
  Event& event = year.writer.Add(Publisher::kDvv, EventType::kIdentityLearnerRegistered,
                                 RegisterExtract(year), pupil.oid);
  event.SetNumber("birth_date", pupil.birth.days)
      .SetText("language", pupil.language)
      .SetText("given_name", pupil.given_name)
      .SetText("family_name", pupil.family_name)
      .SetText("municipality", "049");
}

void TellGuardians(Year& year, Pupil& pupil) {
  for (Tie& tie : pupil.ties) {
    const std::string& guardian = year.guardian_oid(tie);
    Event& event = year.writer.Add(Publisher::kDvv, EventType::kGuardianshipEstablished,
                                   RegisterExtract(year), pupil.oid);
    event.other_subjects = {guardian};
    event.valid_from = HelsinkiMidnight(pupil.birth);
    event.SetText("guardian", guardian)
        .SetText("right", tie.decides ? "DECIDE" : "INFO")
        .SetText("source", tie.decides ? "REGISTER" : "COURT")
        .SetText("extract_hash", DocumentHash("extract " + pupil.oid + guardian))
        .SetNumber("extract_time", RegisterExtract(year).micros);
    tie.event = event.id;
  }
  if (pupil.sole_media_guardian) {
    const std::string& guardian = year.people.guardians[*pupil.sole_media_guardian].oid;
    Event& event = year.writer.Add(Publisher::kDvv, EventType::kGuardianshipDutiesDivided,
                                   After(RegisterExtract(year), 0, 5), pupil.oid);
    event.other_subjects = {guardian};
    event.valid_from = HelsinkiMidnight({pupil.birth.days + 5 * 365});
    event.SetText("guardian", guardian)
        .SetList("purpose_classes", {"MEDIA", "RESEARCH"})
        .SetText("court_ref", "KO 25/" + std::to_string(100 + pupil.birth.days % 900));
  }
}

void TellStudyRight(Year& year, const Pupil& pupil) {
  const SchoolClass& school_class = year.people.classes[pupil.school_class];
  const Instant decided = LocalTime({year.first_day().days - 2}, 9);
  const Date began = FromCivil({ToCivil(pupil.birth).year + 7, 8, 7});

  Event& granted =
      year.writer.Add(Publisher::kSis, EventType::kStudyrightGranted, decided, pupil.oid);
  granted.SetText("studyright", pupil.studyright)
      .SetText("kind", "perusopetus")
      .SetText("provider", ControllerOid())
      .SetText("school", school_class.school)
      .SetNumber("start", began.days);

  Event& state = year.writer.Add(Publisher::kSis, EventType::kStudyrightStateChanged,
                                 After(decided, 0, 1), pupil.oid);
  state.valid_from = HelsinkiMidnight(began);
  state.SetText("studyright", pupil.studyright)
      .SetText("state", "lasna")
      .SetText("financing", "MUNICIPAL");

  Event& placed = year.writer.Add(Publisher::kSis, EventType::kStudyrightClassPlaced,
                                  After(decided, 0, 2), pupil.oid);
  placed.valid_from = HelsinkiMidnight(year.first_day());
  placed.SetText("studyright", pupil.studyright)
      .SetText("school_year", kSchoolYear)
      .SetNumber("grade_level", pupil.grade)
      .SetText("class_name", school_class.name)
      .SetText("site", school_class.school);
}

void TellGroups(Year& year) {
  const Instant planned = LocalTime({year.first_day().days - 2}, 12);
  for (const Group& group : year.people.groups) {
    const SchoolClass& school_class = year.people.classes[group.school_class];
    Event& defined = year.writer.Add(Publisher::kSis, EventType::kTeachingGroupDefined, planned);
    defined.valid_from = HelsinkiMidnight(year.first_day());
    defined.SetText("group", group.name)
        .SetText("subject_code", std::string(kSubjects[group.subject].code))
        .SetText("school", school_class.school)
        .SetText("term", kSchoolYear)
        .SetText("status", "OPEN");
    const auto join = [&](const std::string& person, const char* role) {
      Event& member = year.writer.Add(Publisher::kSis, EventType::kTeachingMembershipSet,
                                      After(planned, 0, 30), person);
      member.valid_from = HelsinkiMidnight(year.first_day());
      member.SetText("group", group.name).SetText("role", role).SetText("status", "ADDED");
    };
    join(year.people.teachers[group.teacher], "TEACHER");
    for (const std::size_t pupil : school_class.pupils)
      join(year.people.pupils[pupil].oid, "LEARNER");
  }
}

}  // namespace

void TellRegister(Year& year) {
  for (Pupil& pupil : year.people.pupils) {
    TellLearner(year, pupil);
    TellGuardians(year, pupil);
  }
}

void TellEnrolment(Year& year) {
  for (const Pupil& pupil : year.people.pupils) TellStudyRight(year, pupil);
  TellGroups(year);
}

}  // namespace oppi::ops
