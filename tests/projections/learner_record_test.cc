#include "projections/learner_record.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::D;
using tests::Story;
using tests::T;

using Ids = std::vector<std::string>;
constexpr AgeRules kAges{.majority_age = 18, .leap = LeapBirthday::kMarch1};

LearnerRecord Record(const Story& story, std::string_view at = "2030-01-01T00:00:00Z") {
  return BuildRecord("L1", story.facts(), story.Now(at), {.ages = kAges, .statutory_types = {}});
}

TEST(LearnerRecord, IdentityIsTheNewestOfRegistrationAndChanges) {
  Story story;
  story
      .Tell("b", "identity.learner_registered",
            {{"birth_date", "2013-05-10"},
             {"language", "fi"},
             {"given_name", "Aino"},
             {"family_name", "Esimerkki"},
             {"municipality", "091"}})
      .At("2020-08-10T08:00:00Z");
  story.Tell("n", "identity.attribute_changed", {{"attribute", "NAME"}, {"value", "Aino Uusi"}})
      .From("2024-06-01T00:00:00Z");
  story.Tell("m", "identity.attribute_changed", {{"attribute", "MUNICIPALITY"}, {"value", "049"}})
      .From("2025-01-01T00:00:00Z")
      .Until("2026-01-01T00:00:00Z");
  const Identity then = Record(story, "2024-05-31T23:59:59Z").identity;
  EXPECT_EQ(then.name, "Aino Esimerkki");
  EXPECT_EQ(then.municipality, "091");
  EXPECT_TRUE(then.changes.empty());
  const Identity later = Record(story, "2025-06-01T00:00:00Z").identity;
  EXPECT_EQ(later.name, "Aino Uusi");
  EXPECT_EQ(later.municipality, "049");
  EXPECT_EQ(later.birth_date, D("2013-05-10"));
  EXPECT_EQ(later.language, "fi");
  EXPECT_EQ(Record(story, "2026-01-01T00:00:00Z").identity.municipality, "091")
      << "the change ended; half-open";
}

TEST(LearnerRecord, ACorrectedRegistrationShowsWhatItReplaces) {
  Story story;
  story.Tell("b1", "identity.learner_registered",
             {{"birth_date", "2013-05-10"}, {"language", "sv"}});
  story
      .Tell("b2", "identity.learner_registered", {{"birth_date", "2013-05-11"}, {"language", "fi"}})
      .Corrects("b1");
  const LearnerRecord now = Record(story);
  ASSERT_EQ(now.identity.registrations.size(), 1U);
  EXPECT_EQ(now.identity.registrations[0].item.replaces, Ids{"b1"});
  EXPECT_EQ(now.identity.birth_date, D("2013-05-11"));
  const LearnerRecord then = BuildRecord("L1", story.facts(), story.KnownAfter("b1"));
  EXPECT_EQ(then.identity.birth_date, D("2013-05-10")) << "as recorded then";
}

TEST(LearnerRecord, GuardiansShowTheirEndAndWhetherTheyAreInForce) {
  Story story;
  story.Tell("b", "identity.learner_registered",
             {{"birth_date", "2013-05-10"}, {"language", "fi"}});
  story.Tell("gA", "guardianship.established", {{"guardian", "GA"}, {"right", "DECIDE"}})
      .From("2013-05-10T00:00:00Z");
  story.Tell("gB", "guardianship.established", {{"guardian", "GB"}, {"right", "INFO"}})
      .From("2020-01-01T00:00:00Z");
  story.Tell("gC", "guardianship.established", {{"guardian", "GC"}, {"right", "INFO"}})
      .From("2029-01-01T00:00:00Z");
  story.Tell("e", "guardianship.ended", {{"guardianship", "gB"}, {"reason", "COURT"}})
      .From("2025-01-01T00:00:00Z");
  story
      .Tell("d", "guardianship.duties_divided",
            {{"guardian", "GA"},
             {"purpose_classes", std::vector<std::string>{"HEALTH"}},
             {"court_ref", "1/25"}})
      .From("2025-01-01T00:00:00Z");
  const LearnerRecord record = Record(story, "2026-01-01T00:00:00Z");
  ASSERT_EQ(record.guardians.size(), 2U) << "GC has not begun";
  EXPECT_TRUE(record.guardians[0].in_force);
  EXPECT_EQ(record.guardians[0].item.until, T("2031-05-09T21:00:00Z")) << "majority";
  EXPECT_FALSE(record.guardians[1].in_force);
  EXPECT_EQ(record.guardians[1].item.until, T("2025-01-01T00:00:00Z"));
  EXPECT_EQ(record.guardians[1].ended_by, "e");
  ASSERT_EQ(record.divided_duties.size(), 1U);
  EXPECT_EQ(record.divided_duties[0].purpose_classes, Ids{"HEALTH"});
}

