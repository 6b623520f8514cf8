#include "projections/erasure_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;

using Ids = std::vector<std::string>;

/// A pack by which course grades are statutory, and nothing else of importance.
constexpr const char* kPack = R"({
 "policy": "p", "version": 1, "jurisdiction": "FI", "timezone": "Europe/Helsinki",
 "iss_age": 13, "self_age": 15, "majority_age": 18, "leap_birthday": "MAR_1",
 "on_iss_age": {"mode": "KEEP_AND_INFORM", "days": 30}, "on_authority_end": "KEEP",
 "late_limit_hours": {"online": 72, "paper": 336}, "max_staleness_ms": 5000, "stop_ack_hours": 24,
 "review_days": 7, "emergency": {"max_minutes": 240, "review_hours": 24},
 "erasure": {"statutory_types": ["grade.course_assessed"], "after_release_days": 7},
 "protection": {"categories": ["LOC"], "cleared_recipients": ["POLICE"]},
 "categories": {"LOC": null},
 "purposes": {"EDU": {"iss": false, "rule": "ONE", "purpose_class": "SCHOOL", "ttl_days": 365,
                      "on_majority": "KEEP"}}})";

/// Ids of what the last event of the story, an execution, destroys; log order.
Ids Covered(const Story& story) {
  auto pack = ReadPolicyPack(*ParseJson(kPack));
  EXPECT_TRUE(pack.ok());
  Registry registry{Publishers()};
  registry.AddPolicy(std::move(pack).value(), kInstantMin);
  const Fact& execution = story.facts().back();
  const History history("L1", registry, story.facts(), TreeSize(execution.position.value()));
  Ids ids;
  for (const Fact* fact : CoveredBy(history, execution)) ids.push_back(fact->event.id);
  return ids;
}

void TellCourse(Story& story, std::string_view id) {
  story.Tell(id, "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
}
tests::Telling TellMark(Story& story, std::string_view id) {
  return story.Tell(id, "attendance.marked", {{"lesson", "l1"}, {"code", "LATE"}});
}
void TellAnnulment(Story& story, std::string_view id, std::string_view annuls) {
  story.Tell(id, "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls(annuls);
  story.facts().back().event.sensitivity = events::Sensitivity::kS2;
}
void TellExecution(Story& story, Ids classes, Ids types = {}) {
  auto told = story.Tell("z", "erasure.executed", {{"request", "q"}, {"classes", classes}});
  if (!types.empty()) story.facts().back().event.SetList("types", std::move(types));
  told.At("2026-02-01T00:00:00Z");
}

TEST(ErasureRules, TheAnnulmentOfAStatutoryGradeStaysWithTheGrade) {
  Story story;
  TellCourse(story, "k1");
  TellAnnulment(story, "x", "k1");
  TellMark(story, "m1");
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), Ids{"m1"});
}

TEST(ErasureRules, AnOrderCannotNameTheAnnulmentOfWhatStays) {
  Story story;
  TellCourse(story, "k1");
  TellAnnulment(story, "x", "k1");
  TellMark(story, "m1");
  TellAnnulment(story, "y", "m1");
  TellExecution(story, {"S2"}, {"ledger.fact_annulled"});
  EXPECT_EQ(Covered(story), Ids{});
}

TEST(ErasureRules, AnAnnulmentGoesWithWhatItAnnulsThoughItsOwnTypeIsNotNamed) {
  Story story;
  TellMark(story, "m1");
  TellAnnulment(story, "x", "m1");
  TellExecution(story, {"S2"}, {"attendance.marked"});
  EXPECT_EQ(Covered(story), (Ids{"m1", "x"}));
}

TEST(ErasureRules, AnAnnulmentOfAClassThatIsNotNamedStays) {
  Story story;
  TellMark(story, "m1");
  TellAnnulment(story, "x", "m1");
  story.facts().back().event.sensitivity = events::Sensitivity::kS3;
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), Ids{"m1"});
}

TEST(ErasureRules, AnAnnulmentWhoseTargetWasErasedBeforeGoesByItsOwnClass) {
  Story story;
  TellMark(story, "m1").Erased();
  TellAnnulment(story, "x", "m1");
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), Ids{"x"});
}

TEST(ErasureRules, ACorrectionStaysWhileAnOlderValueOfAHigherClassStays) {
  Story story;
  TellMark(story, "m1");
  story.facts().back().event.sensitivity = events::Sensitivity::kS3;
  TellMark(story, "m2").Corrects("m1");
  TellMark(story, "m3").Corrects("m2");
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), Ids{});
}

TEST(ErasureRules, ACorrectionOfAHigherClassDoesNotGoWithTheOlderValue) {
  Story story;
  TellMark(story, "m1");
  TellMark(story, "m2").Corrects("m1");
  story.facts().back().event.sensitivity = events::Sensitivity::kS3;
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), Ids{"m1"});
}

TEST(ErasureRules, AnAnnulledCorrectionAndItsAnnulmentGoThoughTheOlderValueStays) {
  Story story;
  TellMark(story, "m1");
  story.facts().back().event.sensitivity = events::Sensitivity::kS3;
  TellMark(story, "m2").Corrects("m1");
  TellAnnulment(story, "x", "m2");
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), (Ids{"m2", "x"}));
}

