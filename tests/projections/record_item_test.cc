#include "projections/record_item.h"

#include <gtest/gtest.h>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;
using Ids = std::vector<std::string>;

std::string Ask(const Story& story, const char* kind, const char* code,
                std::string_view at = "2030-01-01T00:00:00Z", const RecordRules& rules = {}) {
  const RecordItem item{.kind = *ParseRecordItemKind(kind), .code = code};
  return RecordItemJson(RecordAsOf("L1", story.facts(), story.Now(at), item, rules));
}

void TellGrade(Story& story, std::string_view id, const char* grade, std::string_view v) {
  story.Tell(id, "grade.course_assessed", {{"course", "MA1"}, {"grade", grade}}).From(v);
}

TEST(RecordItem, KindsHaveTheNamesOfRehearsals) {
  for (const char* name : {"course_grade", "subject_grade", "studyright_state", "attendance",
                           "certificate", "activity"}) {
    EXPECT_TRUE(ParseRecordItemKind(name).has_value()) << name;
  }
  EXPECT_FALSE(ParseRecordItemKind("grade").has_value());
}

TEST(RecordItem, TheGreatestValidTimeThenPositionDecides) {
  Story story;
  TellGrade(story, "g2", "8", "2026-02-01T00:00:00Z");
  TellGrade(story, "g1", "6", "2026-01-01T00:00:00Z");
  TellGrade(story, "g3", "9", "2026-02-01T00:00:00Z");
  EXPECT_EQ(Ask(story, "course_grade", "MA1", "2025-12-31T23:59:59Z"),
            R"({"status":"ABSENT","value":null,"event":null,"replaces":[]})");
  EXPECT_EQ(Ask(story, "course_grade", "MA1", "2026-01-01T00:00:00Z"),
            R"({"status":"PRESENT","value":"6","event":"g1","replaces":[]})");
  EXPECT_EQ(Ask(story, "course_grade", "MA1"),
            R"({"status":"PRESENT","value":"9","event":"g3","replaces":[]})");
  EXPECT_EQ(Ask(story, "course_grade", "MA2"),
            R"({"status":"ABSENT","value":null,"event":null,"replaces":[]})");
  EXPECT_EQ(Ask(story, "subject_grade", "MA1"),
            R"({"status":"ABSENT","value":null,"event":null,"replaces":[]})");
}

TEST(RecordItem, ACorrectionNamesItsChainNewestFirst) {
  Story story;
  TellGrade(story, "a", "7", "2026-01-01T00:00:00Z");
  story.Tell("b", "grade.course_assessed", {{"course", "MA1"}, {"grade", "8"}})
      .From("2026-01-01T00:00:00Z")
      .Corrects("a");
  story.Tell("c", "grade.course_assessed", {{"course", "MA1"}, {"grade", "9"}})
      .From("2026-01-01T00:00:00Z")
      .Corrects("b");
  EXPECT_EQ(Ask(story, "course_grade", "MA1"),
            R"({"status":"PRESENT","value":"9","event":"c","replaces":["b","a"]})");
}

TEST(RecordItem, AnAnnulledFactIsAbsentUntilItIsPublishedAnew) {
  Story story;
  TellGrade(story, "a", "7", "2026-05-01T10:00:00Z");
  story.Tell("x", "ledger.fact_annulled", {{"reason", "WRONG_PERSON"}}).Annuls("a");
  EXPECT_EQ(Ask(story, "course_grade", "MA1"),
            R"({"status":"ABSENT","value":null,"event":null,"replaces":[]})");
  TellGrade(story, "b", "7", "2026-05-01T10:00:00Z");
  EXPECT_EQ(Ask(story, "course_grade", "MA1"),
            R"({"status":"PRESENT","value":"7","event":"b","replaces":[]})");
}

TEST(RecordItem, AStudyRightAnswersWithItsState) {
  Story story;
  story.Tell("s1", "studyright.state_changed", {{"studyright", "S1"}, {"state", "lasna"}})
      .From("2020-08-10T00:00:00Z");
  story.Tell("s2", "studyright.state_changed", {{"studyright", "S1"}, {"state", "loma"}})
      .From("2025-03-01T00:00:00Z")
      .Until("2025-06-01T00:00:00Z");
  EXPECT_EQ(Ask(story, "studyright_state", "S1", "2025-05-31T23:59:59Z"),
            R"({"status":"PRESENT","value":"loma","event":"s2","replaces":[]})");
  EXPECT_EQ(Ask(story, "studyright_state", "S1", "2025-06-01T00:00:00Z"),
            R"({"status":"PRESENT","value":"lasna","event":"s1","replaces":[]})");
}

TEST(RecordItem, AttendanceAnswersWithMarkAndClarification) {
  Story story;
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  EXPECT_EQ(Ask(story, "attendance", "les1"),
            R"({"status":"PRESENT","value":{"marked":"ABSENT","clarified":null},"event":"m",)"
            R"("replaces":[]})");
  story.Tell("c", "attendance.clarified",
             {{"lessons", Ids{"les1"}}, {"absence_class", "HEALTH"}, {"by", "GA"}});
  story.Tell("m2", "attendance.marked", {{"lesson", "les1"}, {"code", "LATE"}}).Corrects("m");
  EXPECT_EQ(Ask(story, "attendance", "les1"),
            R"({"status":"PRESENT","value":{"marked":"LATE","clarified":"HEALTH"},"event":"m2",)"
            R"("replaces":[]})");
}

