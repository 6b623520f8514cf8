#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "projections/answer_table.h"
#include "projections/learner_record.h"
#include "projections/text_table.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using nlohmann::json;
using tests::Story;
using Ids = std::vector<std::string>;

/// One of everything, every place in it called "SECRET...".
Story Everything() {
  Story story;
  const auto told = [&](auto telling) { telling.Controller("SECRET-K").By("SECRET-sis"); };
  told(story.Tell("b", "identity.learner_registered",
                  {{"birth_date", "2013-05-10"},
                   {"language", "fi"},
                   {"given_name", "Äiti"},
                   {"family_name", "Öljylä"},
                   {"municipality", "SECRET-091"}}));
  told(story.Tell("n", "identity.attribute_changed",
                  {{"attribute", "CONTACT"}, {"value", "SECRET street 1"}}));
  told(story.Tell("n2", "identity.attribute_changed",
                  {{"attribute", "MUNICIPALITY"}, {"value", "SECRET-049"}}));
  told(story.Tell("n3", "identity.attribute_changed",
                  {{"attribute", "NAME"}, {"value", "Aino Öljylä"}}));
  told(story.Tell("l", "identity.pseudonyms_linked",
                  {{"kept", "L1"}, {"merged", "P7"}, {"reason", "REGISTERED_LATER"}}));
  told(story.Tell("gA", "guardianship.established", {{"guardian", "GA"}, {"right", "DECIDE"}}));
  told(story.Tell("dd", "guardianship.duties_divided",
                  {{"guardian", "GA"},
                   {"purpose_classes", Ids{"HEALTH"}},
                   {"court_ref", "SECRET court 1/25"}}));
  told(story.Tell("sg", "studyright.granted",
                  {{"studyright", "S1"},
                   {"kind", "perusopetus"},
                   {"provider", "SECRET-P"},
                   {"school", "SECRET-A"},
                   {"start", "2020-08-10"}}));
  told(story.Tell("ss", "studyright.state_changed", {{"studyright", "S1"}, {"state", "lasna"}}));
  told(story.Tell("st", "studyright.transferred",
                  {{"studyright", "S1"},
                   {"from_provider", "SECRET-P"},
                   {"to_provider", "SECRET-Q"},
                   {"date", "2025-08-01"}}));
  told(story.Tell("sp", "studyright.class_placed",
                  {{"studyright", "S1"},
                   {"school_year", "2025-2026"},
                   {"grade_level", 7},
                   {"class_name", "SECRET-7B"},
                   {"site", "SECRET-A"}}));
  told(story.Tell("sy", "studyright.year_decided",
                  {{"studyright", "S1"},
                   {"school_year", "2025-2026"},
                   {"grade_level", 7},
                   {"outcome", "PROMOTED"}}));
  told(story.Tell("tm", "teaching.membership_set",
                  {{"group", "SECRET-7B-MA"}, {"role", "LEARNER"}, {"status", "ADDED"}}));
  told(story.Tell("am", "attendance.marked", {{"lesson", "SECRET-7B-MA-1"}, {"code", "ABSENT"}}));
  told(story.Tell("al", "attendance.marked",
                  {{"lesson", "SECRET-7B-MA-2"}, {"code", "LATE"}, {"minutes_late", 7}}));
  told(story.Tell("ac", "attendance.clarified",
                  {{"lessons", Ids{"SECRET-7B-MA-1"}}, {"absence_class", "HEALTH"}, {"by", "GA"}}));
  told(story.Tell("ar", "attendance.register_taken",
                  {{"lesson", "SECRET-7B-MA-1"}, {"present_count", 20}}));
  told(story.Tell("ab", "attendance.absence_reported",
                  {{"by", "GA"},
                   {"from", "2026-02-02T06:00:00Z"},
                   {"until", "2026-02-02T14:00:00Z"},
                   {"absence_class", "HEALTH"}}));
  told(story.Tell("av", "attendance.leave_decided",
                  {{"from", "2026-03-01T22:00:00Z"},
                   {"until", "2026-03-08T22:00:00Z"},
                   {"outcome", "GRANTED"},
                   {"decider_role", "PRINCIPAL"}}));
  told(story.Tell("at", "attendance.threshold_reached",
                  {{"threshold_hours", 50}, {"counted_hours", "50.5"}}));
  told(story.Tell("gc", "grade.course_assessed",
                  {{"course", "MA1"}, {"grade", "8"}, {"scope", "2"}, {"assessor", "SECRET-T1"}}));
  auto corrected = story.Tell("gd", "grade.course_assessed",
                              {{"course", "MA1"},
                               {"grade", "9"},
                               {"scope", "2"},
                               {"assessor", "SECRET-T1"},
                               {"studyright", "S1"}});
  corrected.Corrects("gc").From("2025-12-19T10:00:00Z");
  told(corrected);
  told(story.Tell(
      "gs", "grade.subject_final",
      {{"subject", "MA"}, {"grade", "9"}, {"assessor", "SECRET-T1"}, {"individualised", 1}}));
  told(story.Tell("gr", "grade.result_recorded",
                  {{"item", "SECRET-exam"}, {"points", "17.5"}, {"attempt", 1}}));
  told(story.Tell("gk", "grade.credit_recognised",
                  {{"course", "ENA1"}, {"scope", "2"}, {"origin", "SECRET lukio"}}));
  told(story.Tell("gv", "grade.verbal_assessed", {{"subject", "MA"}, {"assessor", "SECRET-T1"}}));
  told(story.Tell("ga", "grade.reassessment_decided",
                  {{"target", "gc"},
                   {"old_grade", "8"},
                   {"new_grade", "9"},
                   {"reason", "REQUEST"},
                   {"decider_role", "PRINCIPAL"}}));
  told(story.Tell("ax", "activity.xapi_statement", {{"statement_id", "s1"}}));
  told(story.Tell("sd", "support.decision_made",
                  {{"kind", "PUPIL_SPECIFIC"},
                   {"measures", Ids{"ASSISTANT", "DEVICE"}},
                   {"decision_hash", "sha256:22"},
                   {"decider_role", "PRINCIPAL"}}));
  told(story.Tell("sn", "support.conduct_noted",
                  {{"kind", "PRAISE"}, {"text_hash", "sha256:55"}, {"author", "SECRET-T2"}}));
  told(story.Tell("ci", "certificate.issued",
                  {{"certificate", "SECRET-2026-1"},
                   {"kind", "COURSE"},
                   {"document_hash", "sha256:33"},
                   {"basis_events", Ids{"gc"}},
                   {"basis_size", 1},
                   {"signer", "SECRET-T3"}}));
  told(story.Tell("cr", "certificate.revoked",
                  {{"certificate", "SECRET-2026-1"},
                   {"reason", "CORRECTED"},
                   {"replacement", "SECRET-2026-2"}}));
  told(
      story.Tell("rs", "restriction.set",
                 {{"kind", "ART18"}, {"purposes", Ids{"ADAPT"}}, {"data_categories", Ids{"LRN"}}}));
  told(story.Tell("xx", "activity.caliper_event", {{"event_id", "s9"}}));
  story.facts().back() = Erased(story.facts().back());
  return story;
}