TEST(ErasureRules, AnAnnulledCorrectionThatALaterOneRestsOnStays) {
  Story story;
  TellMark(story, "m1");
  story.facts().back().event.sensitivity = events::Sensitivity::kS3;
  TellMark(story, "m2").Corrects("m1");
  TellMark(story, "m3").Corrects("m2");
  TellAnnulment(story, "x", "m2");
  TellExecution(story, {"S2"});
  EXPECT_EQ(Covered(story), Ids{});
}

/// A guardianship that is over, its end, and a grant by the guardian of that time.
void TellFormerGuardian(Story& story) {
  story.Tell("e", "guardianship.established", {{"guardian", "PA"}, {"right", "DECIDE"}});
  story.Tell("g", "consent.given", {{"by", "PA"}, {"purpose", "EDU"}});
  story.Tell("n", "guardianship.ended", {{"guardianship", "e"}, {"reason", "COURT"}});
}

TEST(ErasureRules, WhoDecidedIsKeptAsLongAsAnActOfWillThatItWasJudgedBy) {
  Story story;
  TellFormerGuardian(story);
  TellExecution(story, {"S2", "S3"});
  EXPECT_EQ(Covered(story), Ids{});
}

TEST(ErasureRules, WhoDecidedGoesWithTheLastActOfWill) {
  Story story;
  TellFormerGuardian(story);
  TellExecution(story, {"S2", "S3", "C"});
  EXPECT_EQ(Covered(story), (Ids{"e", "g", "n"}));
}

TEST(ErasureRules, AFormerGuardianshipOfAChildWithoutConsentsIsCovered) {
  Story story;
  story.Tell("e", "guardianship.established", {{"guardian", "PA"}, {"right", "DECIDE"}});
  story.Tell("f", "guardianship.established", {{"guardian", "PB"}, {"right", "DECIDE"}});
  story.Tell("n", "guardianship.ended", {{"guardianship", "e"}, {"reason", "COURT"}});
  TellExecution(story, {"S2", "S3"});
  EXPECT_EQ(Covered(story), (Ids{"e", "n"}));
}

void TellRestriction(Story& story) {
  story.Tell("r", "restriction.set", {{"kind", "ART18"}}).At("2026-01-10T00:00:00Z");
  story.Tell("c", "restriction.cleared", {{"restriction", "r"}, {"outcome", "ENDED"}})
      .At("2026-01-20T00:00:00Z");
}
void TellDisclosure(Story& story, std::string_view at) {
  story.Tell("d", "access.disclosed", {{"purpose", "EDU"}}).Happened(at);
}

TEST(ErasureRules, AClearedRestrictionIsCovered) {
  Story story;
  TellRestriction(story);
  TellDisclosure(story, "2026-01-20T00:00:00Z");
  TellExecution(story, {"S3"});
  EXPECT_EQ(Covered(story), (Ids{"r", "c"}));
}

TEST(ErasureRules, AClearedRestrictionThatSomethingWasDisclosedUnderIsKept) {
  for (const char* at : {"2026-01-10T00:00:00Z", "2026-01-19T23:59:59.999999Z"}) {
    Story story;
    TellRestriction(story);
    TellDisclosure(story, at);
    TellExecution(story, {"S3"});
    EXPECT_EQ(Covered(story), Ids{});
  }
}

/// Whatever the order names, nothing that did not stand before the erasure stands after it.
TEST(ErasureRules, NothingStandsAgainAfterAnErasure) {
  for (const Ids& classes : {Ids{"S2"}, Ids{"S3"}, Ids{"S2", "S3"}}) {
    for (const Ids& types : {Ids{}, Ids{"attendance.marked"}, Ids{"ledger.fact_annulled"}}) {
      for (int raised = 0; raised < 32; ++raised) {
        Story story;
        TellMark(story, "m0");
        TellMark(story, "m1").Corrects("m0");
        TellMark(story, "m2").Corrects("m1");
        TellAnnulment(story, "x2", "m2");
        TellAnnulment(story, "x1", "m1");
        for (int i = 0; i < 5; ++i)
          if ((raised >> i & 1) != 0)
            story.facts()[static_cast<std::size_t>(i)].event.sensitivity =
                events::Sensitivity::kS3;
        TellCourse(story, "k0");
        TellAnnulment(story, "x0", "k0");
        TellExecution(story, classes, types);
        const auto standing = [&] {
          Ids ids;
          const Corrections corrections("L1", story.facts(), story.Now().size);
          for (const Fact* fact : corrections.standing()) ids.push_back(fact->event.id);
          return ids;
        };
        const Ids before = standing();
        for (const std::string& id : Covered(story))
          for (Fact& fact : story.facts())
            if (fact.event.id == id) fact = Erased(std::move(fact));
        for (const std::string& id : standing())
          EXPECT_NE(std::find(before.begin(), before.end(), id), before.end()) << id;
      }
    }
  }
}

}  // namespace
}  // namespace oppi::projections