TEST(RecordItem, ACertificateAnswersWithItsStateAndFlags) {
  Story story;
  TellGrade(story, "g", "7", "2026-01-01T00:00:00Z");
  story.Tell("c", "certificate.issued",
             {{"certificate", "T1"}, {"basis_events", Ids{"g"}}, {"basis_size", 1}});
  EXPECT_EQ(Ask(story, "certificate", "T1"),
            R"({"status":"PRESENT","value":{"certificate":"ISSUED","flags":[]},"event":"c",)"
            R"("replaces":[]})");
  story.Tell("g2", "grade.course_assessed", {{"course", "MA1"}, {"grade", "8"}}).Corrects("g");
  story.Tell("r", "certificate.revoked", {{"certificate", "T1"}, {"reason", "CORRECTED"}});
  EXPECT_EQ(Ask(story, "certificate", "T1"),
            R"({"status":"PRESENT","value":{"certificate":"REVOKED","flags":["BASIS_CORRECTED"]},)"
            R"("event":"c","replaces":[]})");
}

Story ErasedActivity() {
  Story story;
  story.Tell("a1", "activity.xapi_statement", {{"statement_id", "s1"}}).At("2026-02-11T00:00:00Z");
  story.Tell("a2", "activity.xapi_statement", {{"statement_id", "s2"}})
      .At("2026-02-12T00:00:00Z")
      .Happened("2026-02-10T00:00:00Z");
  return story;
}

TEST(RecordItem, ActivityIsAListByValidTimeThatLeavesErasedEntriesOut) {
  Story story = ErasedActivity();
  EXPECT_EQ(Ask(story, "activity", ""),
            R"({"status":"PRESENT","value":["a2","a1"],"event":"a1","replaces":[]})");
  EXPECT_EQ(Ask(story, "activity", "", "2026-02-10T12:00:00Z"),
            R"({"status":"PRESENT","value":["a2"],"event":"a2","replaces":[]})");
  for (Fact& fact : story.facts()) fact = Erased(fact);
  EXPECT_EQ(Ask(story, "activity", ""),
            R"({"status":"ABSENT","value":[],"event":null,"replaces":[]})");
}

Story ErasedMark() {
  Story story;
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("q", "erasure.requested", {{"classes", Ids{"S2"}}, {"ground", "REQUEST"}});
  story.Tell("d", "erasure.decided", {{"request", "q"}, {"outcome", "ACCEPTED"}});
  story.Tell("x", "erasure.executed", {{"request", "q"}, {"classes", Ids{"S2"}}});
  return story;
}

TEST(RecordItem, AnItemWhoseContentIsGoneIsErasedNotAbsent) {
  Story story = ErasedMark();
  story.facts()[0] = Erased(story.facts()[0]);
  EXPECT_EQ(Ask(story, "attendance", "les1"),
            R"({"status":"ERASED","value":null,"event":null,"replaces":[],"by":"x"})");
  EXPECT_EQ(Ask(story, "certificate", "c1"),
            R"({"status":"ERASED","value":null,"event":null,"replaces":[],"by":"x"})")
      << "nobody can say that it was not this one";
}

TEST(RecordItem, AStoryThatStillKnowsWhatWasErasedAnswersExactly) {
  Story story = ErasedMark();
  story.facts()[0].erased = true;
  EXPECT_EQ(Ask(story, "attendance", "les1"),
            R"({"status":"ERASED","value":null,"event":"m","replaces":[],"by":"x"})");
  EXPECT_EQ(Ask(story, "attendance", "les2"),
            R"({"status":"ABSENT","value":null,"event":null,"replaces":[]})");
}

TEST(RecordItem, AnErasureOfOtherTypesOrClassesExplainsNothing) {
  Story story;
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}}).Erased();
  story.Tell("x", "erasure.executed",
             {{"request", "q"}, {"classes", Ids{"S2"}}, {"types", Ids{"activity.xapi_statement"}}});
  story.Tell("y", "erasure.executed", {{"request", "q"}, {"classes", Ids{"S3"}}});
  EXPECT_EQ(Ask(story, "attendance", "les1"),
            R"({"status":"ABSENT","value":null,"event":null,"replaces":[]})");
}

TEST(RecordItem, AnItemIsHeldWithItsValueWhileAHoldStands) {
  Story story;
  story.Tell("m", "attendance.marked", {{"lesson", "les1"}, {"code", "ABSENT"}});
  story.Tell("q", "erasure.requested", {{"classes", Ids{"S2"}}, {"ground", "REQUEST"}});
  story.Tell("h", "erasure.hold_set", {{"classes", Ids{"S2"}}, {"ground", "LITIGATION"}});
  story.Tell("d", "erasure.decided", {{"request", "q"}, {"outcome", "ACCEPTED"}});
  EXPECT_EQ(Ask(story, "attendance", "les1"),
            R"({"status":"HELD","value":{"marked":"ABSENT","clarified":null},"event":"m",)"
            R"("replaces":[],"by":"h"})");
}

}  // namespace
}  // namespace oppi::projections
