#include "projections/decided.h"

#include <gtest/gtest.h>

#include "projections/rehearsal_ledger.h"
#include "tests/projections/random_story.h"

/// Decisions that stand by themselves: their bytes bring back the decision, and nothing else does.

namespace oppi::projections {
namespace {

Decided Everything() {
  Decided decided;
  decided.result = DecisionResult::kPermit;
  decided.reason = Reason::kNotSubject;
  decided.basis = "A6-1-a";
  decided.consent = Source{"0190b3a2-7c1e-7abc-8def-0123456789ab", LeafIndex(7), Instant{-5}};
  decided.by = Source{"not a uuid", LeafIndex(~std::uint64_t{0}), Instant{1'800'000'000'000'000}};
  decided.permitted_subset = {"LRN", "", std::string(300, 'x')};
  decided.denied = {{"LOC", Reason::kProtected}, {"SUP", Reason::kNoConsent}};
  decided.missing = {"1.2.246.562.24.10000000011"};
  decided.flags = {.guardian_conflict = true, .hindrance = false, .reconfirm = true, .withdrawal_refused = true};
  decided.basis_contested = true;
  decided.obligations = {{DutyCode::kInformChild, Instant{9}, "0190b3a2-7c1e-7abc-8def-0123456789ab", DutyStatus::kOverdue},
                         {DutyCode::kHindranceReview, Instant{10}, "", DutyStatus::kOpen}};
  decided.policy = HashOf("a pack");
  return decided;
}

TEST(Decided, AnAnswerSaysAllOfIt) {
  EXPECT_EQ(ToAnswer(Decided()).result,
            R"({"result":"DENY","reason":null,"basis":null,"consent":null,"by":null,"permitted_subset":[],)"
            R"("denied":{},"missing":[],"flags":[],"policy_hash":null})");
}

TEST(Decided, ItsBytesBringItBack) {
  for (const Decided& decided : {Decided(), Everything()}) {
    const auto again = DecodeDecided(EncodeDecided(decided));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, decided);
  }
}

TEST(Decided, EveryRandomDecisionComesBackFromItsBytes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::RandomStory random(seed);
    auto played = RehearsalLedger::Play(random.story());
    ASSERT_TRUE(played.ok());
    const TreeSize size((*played)->log().size());
    const Facts stream = (*played)->StreamOf("C1", size);
    const History history("C1", (*played)->registry(), stream, size);
    for (int i = 0; i < 20; ++i) {
      DecideQuestion question;
      question.controller = "K";
      question.purpose = random.SomeOf({"EDU", "ADAPT", "IMG", "FREE"});
      question.recipient = random.SomeOf({"V1", "V2", "V3"});
      question.categories = {"LRN", "SUP"};
      question.at = random.SomeInstant();
      const Decided decided = DecideOn(history, question);
      const auto again = DecodeDecided(EncodeDecided(decided));
      ASSERT_TRUE(again.ok());
      ASSERT_EQ(*again, decided);
    }
  }
}

TEST(Decided, WhatIsCutShortOrHasMoreIsDamage) {
  const Bytes whole = EncodeDecided(Everything());
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(DecodeDecided(ByteView(whole).substr(0, length)).ok()) << length;
  EXPECT_FALSE(DecodeDecided(whole + '\0').ok());
  Bytes unknown = whole;
  unknown[0] = 7;  // no such result
  EXPECT_FALSE(DecodeDecided(unknown).ok());
  unknown = whole;
  unknown[1] = 30;  // no such reason
  EXPECT_FALSE(DecodeDecided(unknown).ok());
}

}  // namespace
}  // namespace oppi::projections