LearnerRecord Record() {
  const Story story = Everything();
  return BuildRecord("L1", story.facts(), story.Now());
}

TEST(RecordJson, HoldsEverySectionWithWhereItCameFrom) {
  const json record = json::parse(RecordJson(Record()));
  EXPECT_EQ(record["learner"], "L1");
  EXPECT_EQ(record["view"]["at"], "2030-01-01T00:00:00Z");
  EXPECT_EQ(record["identity"]["name"], "Aino Öljylä");
  EXPECT_EQ(record["identity"]["birth_date"], "2013-05-10");
  EXPECT_EQ(record["identity"]["municipality"], "SECRET-049");
  EXPECT_EQ(record["identity"]["pseudonyms"][0]["merged"], "P7");
  EXPECT_EQ(record["guardians"][0]["in_force"], true);
  EXPECT_EQ(record["divided_duties"][0]["guardian"], "GA");
  EXPECT_EQ(record["studyrights"][0]["state"], "lasna");
  EXPECT_EQ(record["studyrights"][0]["placements"][0]["grade_level"], 7);
  EXPECT_EQ(record["studyrights"][0]["transfers"][0]["date"], "2025-08-01");
  EXPECT_EQ(record["studyrights"][0]["years"][0]["outcome"], "PROMOTED");
  EXPECT_EQ(record["groups"][0]["role"], "LEARNER");
  EXPECT_EQ(record["attendance"]["marks_by_code"]["ABSENT"], 1);
  EXPECT_EQ(record["attendance"]["absences_by_class"]["HEALTH"], 1);
  EXPECT_EQ(record["attendance"]["marks"][0]["clarified"]["absence_class"], "HEALTH");
  EXPECT_EQ(record["attendance"]["marks"][1]["minutes_late"], 7);
  EXPECT_EQ(record["attendance"]["reports"][0]["by_person"], "GA");
  EXPECT_EQ(record["attendance"]["leaves"][0]["outcome"], "GRANTED");
  EXPECT_EQ(record["attendance"]["registers"][0]["present_count"], 20);
  EXPECT_EQ(record["attendance"]["thresholds"][0]["counted_hours"], "50.5");
  const json grade = record["course_grades"][0];
  EXPECT_EQ(grade["course"], "MA1");
  EXPECT_EQ(grade["grade"], "9");
  EXPECT_EQ(grade["replaces"], json::array({"gc"}));
  EXPECT_EQ(grade["event"], "gd");
  EXPECT_EQ(grade["position"], 21);
  EXPECT_EQ(grade["valid_from"], "2025-12-19T10:00:00Z");
  EXPECT_EQ(grade["publisher"], "SECRET-sis");
  EXPECT_EQ(grade["status"], "PRESENT");
  EXPECT_EQ(record["subject_grades"][0]["individualised"], true);
  EXPECT_EQ(record["item_results"][0]["points"], "17.5");
  EXPECT_EQ(record["credits"][0]["scope"], "2");
  EXPECT_EQ(record["verbal_assessments"][0]["subject"], "MA");
  EXPECT_EQ(record["reassessments"][0]["new_grade"], "9");
  EXPECT_EQ(record["activity"]["count"], 1);
  EXPECT_EQ(record["support"][0]["codes"], json::array({"ASSISTANT", "DEVICE"}));
  EXPECT_EQ(record["conduct"][0]["kind"], "PRAISE");
  EXPECT_EQ(record["certificates"][0]["state"], "REVOKED");
  EXPECT_EQ(record["certificates"][0]["flags"], json::array({"BASIS_CORRECTED"}));
  EXPECT_EQ(record["restrictions"][0]["kind"], "ART18");
  EXPECT_EQ(record["erased"][0]["status"], "ERASED");
  EXPECT_FALSE(record["erased"][0].contains("event"));
}

