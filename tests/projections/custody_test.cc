#include "projections/custody.h"

#include <gtest/gtest.h>

#include "projections/viewer.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;

constexpr AgeRules kAges{.majority_age = 18, .leap = LeapBirthday::kMarch1};

Story Family() {
  Story story;
  story.Tell("b", "identity.learner_registered",
             {{"birth_date", "2013-05-10"}, {"language", "fi"}});
  story.Tell("gA", "guardianship.established", {{"guardian", "GA"}, {"right", "DECIDE"}})
      .From("2013-05-10T00:00:00Z")
      .Others({"GA"});
  story
      .Tell("gB", "guardianship.established",
            {{"guardian", "GB"},
             {"right", "INFO"},
             {"purpose_classes", std::vector<std::string>{"SCHOOL"}}})
      .From("2013-05-10T00:00:00Z")
      .Until("2027-01-01T00:00:00Z");
  return story;
}

std::vector<Edge> Edges(const Story& story) {
  const Corrections facts("L1", story.facts(), story.Now().size);
  return EdgesOf(facts, kAges);
}

Custody At(const Story& story, std::string_view person, std::string_view at) {
  return CustodyOf(Edges(story), person, T(at));
}

TEST(Custody, AnEdgeIsHalfOpen) {
  const Story story = Family();
  EXPECT_EQ(At(story, "GB", "2013-05-09T23:59:59.999999Z"), Custody::kNever);
  EXPECT_EQ(At(story, "GB", "2013-05-10T00:00:00Z"), Custody::kHeld);
  EXPECT_EQ(At(story, "GB", "2026-12-31T23:59:59.999999Z"), Custody::kHeld);
  EXPECT_EQ(At(story, "GB", "2027-01-01T00:00:00Z"), Custody::kEnded);
  EXPECT_EQ(At(story, "GX", "2026-01-01T00:00:00Z"), Custody::kNever);
}

TEST(Custody, AnEdgeThatEndedBeforeItBeganWasNeverHeld) {
  Story story = Family();
  story.Tell("gC", "guardianship.established", {{"guardian", "GC"}, {"right", "DECIDE"}})
      .From("2026-06-01T00:00:00Z");
  story.Tell("e", "guardianship.ended", {{"guardianship", "gC"}, {"reason", "ERROR"}})
      .From("2026-05-01T00:00:00Z");
  EXPECT_EQ(At(story, "GC", "2026-07-01T00:00:00Z"), Custody::kNever);
}

TEST(Custody, EveryEdgeEndsAtMajorityInHelsinki) {
  const Story story = Family();
  EXPECT_EQ(At(story, "GA", "2031-05-09T20:59:59.999999Z"), Custody::kHeld);
  EXPECT_EQ(At(story, "GA", "2031-05-09T21:00:00Z"), Custody::kEnded);
  // Without the policy's age there is no such rule.
  const Corrections facts("L1", story.facts(), story.Now().size);
  EXPECT_EQ(CustodyOf(EdgesOf(facts, {}), "GA", T("2035-01-01T00:00:00Z")), Custody::kHeld);
  EXPECT_FALSE(MajorityOf(facts, {}).has_value());
}