TEST(LearnerRecord, AStudyRightHasItsStatesAsPeriodsWithoutOverlap) {
  Story story;
  story
      .Tell("g", "studyright.granted",
            {{"studyright", "S1"},
             {"kind", "perusopetus"},
             {"provider", "P"},
             {"school", "A"},
             {"start", "2020-08-10"}})
      .At("2020-08-01T00:00:00Z");
  story.Tell("s1", "studyright.state_changed", {{"studyright", "S1"}, {"state", "lasna"}})
      .From("2020-08-10T00:00:00Z");
  story.Tell("s2", "studyright.state_changed", {{"studyright", "S1"}, {"state", "loma"}})
      .From("2025-03-01T00:00:00Z")
      .Until("2025-06-01T00:00:00Z");
  story.Tell("s3", "studyright.state_changed", {{"studyright", "S1"}, {"state", "valmistunut"}})
      .From("2029-06-01T00:00:00Z");
  const LearnerRecord record = Record(story, "2026-01-01T00:00:00Z");
  ASSERT_EQ(record.studyrights.size(), 1U);
  const StudyRight& right = record.studyrights[0];
  EXPECT_EQ(right.kind, "perusopetus");
  EXPECT_EQ(right.start, D("2020-08-10"));
  EXPECT_EQ(right.granted->event, "g");
  EXPECT_EQ(right.state, "lasna");
  ASSERT_EQ(right.states.size(), 3U);
  EXPECT_EQ(right.states[0].until, T("2025-03-01T00:00:00Z"));
  EXPECT_EQ(right.states[1].state, "loma");
  EXPECT_EQ(right.states[1].until, T("2025-06-01T00:00:00Z"));
  EXPECT_EQ(right.states[2].state, "lasna") << "resumes when the interruption ends";
  EXPECT_EQ(right.states[2].item.event, "s1");
  EXPECT_EQ(right.states[2].from, T("2025-06-01T00:00:00Z"));
  EXPECT_EQ(right.states[2].until, T("2029-06-01T00:00:00Z")) << "known, though it has not begun";
  EXPECT_EQ(Record(story, "2025-03-01T00:00:00Z").studyrights[0].state, "loma");
  EXPECT_EQ(Record(story, "2029-06-01T00:00:00Z").studyrights[0].state, "valmistunut");
}

TEST(LearnerRecord, ALaterStateAtTheSameInstantWinsAndLeavesNoEmptyPeriod) {
  Story story;
  story.Tell("s1", "studyright.state_changed", {{"studyright", "S1"}, {"state", "lasna"}})
      .From("2020-08-10T00:00:00Z");
  story.Tell("s2", "studyright.state_changed", {{"studyright", "S1"}, {"state", "eronnut"}})
      .From("2020-08-10T00:00:00Z");
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.studyrights[0].states.size(), 1U);
  EXPECT_EQ(record.studyrights[0].state, "eronnut");
  EXPECT_FALSE(record.studyrights[0].granted.has_value());
}

TEST(LearnerRecord, PlacementsTransfersAndYearsLieUnderTheirStudyRight) {
  Story story;
  story
      .Tell("p1", "studyright.class_placed",
            {{"studyright", "S1"},
             {"school_year", "2024-2025"},
             {"grade_level", 6},
             {"class_name", "6B"},
             {"site", "A"}})
      .From("2024-08-10T00:00:00Z");
  story
      .Tell("p2", "studyright.class_placed",
            {{"studyright", "S1"},
             {"school_year", "2025-2026"},
             {"grade_level", 7},
             {"class_name", "7B"},
             {"site", "A"}})
      .From("2025-08-10T00:00:00Z");
  story
      .Tell("y", "studyright.year_decided",
            {{"studyright", "S1"},
             {"school_year", "2024-2025"},
             {"grade_level", 6},
             {"outcome", "PROMOTED"}})
      .At("2025-05-31T00:00:00Z");
  story
      .Tell("t", "studyright.transferred",
            {{"studyright", "S1"},
             {"from_provider", "P"},
             {"to_provider", "Q"},
             {"date", "2025-08-01"}})
      .At("2025-08-01T00:00:00Z");
  story.Tell("o", "studyright.state_changed", {{"studyright", "S2"}, {"state", "lasna"}});
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.studyrights.size(), 2U);
  const StudyRight& right = record.studyrights[0];
  ASSERT_EQ(right.placements.size(), 2U);
  EXPECT_EQ(right.placements[0].item.until, T("2025-08-10T00:00:00Z"));
  EXPECT_FALSE(right.placements[1].item.until.has_value());
  EXPECT_EQ(right.placements[1].grade_level, 7);
  ASSERT_EQ(right.years.size(), 1U);
  EXPECT_EQ(right.years[0].outcome, "PROMOTED");
  ASSERT_EQ(right.transfers.size(), 1U);
  EXPECT_EQ(right.transfers[0].date, D("2025-08-01"));
}