TEST(RecordJson, AnEmptyRecordIsStillAnAnswer) {
  const json record = json::parse(RecordJson(BuildRecord("L1", {}, {})));
  EXPECT_EQ(record["identity"], json::object());
  EXPECT_EQ(record["activity"]["count"], 0);
  EXPECT_FALSE(record.contains("course_grades"));
}

TEST(RecordTable, ShowsGradesAsRowsThatAPersonCanCheck) {
  const Result<std::string> made = RecordTable(RecordJson(Record()));
  ASSERT_TRUE(made.ok());
  const std::string& table = *made;
  EXPECT_NE(table.find("Course grades\n"), std::string::npos);
  const std::size_t at = table.find("  MA1 ");
  ASSERT_NE(at, std::string::npos);
  const std::string row = table.substr(at, table.find('\n', at) - at);
  EXPECT_NE(row.find("  9 "), std::string::npos);
  EXPECT_NE(row.find("2025-12-19"), std::string::npos);
  EXPECT_NE(row.find("S1"), std::string::npos);
  EXPECT_NE(row.find("corrected 1x"), std::string::npos);
  for (const char* heading :
       {"Identity\n", "Guardians\n", "Duties divided\n", "Study rights\n", "Transfers\n",
        "Classes\n", "Groups\n", "Subject grades\n", "Results\n", "Recognised credits\n",
        "Attendance\n", "Absences reported\n", "Leave\n", "Learning activity\n", "Support\n",
        "Conduct\n", "Certificates\n", "Restrictions\n", "Erased entries\n"}) {
    EXPECT_NE(table.find(heading), std::string::npos) << heading;
  }
}

TEST(RecordTable, RefusesWhatIsNoRecordAndSurvivesStrangeOnes) {
  EXPECT_FALSE(RecordTable("").ok());
  EXPECT_FALSE(RecordTable("[]").ok());
  EXPECT_FALSE(RecordTable("{").ok());
  const Result<std::string> empty = RecordTable("{}");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, "Record of \n  valid at , as known at log size \n");
  EXPECT_TRUE(RecordTable(R"({"identity":[],"guardians":{"a":1},"studyrights":[1,{"states":2}],
                             "attendance":"x","activity":{"count":"?"}})")
                  .ok());
}

TEST(HidePlaces, LeavesNoTraceOfAnOrganisationPlaceOrMemberOfStaff) {
  LearnerRecord record = Record();
  EXPECT_EQ(RecordJson(record).find(kRedactedText), std::string::npos);
  EXPECT_EQ(HidePlaces(record), SourcesOf(record).size()) << "every item";
  const std::string hidden = RecordJson(record);
  EXPECT_EQ(hidden.find("SECRET"), std::string::npos) << hidden;
  EXPECT_EQ(RecordTable(hidden)->find("SECRET"), std::string::npos) << *RecordTable(hidden);
  EXPECT_EQ(hidden.find("\"position\""), std::string::npos);
  EXPECT_EQ(hidden.find("\"recorded\""), std::string::npos);
  EXPECT_NE(hidden.find("[suojattu]"), std::string::npos);
  // What is about the child alone stays.
  const json json_record = json::parse(hidden);
  EXPECT_EQ(json_record["course_grades"][0]["grade"], "9");
  EXPECT_EQ(json_record["identity"]["name"], "Aino Öljylä");
}

TEST(TextTable, AlignsByCharactersAndLeavesEmptyColumnsOut) {
  TextTable table({"a", "empty", "b"});
  table.Add({"öö", "", "1"});
  table.Add({"xxx", "", "2"});
  EXPECT_EQ(table.Render("Heading"), "Heading\n  a    b\n  öö   1\n  xxx  2\n");
}

TEST(TextTable, ShowsControlCharactersAsQuestionMarks) {
  EXPECT_EQ(Printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
  EXPECT_EQ(Printable("\xc2\x9b[31mä\xc2\xa0"), "?[31mä\xc2\xa0");
  TextTable table({"a"});
  table.Add({"evil\x1b[2J"});
  EXPECT_EQ(table.Render("H"), "H\n  a\n  evil?[2J\n");
}

TEST(TextTable, JoinsParts) {
  EXPECT_EQ(Joined({}), "");
  EXPECT_EQ(Joined({"a", "b"}), "a, b");
}

}  // namespace
}  // namespace oppi::projections