TEST(Custody, TheEarliestEndCountsAndAnnullingItOpensTheEdgeAgain) {
  Story story = Family();
  story.Tell("e1", "guardianship.ended", {{"guardianship", "gA"}, {"reason", "COURT"}})
      .From("2026-03-01T00:00:00Z");
  story.Tell("e2", "guardianship.ended", {{"guardianship", "gA"}, {"reason", "COURT"}})
      .From("2026-06-01T00:00:00Z");
  EXPECT_EQ(At(story, "GA", "2026-03-01T00:00:00Z"), Custody::kEnded);
  EXPECT_EQ(Edges(story)[0].ended_by->event.id, "e1");
  story.Tell("x", "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls("e1");
  EXPECT_EQ(At(story, "GA", "2026-03-01T00:00:00Z"), Custody::kHeld);
  EXPECT_EQ(At(story, "GA", "2026-06-01T00:00:00Z"), Custody::kEnded);
}

TEST(Custody, AnEndThatNamesACorrectedVersionEndsTheEdgeAllTheSame) {
  Story story = Family();
  story.Tell("gA2", "guardianship.established", {{"guardian", "GA"}, {"right", "INFO"}})
      .From("2013-05-10T00:00:00Z")
      .Corrects("gA");
  story.Tell("e", "guardianship.ended", {{"guardianship", "gA"}, {"reason", "COURT"}})
      .From("2026-03-01T00:00:00Z");
  EXPECT_EQ(At(story, "GA", "2026-02-28T00:00:00Z"), Custody::kHeld);
  EXPECT_EQ(At(story, "GA", "2026-03-01T00:00:00Z"), Custody::kEnded);
}

TEST(Custody, AnEdgeToAnotherChildInTheSameStreamIsNoEdgeToThisLearner) {
  Story story = Family();
  story.Tell("g9", "guardianship.established", {{"guardian", "L1"}, {"right", "DECIDE"}})
      .Subject("L9")
      .Others({"L1"});
  EXPECT_EQ(At(story, "L1", "2026-01-01T00:00:00Z"), Custody::kNever);
}

ViewerCheck Check(const Story& story, std::string_view role, std::string_view person,
                  std::string_view at) {
  return CheckViewer(role, person, "L1", story.facts(), T(at), kAges);
}

TEST(Viewer, ALearnerSeesOnlyOneself) {
  Story story = Family();
  EXPECT_EQ(Check(story, "LEARNER", "L1", "2026-01-01T00:00:00Z").denial, "");
  EXPECT_EQ(Check(story, "LEARNER", "L2", "2026-01-01T00:00:00Z").denial, "NOT_SUBJECT");
  EXPECT_EQ(Check(story, "LEARNER", "", "2026-01-01T00:00:00Z").denial, "NOT_SUBJECT");
  story.Tell("l", "identity.pseudonyms_linked",
             {{"kept", "L1"}, {"merged", "P7"}, {"reason", "REGISTERED_LATER"}});
  EXPECT_EQ(Check(story, "LEARNER", "P7", "2026-01-01T00:00:00Z").denial, "");
}

TEST(Viewer, AGuardianSeesWhileHoldingAnyEdge) {
  Story story = Family();
  EXPECT_EQ(Check(story, "GUARDIAN", "GB", "2026-01-01T00:00:00Z").denial, "") << "INFO suffices";
  EXPECT_EQ(Check(story, "GUARDIAN", "GB", "2027-01-01T00:00:00Z").denial, "CUSTODY_ENDED");
  EXPECT_EQ(Check(story, "GUARDIAN", "GX", "2026-01-01T00:00:00Z").denial, "NOT_GUARDIAN");
  EXPECT_EQ(Check(story, "GUARDIAN", "", "2026-01-01T00:00:00Z").denial, "NOT_GUARDIAN");
}

TEST(Viewer, RedactionFollowsTheProtectionOrderAtTheMomentOfAsking) {
  Story story = Family();
  story.Tell("p", "restriction.set", {{"kind", "PROTECTION"}}).From("2026-03-05T00:00:00Z");
  story.Tell("c", "restriction.cleared", {{"restriction", "p"}, {"outcome", "ENDED"}})
      .From("2026-04-05T00:00:00Z");
  EXPECT_FALSE(Check(story, "GUARDIAN", "GA", "2026-03-04T23:59:59Z").redact);
  EXPECT_TRUE(Check(story, "GUARDIAN", "GA", "2026-03-05T00:00:00Z").redact);
  EXPECT_TRUE(Check(story, "GUARDIAN", "GA", "2026-04-04T23:59:59Z").redact);
  EXPECT_FALSE(Check(story, "GUARDIAN", "GA", "2026-04-05T00:00:00Z").redact);
  EXPECT_FALSE(Check(story, "LEARNER", "L1", "2026-03-05T00:00:00Z").redact);
  EXPECT_FALSE(Check(story, "DPO", "officer", "2026-03-05T00:00:00Z").redact);
}

TEST(Viewer, AnOrderWithAnEndOfItsOwnEndsByItself) {
  Story story = Family();
  story.Tell("p", "restriction.set", {{"kind", "PROTECTION"}})
      .From("2026-03-05T00:00:00Z")
      .Until("2026-03-06T00:00:00Z");
  story.Tell("o", "restriction.set", {{"kind", "OBJECTION"}}).From("2026-01-01T00:00:00Z");
  EXPECT_TRUE(Check(story, "GUARDIAN", "GA", "2026-03-05T12:00:00Z").redact);
  EXPECT_FALSE(Check(story, "GUARDIAN", "GA", "2026-03-06T00:00:00Z").redact);
}

TEST(Viewer, OtherRolesAreNotViewers) {
  const Story story = Family();
  for (const char* role : {"TEACHER", "STAFF", "VENDOR", "SYSTEM", "", "learner"}) {
    EXPECT_EQ(Check(story, role, "L1", "2026-01-01T00:00:00Z").denial, "ROLE_NOT_ALLOWED") << role;
  }
  EXPECT_EQ(Check(story, "AUDITOR", "a", "2026-01-01T00:00:00Z").denial, "");
}

}  // namespace
}  // namespace oppi::projections