void Member(Story& story, std::string_view id, const char* status, std::string_view from) {
  story
      .Tell(id, "teaching.membership_set",
            {{"group", "7B-MA"}, {"role", "LEARNER"}, {"status", status}})
      .From(from);
}

TEST(LearnerRecord, AMembershipLastsFromAddedToRemoved) {
  Story story;
  Member(story, "a1", "ADDED", "2025-08-10T00:00:00Z");
  Member(story, "a2", "ADDED", "2025-09-01T00:00:00Z");
  Member(story, "r1", "REMOVED", "2025-12-01T00:00:00Z");
  Member(story, "a3", "ADDED", "2026-01-08T00:00:00Z");
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.groups.size(), 2U) << "adding a member changes nothing";
  EXPECT_EQ(record.groups[0].item.event, "a1");
  EXPECT_EQ(record.groups[0].item.until, T("2025-12-01T00:00:00Z"));
  EXPECT_EQ(record.groups[0].removed_by, "r1");
  EXPECT_FALSE(record.groups[1].item.until.has_value());
  EXPECT_EQ(Record(story, "2026-01-07T00:00:00Z").groups.size(), 1U);
}

TEST(LearnerRecord, AnAnnulledRemovalLeavesTheMembershipOpen) {
  Story story;
  Member(story, "a1", "ADDED", "2025-08-10T00:00:00Z");
  Member(story, "r1", "REMOVED", "2025-12-01T00:00:00Z");
  story.Tell("x", "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls("r1");
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.groups.size(), 1U);
  EXPECT_FALSE(record.groups[0].item.until.has_value());
}

TEST(LearnerRecord, ARemovalAtTheInstantOfAddingLeavesNothing) {
  Story story;
  Member(story, "a1", "ADDED", "2025-08-10T00:00:00Z");
  Member(story, "r1", "REMOVED", "2025-08-10T00:00:00Z");
  EXPECT_TRUE(Record(story).groups.empty());
}

TEST(LearnerRecord, AnOpenAddingExtendsAMembershipThatWouldHaveEnded) {
  Story story;
  story
      .Tell("a1", "teaching.membership_set",
            {{"group", "7B-MA"}, {"role", "LEARNER"}, {"status", "ADDED"}})
      .From("2025-08-10T00:00:00Z")
      .Until("2026-06-01T00:00:00Z");
  Member(story, "a2", "ADDED", "2025-09-01T00:00:00Z");
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.groups.size(), 1U);
  EXPECT_FALSE(record.groups[0].item.until.has_value());
}

