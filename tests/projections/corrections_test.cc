#include "projections/corrections.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;

Corrections Of(const Story& story) { return {"L1", story.facts(), story.Now().size}; }

std::vector<std::string> Standing(const Corrections& facts) {
  std::vector<std::string> ids;
  for (const Fact* fact : facts.standing()) ids.push_back(fact->event.id);
  return ids;
}

void TellGrade(Story& story, std::string_view id, std::string_view corrects = {}) {
  auto told = story.Tell(id, "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  if (!corrects.empty()) told.Corrects(corrects);
}
void TellAnnulment(Story& story, std::string_view id, std::string_view annuls) {
  story.Tell(id, "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls(annuls);
}

using Ids = std::vector<std::string>;

TEST(Corrections, TheNewestOfAChainStandsAndNamesWhatItReplaces) {
  Story story;
  TellGrade(story, "a");
  TellGrade(story, "b", "a");
  TellGrade(story, "c", "b");
  const Corrections facts = Of(story);
  EXPECT_EQ(Standing(facts), Ids{"c"});
  EXPECT_EQ(facts.Replaces(story.Find("c")), (Ids{"b", "a"}));
  EXPECT_EQ(facts.CorrectedBy(story.Find("a"))->event.id, "c");
  EXPECT_EQ(facts.RootOf(story.Find("c")).event.id, "a");
}

TEST(Corrections, AnAnnulledCorrectionMakesThePreviousCurrentAgain) {
  Story story;
  TellGrade(story, "a");
  TellGrade(story, "b", "a");
  TellAnnulment(story, "x", "b");
  const Corrections facts = Of(story);
  EXPECT_EQ(Standing(facts), Ids{"a"});
  EXPECT_EQ(facts.AnnulledBy(story.Find("b"))->event.id, "x");
  EXPECT_TRUE(facts.Replaces(story.Find("a")).empty());
}

TEST(Corrections, AnAnnulledMiddleOfAChainRevivesNothing) {
  Story story;
  TellGrade(story, "a");
  TellGrade(story, "b", "a");
  TellGrade(story, "c", "b");
  TellAnnulment(story, "x", "b");
  const Corrections facts = Of(story);
  EXPECT_EQ(Standing(facts), Ids{"c"});
  EXPECT_EQ(facts.Replaces(story.Find("c")), Ids{"a"}) << "b was never valid";
}

TEST(Corrections, AnAnnulmentIsFinal) {
  Story story;
  TellGrade(story, "a");
  TellAnnulment(story, "x", "a");
  TellAnnulment(story, "y", "x");
  EXPECT_TRUE(Standing(Of(story)).empty());
}

TEST(Corrections, OnlyTheSameControllerCorrectsOrAnnuls) {
  Story story;
  TellGrade(story, "a");
  story.Tell("b", "grade.course_assessed", {{"course", "MA1"}, {"grade", "10"}})
      .Corrects("a")
      .Controller("V");
  story.Tell("x", "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls("a").Controller("V");
  EXPECT_EQ(Standing(Of(story)), (Ids{"a", "b"}));
}

TEST(Corrections, NothingIsCorrectedBySomethingOfAnotherType) {
  Story story;
  TellGrade(story, "a");
  story.Tell("b", "grade.subject_final", {{"subject", "MA"}, {"grade", "10"}}).Corrects("a");
  EXPECT_EQ(Standing(Of(story)), (Ids{"a", "b"}));
}

TEST(Corrections, NothingIsCorrectedOrAnnulledByWhatCameBefore) {
  Story story;
  TellGrade(story, "b", "a");
  TellAnnulment(story, "x", "a");
  TellGrade(story, "a");
  EXPECT_EQ(Standing(Of(story)), (Ids{"b", "a"}));
}

TEST(Corrections, ACircleOfCorrectionsEnds) {
  Story story;
  TellGrade(story, "a", "b");
  TellGrade(story, "b", "a");
  EXPECT_EQ(Standing(Of(story)), Ids{"b"});
  TellGrade(story, "c", "c");
  EXPECT_EQ(Standing(Of(story)), (Ids{"b", "c"}));
}

TEST(Corrections, QuarantinedAndErasedEventsHaveNoEffect) {
  Story story;
  TellGrade(story, "a");
  story.Tell("x", "ledger.fact_annulled", {{"reason", "MISTAKE"}})
      .Annuls("a")
      .Quarantined(events::ErrorCode::kLate);
  TellGrade(story, "b", "a");
  story.facts().back().erased = true;
  EXPECT_EQ(Standing(Of(story)), Ids{"a"});
}

TEST(Corrections, FactsAboutOtherPersonsInTheStreamDoNotCount) {
  Story story;
  story.Tell("g", "guardianship.established", {{"guardian", "L1"}, {"right", "DECIDE"}})
      .Subject("L9")
      .Others({"L1"});
  TellGrade(story, "a");
  EXPECT_EQ(Standing(Of(story)), Ids{"a"});
}

TEST(Corrections, LinkedIdentifiersAreOnePersonUntilTheLinkIsAnnulled) {
  Story story;
  story.Tell("a", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}}).Subject("P7");
  story
      .Tell("l", "identity.pseudonyms_linked",
            {{"kept", "L1"}, {"merged", "P7"}, {"reason", "REGISTERED_LATER"}})
      .Others({"P7"});
  EXPECT_EQ(Of(story).identifiers(), (Ids{"L1", "P7"}));
  EXPECT_EQ(Standing(Of(story)), (Ids{"a", "l"}));
  EXPECT_EQ(IdentifiersOf("P7", story.facts(), story.Now().size), (Ids{"L1", "P7"}));
  EXPECT_EQ(IdentifiersOf("L1", story.facts(), story.KnownAfter("a").size), Ids{"L1"});
  story.Tell("x", "ledger.fact_annulled", {{"reason", "NOT_SAME_PERSON"}}).Annuls("l");
  EXPECT_EQ(Of(story).identifiers(), Ids{"L1"});
}

/// Random histories of corrections and annulments of few facts, targets chosen freely.
Story RandomHistory(std::size_t events) {
  Story story;
  for (std::size_t i = 0; i < events; ++i) {
    const std::string id = std::to_string(i);
    const std::string target = std::to_string(*rc::gen::inRange<std::size_t>(0, events));
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        TellGrade(story, id);
        break;
      case 1:
        TellGrade(story, id, target);
        break;
      default:
        TellAnnulment(story, id, target);
    }
  }
  return story;
}

TEST(CorrectionsProperty, WhatComesLaterNeverChangesAnEarlierSize) {
  EXPECT_TRUE(rc::check([] {
    const Story story = RandomHistory(12);
    const auto size = *rc::gen::inRange<std::size_t>(0, 13);
    const Facts prefix(story.facts().begin(),
                       story.facts().begin() + static_cast<std::ptrdiff_t>(size));
    RC_ASSERT(Standing(Corrections("L1", story.facts(), TreeSize(size))) ==
              Standing(Corrections("L1", prefix, TreeSize(size))));
  }));
}

TEST(CorrectionsProperty, StandingIsNeitherAnnulledNorCorrectedAndOneAChain) {
  EXPECT_TRUE(rc::check([] {
    const Story story = RandomHistory(12);
    const Corrections facts = Of(story);
    for (const Fact* fact : facts.standing()) {
      RC_ASSERT(facts.Stands(*fact));
      // Whatever it replaces does not stand.
      for (const std::string& id : facts.Replaces(*fact)) {
        RC_ASSERT(!facts.Stands(story.Find(id)));
      }
    }
  }));
}

TEST(CorrectionsProperty, AnnullingTheNewestUndoesExactlyItsCorrection) {
  EXPECT_TRUE(rc::check([] {
    Story story = RandomHistory(10);
    const std::vector<std::string> before = Standing(Of(story));
    const std::string target = std::to_string(*rc::gen::inRange(0, 10));
    RC_PRE(Of(story).Find(target, "K") != nullptr);
    TellGrade(story, "new", target);
    TellAnnulment(story, "undo", "new");
    RC_ASSERT(Standing(Of(story)) == before);
  }));
}

}  // namespace
}  // namespace oppi::projections