TEST(LearnerRecord, AClarificationStandsBesideTheMarkAndIsCounted) {
  Story story;
  story.Tell("m1", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("m2", "attendance.marked", {{"lesson", "les2"}, {"code", "ABSENT"}});
  story.Tell("m3", "attendance.marked",
             {{"lesson", "les3"}, {"code", "LATE"}, {"minutes_late", 7}});
  story.Tell("c1", "attendance.clarified",
             {{"lessons", Ids{"les1", "les9"}}, {"absence_class", "HEALTH"}, {"by", "GA"}});
  story
      .Tell("c2", "attendance.clarified",
            {{"lessons", Ids{"les1"}}, {"absence_class", "ALLOWED"}, {"by", "GA"}})
      .Corrects("c1");
  const Attendance attendance = Record(story).attendance;
  ASSERT_EQ(attendance.marks.size(), 3U);
  EXPECT_EQ(attendance.marks[0].code, "ABSENT");
  EXPECT_EQ(attendance.marks[0].clarified->absence_class, "ALLOWED");
  EXPECT_EQ(attendance.marks[0].clarified->item.replaces, Ids{"c1"});
  EXPECT_FALSE(attendance.marks[1].clarified.has_value());
  EXPECT_EQ(attendance.marks[2].minutes_late, 7);
  EXPECT_EQ(attendance.marks_by_code.at("ABSENT"), 2U);
  EXPECT_EQ(attendance.marks_by_code.at("LATE"), 1U);
  EXPECT_EQ(attendance.absences_by_class.at("ALLOWED"), 1U);
  EXPECT_EQ(attendance.absences_by_class.count("HEALTH"), 0U);
  EXPECT_EQ(attendance.absences_not_clarified, 1U);
}

TEST(LearnerRecord, OfTwoMarksOfOneLessonOnlyTheNewestCounts) {
  Story story;
  story.Tell("m1", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("m2", "attendance.marked", {{"lesson", "les1"}, {"code", "PRESENT"}});
  const Attendance attendance = Record(story).attendance;
  EXPECT_EQ(attendance.marks.size(), 2U);
  EXPECT_FALSE(attendance.marks[0].newest);
  EXPECT_EQ(attendance.marks_by_code.count("ABSENT"), 0U);
  EXPECT_EQ(attendance.marks_by_code.at("PRESENT"), 1U);
}

TEST(LearnerRecord, ReportsLeavesRegistersAndLimitsAreListed) {
  Story story;
  story.Tell("r", "attendance.absence_reported",
             {{"by", "GA"},
              {"from", "2026-02-02T06:00:00Z"},
              {"until", "2026-02-02T14:00:00Z"},
              {"absence_class", "HEALTH"}});
  story.Tell("l", "attendance.leave_decided",
             {{"from", "2026-03-01T22:00:00Z"},
              {"until", "2026-03-08T22:00:00Z"},
              {"outcome", "GRANTED"},
              {"decider_role", "PRINCIPAL"}});
  story.Tell("k", "attendance.register_taken", {{"lesson", "les1"}, {"present_count", 20}});
  story.Tell("h", "attendance.threshold_reached",
             {{"threshold_hours", 50},
              {"counted_hours", "50.5"},
              {"window_from", "2025-08-10"},
              {"window_until", "2026-02-02"}});
  const Attendance attendance = Record(story).attendance;
  ASSERT_EQ(attendance.reports.size(), 1U);
  EXPECT_EQ(attendance.reports[0].by, "GA");
  EXPECT_EQ(attendance.reports[0].until, T("2026-02-02T14:00:00Z"));
  ASSERT_EQ(attendance.leaves.size(), 1U);
  EXPECT_EQ(attendance.leaves[0].outcome, "GRANTED");
  ASSERT_EQ(attendance.registers.size(), 1U);
  EXPECT_EQ(attendance.registers[0].present_count, 20);
  ASSERT_EQ(attendance.thresholds.size(), 1U);
  EXPECT_EQ(attendance.thresholds[0].counted_hours, "50.5");
}

TEST(LearnerRecord, GradesKeepEveryStandingFactAndMarkTheNewest) {
  Story story;
  story
      .Tell("g1", "grade.course_assessed",
            {{"course", "MA1"}, {"grade", "5"}, {"scope", "2"}, {"assessor", "T1"}})
      .At("2025-05-01T00:00:00Z");
  story
      .Tell("g2", "grade.course_assessed",
            {{"course", "MA1"}, {"grade", "8"}, {"scope", "2"}, {"assessor", "T1"}})
      .At("2025-12-01T00:00:00Z");
  story
      .Tell("g3", "grade.course_assessed",
            {{"course", "MA1"}, {"grade", "9"}, {"scope", "2"}, {"assessor", "T1"}})
      .From("2025-12-01T00:00:00Z")
      .Corrects("g2");
  story.Tell("f", "grade.subject_final",
             {{"subject", "MA"}, {"grade", "9"}, {"assessor", "T1"}, {"individualised", 1}});
  story.Tell("r", "grade.result_recorded", {{"item", "exam1"}, {"points", "17.5"}, {"attempt", 2}});
  story.Tell("c", "grade.credit_recognised",
             {{"course", "ENA1"}, {"scope", "2"}, {"origin", "abroad"}});
  story.Tell("v", "grade.verbal_assessed", {{"subject", "MA"}, {"assessor", "T1"}});
  story.Tell("a", "grade.reassessment_decided",
             {{"target", "g2"},
              {"old_grade", "8"},
              {"new_grade", "9"},
              {"reason", "REQUEST"},
              {"decider_role", "PRINCIPAL"}});
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.grades.size(), 5U);
  EXPECT_EQ(record.grades[0].item.event, "g1");
  EXPECT_FALSE(record.grades[0].newest);
  EXPECT_EQ(record.grades[1].item.event, "g3");
  EXPECT_EQ(record.grades[1].grade, "9");
  EXPECT_EQ(record.grades[1].item.replaces, Ids{"g2"});
  EXPECT_TRUE(record.grades[1].newest);
  EXPECT_TRUE(record.grades[2].individualised);
  EXPECT_EQ(record.grades[3].points, "17.5");
  EXPECT_EQ(record.grades[3].attempt, 2);
  EXPECT_EQ(record.grades[4].origin, "abroad");
  ASSERT_EQ(record.verbal_assessments.size(), 1U);
  ASSERT_EQ(record.reassessments.size(), 1U);
  EXPECT_EQ(record.reassessments[0].new_grade, "9");
}

TEST(LearnerRecord, GradesOfTwoStudyRightsOrControllersAreEachNewest) {
  Story story;
  story.Tell("g1", "grade.course_assessed",
             {{"course", "MA1"}, {"grade", "5"}, {"studyright", "S1"}});
  story.Tell("g2", "grade.course_assessed",
             {{"course", "MA1"}, {"grade", "8"}, {"studyright", "S2"}});
  story
      .Tell("g3", "grade.course_assessed",
            {{"course", "MA1"}, {"grade", "9"}, {"studyright", "S2"}})
      .Controller("K2");
  for (const Grade& grade : Record(story).grades) EXPECT_TRUE(grade.newest) << grade.item.event;
}

TEST(LearnerRecord, AGradeWhosePeriodEndedIsNotTheNewest) {
  Story story;
  story.Tell("g1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "5"}})
      .From("2025-01-01T00:00:00Z");
  story.Tell("g2", "grade.course_assessed", {{"course", "MA1"}, {"grade", "8"}})
      .From("2025-06-01T00:00:00Z")
      .Until("2026-01-01T00:00:00Z");
  EXPECT_TRUE(Record(story, "2025-12-31T23:59:59Z").grades[1].newest);
  const LearnerRecord record = Record(story, "2026-01-01T00:00:00Z");
  EXPECT_TRUE(record.grades[0].newest);
  EXPECT_FALSE(record.grades[1].newest);
}

TEST(LearnerRecord, SupportIsKeptApartFromConduct) {
  Story story;
  story
      .Tell("d", "support.decision_made",
            {{"kind", "PUPIL_SPECIFIC"},
             {"measures", Ids{"ASSISTANT"}},
             {"decision_hash", "sha256:22"},
             {"decider_role", "PRINCIPAL"}})
      .From("2026-01-01T00:00:00Z");
  story.Tell("p", "support.plan_recorded",
             {{"kind", "LEARNING"}, {"plan_hash", "sha256:33"}, {"participants", Ids{"TEACHER"}}});
  story.Tell("c", "support.case_noted", {{"case_hash", "sha256:44"}});
  story.Tell("n", "support.conduct_noted",
             {{"kind", "PRAISE"}, {"text_hash", "sha256:55"}, {"author", "T1"}});
  story.Tell("m", "support.measure_decided",
             {{"measure", "WARNING"}, {"date", "2026-02-01"}, {"decider_role", "PRINCIPAL"}});
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.support.size(), 3U);
  EXPECT_EQ(record.support[0].codes, Ids{"ASSISTANT"});
  for (const SupportFact& fact : record.support) {
    EXPECT_EQ(fact.item.sensitivity, events::Sensitivity::kS4);
  }
  ASSERT_EQ(record.conduct.size(), 2U);
  EXPECT_EQ(record.conduct[0].decider, "T1");
  EXPECT_EQ(record.conduct[1].date, D("2026-02-01"));
}

TEST(LearnerRecord, ACertificateIsFlaggedWhenItsBasisWasCorrectedAfterwards) {
  Story story;
  story.Tell("g1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  story.Tell("g2", "grade.course_assessed", {{"course", "MA2"}, {"grade", "7"}});
  story.Tell("g2b", "grade.course_assessed", {{"course", "MA2"}, {"grade", "8"}}).Corrects("g2");
  story.Tell("c1", "certificate.issued",
             {{"certificate", "T1"},
              {"kind", "COURSE"},
              {"document_hash", "sha256:33"},
              {"basis_events", Ids{"g1", "g2"}},
              {"basis_size", 3}});
  EXPECT_FALSE(Record(story).certificates[0].basis_corrected) << "corrected before it was pinned";
  story.Tell("x", "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls("g1");
  EXPECT_TRUE(Record(story).certificates[0].basis_corrected);
  EXPECT_FALSE(
      BuildRecord("L1", story.facts(), story.KnownAfter("c1")).certificates[0].basis_corrected)
      << "as recorded then";
}

TEST(LearnerRecord, ACorrectionBetweenTheBasisAndTheCertificateFlagsItToo) {
  Story story;
  story.Tell("g1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  story.Tell("g1b", "grade.course_assessed", {{"course", "MA1"}, {"grade", "8"}}).Corrects("g1");
  story.Tell(
      "c1", "certificate.issued",
      {{"certificate", "T1"}, {"kind", "COURSE"}, {"basis_events", Ids{"g1"}}, {"basis_size", 1}});
  EXPECT_TRUE(Record(story).certificates[0].basis_corrected);
}

TEST(LearnerRecord, ARevokedCertificateSaysByWhatAndWhichReplacesIt) {
  Story story;
  story.Tell("c1", "certificate.issued", {{"certificate", "T1"}, {"kind", "COURSE"}})
      .At("2026-01-01T00:00:00Z");
  story.Tell("r0", "certificate.revoked", {{"certificate", "T1"}, {"reason", "FRAUD"}})
      .At("2026-02-01T00:00:00Z")
      .Controller("V");
  story
      .Tell("r1", "certificate.revoked",
            {{"certificate", "T1"}, {"reason", "CORRECTED"}, {"replacement", "T2"}})
      .At("2026-03-01T00:00:00Z");
  EXPECT_FALSE(Record(story, "2026-02-28T00:00:00Z").certificates[0].revoked)
      << "nobody revokes another controller's certificate";
  const Certificate certificate = Record(story).certificates[0];
  EXPECT_TRUE(certificate.revoked);
  EXPECT_EQ(certificate.revoked_by, "r1");
  EXPECT_EQ(certificate.replacement, "T2");
}

TEST(LearnerRecord, RestrictionsEndWhenTheyAreCleared) {
  Story story;
  story.Tell("p", "restriction.set", {{"kind", "PROTECTION"}}).From("2026-03-05T00:00:00Z");
  story.Tell("c", "restriction.cleared", {{"restriction", "p"}, {"outcome", "ENDED"}})
      .From("2026-04-05T00:00:00Z");
  const Restriction restriction = Record(story).restrictions[0];
  EXPECT_EQ(restriction.item.until, T("2026-04-05T00:00:00Z"));
  EXPECT_EQ(restriction.cleared_by, "c");
}

TEST(LearnerRecord, AnObjectionThatWasUpheldStands) {
  Story story;
  story.Tell("o", "restriction.set", {{"kind", "OBJECTION"}}).From("2026-03-05T00:00:00Z");
  story.Tell("c", "restriction.cleared", {{"restriction", "o"}, {"outcome", "UPHELD"}});
  EXPECT_FALSE(Record(story).restrictions[0].item.until.has_value());
}

TEST(LearnerRecord, ErasedEntriesAreListedByPositionAndLeaveTheSections) {
  Story story;
  story.Tell("a1", "activity.xapi_statement", {{"statement_id", "s1"}});
  story.Tell("a2", "activity.caliper_event", {{"event_id", "s2"}});
  story.Tell("q", "erasure.requested",
             {{"classes", Ids{"S2"}},
              {"types", Ids{"activity.xapi_statement"}},
              {"ground", "CONSENT_WITHDRAWN"}});
  story.Tell("d", "erasure.decided", {{"request", "q"}, {"outcome", "ACCEPTED"}});
  EXPECT_EQ(Record(story).activity.size(), 2U);
  story.Tell("x", "erasure.executed",
             {{"request", "q"},
              {"classes", Ids{"S2"}},
              {"types", Ids{"activity.xapi_statement"}},
              {"receipts", Ids{"payload_store"}}});
  story.facts()[0] = Erased(story.facts()[0]);
  const LearnerRecord record = Record(story);
  ASSERT_EQ(record.activity.size(), 1U);
  EXPECT_EQ(record.activity[0].foreign_id, "s2");
  ASSERT_EQ(record.erased.size(), 1U);
  EXPECT_EQ(record.erased[0].position, LeafIndex(0));
  EXPECT_EQ(record.erased[0].publisher, "sis");
  EXPECT_EQ(record.erased[0].by, "x");
  EXPECT_EQ(record.erased[0].status, ItemStatus::kErased);
  // Gone is gone, in older views too.
  const LearnerRecord older = BuildRecord("L1", story.facts(), story.KnownAfter("a2"));
  EXPECT_EQ(older.activity.size(), 1U);
  EXPECT_EQ(older.erased.size(), 1U);
}

TEST(LearnerRecord, AnErasedEntryIsNotPinnedOnOneOfSeveralExecutions) {
  Story story;
  story.Tell("a1", "activity.xapi_statement", {{"statement_id", "s1"}}).Erased();
  story.Tell("x1", "erasure.executed", {{"request", "q1"}, {"classes", Ids{"S2"}}});
  story.Tell("x2", "erasure.executed", {{"request", "q2"}, {"classes", Ids{"S3"}}});
  EXPECT_EQ(Record(story).erased[0].by, "");
}

TEST(LearnerRecord, ItemsAreHeldWhileAnAcceptedErasureWaitsForAHold) {
  Story story;
  story.Tell("b", "identity.learner_registered",
             {{"birth_date", "2013-05-10"}, {"language", "fi"}});
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("g", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  story.Tell("q", "erasure.requested", {{"classes", Ids{"S2"}}, {"ground", "REQUEST"}});
  story.Tell("h", "erasure.hold_set",
             {{"classes", Ids{"S2"}}, {"ground", "LITIGATION"}, {"case_ref", "1/26"}});
  const RecordRules rules{.ages = {}, .statutory_types = {"grade.course_assessed"}};
  const auto record = [&] { return BuildRecord("L1", story.facts(), story.Now(), rules); };
  EXPECT_EQ(record().attendance.marks[0].item.status, ItemStatus::kPresent) << "not decided";
  story.Tell("d", "erasure.decided", {{"request", "q"}, {"outcome", "ACCEPTED"}});
  EXPECT_EQ(record().attendance.marks[0].item.status, ItemStatus::kHeld);
  EXPECT_EQ(record().attendance.marks[0].item.by, "h");
  EXPECT_EQ(record().grades[0].item.status, ItemStatus::kPresent) << "statutory";
  EXPECT_EQ(record().identity.registrations[0].item.status, ItemStatus::kPresent);
  story.Tell("e", "erasure.hold_released", {{"hold", "h"}});
  EXPECT_EQ(record().attendance.marks[0].item.status, ItemStatus::kPresent);
}

TEST(LearnerRecord, ARefusedErasureHoldsNothing) {
  Story story;
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("q", "erasure.requested", {{"classes", Ids{"S2"}}, {"ground", "REQUEST"}});
  story.Tell("h", "erasure.hold_set", {{"classes", Ids{"S2"}}, {"ground", "BREACH"}});
  story.Tell("d", "erasure.decided", {{"request", "q"}, {"outcome", "REFUSED"}});
  EXPECT_EQ(Record(story).attendance.marks[0].item.status, ItemStatus::kPresent);
}

TEST(LearnerRecord, SourcesNameEveryEntryOnceByPosition) {
  Story story;
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("m2", "attendance.marked", {{"lesson", "les2"}, {"code", "ABSENT"}});
  story.Tell("c", "attendance.clarified",
             {{"lessons", Ids{"les1", "les2"}}, {"absence_class", "HEALTH"}, {"by", "GA"}});
  const std::vector<Source> sources = SourcesOf(Record(story));
  ASSERT_EQ(sources.size(), 3U);
  EXPECT_EQ(sources[0].event, "m");
  EXPECT_EQ(sources[2].event, "c");
}

/// A story of one learner in random order: grades and marks with corrections, annulments, states,
/// memberships, with V spread around R.
Story RandomLife(std::size_t events) {
  Story story;
  for (std::size_t i = 0; i < events; ++i) {
    const std::string id = std::to_string(i);
    const std::string target = std::to_string(*rc::gen::inRange<std::size_t>(0, events));
    const int kind = *rc::gen::inRange(0, 7);
    const std::string v =
        FormatInstant(T("2026-01-01T00:00:00Z") + *rc::gen::inRange(0, 20) * kMicrosPerDay);
    if (kind == 0) {
      story.Tell(id, "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}}).From(v);
    } else if (kind == 1) {
      story.Tell(id, "grade.course_assessed", {{"course", "MA1"}, {"grade", "8"}})
          .From(v)
          .Corrects(target);
    } else if (kind == 2) {
      story.Tell(id, "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls(target);
    } else if (kind == 3) {
      story.Tell(id, "studyright.state_changed", {{"studyright", "S"}, {"state", "lasna"}}).From(v);
    } else if (kind == 4) {
      story.Tell(id, "studyright.state_changed", {{"studyright", "S"}, {"state", "loma"}})
          .From(v)
          .Until(FormatInstant(T(v) + 3 * kMicrosPerDay));
    } else if (kind == 5) {
      story
          .Tell(id, "teaching.membership_set",
                {{"group", "G"}, {"role", "LEARNER"}, {"status", "ADDED"}})
          .From(v);
    } else {
      story
          .Tell(id, "teaching.membership_set",
                {{"group", "G"}, {"role", "LEARNER"}, {"status", "REMOVED"}})
          .From(v);
    }
  }
  return story;
}

TEST(LearnerRecordProperty, AnEventNeverChangesAViewThatDoesNotSeeIt) {
  EXPECT_TRUE(rc::check([] {
    const Story story = RandomLife(14);
    const auto size = *rc::gen::inRange<std::size_t>(0, 15);
    const View view{.at = T("2026-01-01T00:00:00Z") + *rc::gen::inRange(0, 25) * kMicrosPerDay,
                    .size = TreeSize(size)};
    const Facts prefix(story.facts().begin(),
                       story.facts().begin() + static_cast<std::ptrdiff_t>(size));
    RC_ASSERT(RecordJson(BuildRecord("L1", story.facts(), view)) ==
              RecordJson(BuildRecord("L1", prefix, view)));
  }));
}

TEST(LearnerRecordProperty, PeriodsOfAStateNeverOverlapAndTheLastInForceIsTheState) {
  EXPECT_TRUE(rc::check([] {
    const Story story = RandomLife(14);
    const View view{.at = T("2026-01-01T00:00:00Z") + *rc::gen::inRange(0, 25) * kMicrosPerDay,
                    .size = story.Now().size};
    const LearnerRecord record = BuildRecord("L1", story.facts(), view);
    for (const StudyRight& right : record.studyrights) {
      std::string in_force;
      for (std::size_t i = 0; i < right.states.size(); ++i) {
        const StudyState& state = right.states[i];
        RC_ASSERT(!state.until || state.from < *state.until);
        RC_ASSERT(state.from <= view.at);
        if (i > 0) RC_ASSERT(right.states[i - 1].until && *right.states[i - 1].until <= state.from);
        if (!state.until || view.at < *state.until) in_force = state.state;
      }
      RC_ASSERT(in_force == right.state);
    }
  }));
}

TEST(LearnerRecordProperty, FactsOfOneKindAtDifferentInstantsMayArriveInAnyOrder) {
  EXPECT_TRUE(rc::check([] {
    // Distinct V, no corrections: the state of the study right depends on V alone.
    std::vector<int> days{1, 2, 3, 4, 5, 6};
    const auto order = *rc::gen::container<std::vector<int>>(6, rc::gen::inRange(0, 1000));
    std::vector<int> shuffled = days;
    for (std::size_t i = shuffled.size(); i > 1; --i) {
      std::swap(shuffled[i - 1], shuffled[static_cast<std::size_t>(order[i - 1]) % i]);
    }
    const auto states = [](const std::vector<int>& in_order) {
      Story story;
      for (const int day : in_order) {
        const char* state = day % 2 == 0 ? "lasna" : "loma";
        story
            .Tell(std::to_string(day), "studyright.state_changed",
                  {{"studyright", "S"}, {"state", state}})
            .From(FormatInstant(T("2026-01-01T00:00:00Z") + day * kMicrosPerDay));
      }
      std::vector<std::tuple<std::string, Instant, std::string>> periods;
      const LearnerRecord record = BuildRecord("L1", story.facts(), story.Now());
      for (const StudyState& state : record.studyrights[0].states) {
        periods.emplace_back(state.item.event, state.from, state.state);
      }
      return periods;
    };
    RC_ASSERT(states(days) == states(shuffled));
  }));
}

}  // namespace
}  // namespace oppi::projections
