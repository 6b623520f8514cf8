#include "projections/intake_rules.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using tests::Story;

TEST(IntakeRules, OnlyWhatDependsOnAStreamAsksForIt) {
  std::set<std::string> needing;
  for (const events::TypeInfo& type : events::AllTypes())
    if (NeedsStream(events::MakeEvent(type.type))) needing.insert(std::string(type.name));
  EXPECT_EQ(needing, (std::set<std::string>{
                         "consent.given", "consent.refused", "consent.withdrawal_refused",
                         "consent.withdrawal_requested", "consent.withdrawn", "erasure.executed"}));
  Event mark = events::MakeEvent(EventType::kAttendanceMarked);
  mark.corrects = "m1";
  EXPECT_TRUE(NeedsStream(mark));
  Event annulment = events::MakeEvent(EventType::kLedgerFactAnnulled);
  annulment.annuls = "m1";
  EXPECT_TRUE(NeedsStream(annulment));
}

TEST(IntakeRules, ACorrectionOfAnotherPersonsFactIsToldFromOneOfNoFact) {
  Story others;
  others.Tell("m1", "attendance.marked", {{"lesson", "x"}, {"code", "ABSENT"}}).Subject("L2");
  Story story;
  story.Tell("m2", "attendance.marked", {{"lesson", "x"}, {"code", "LATE"}}).Corrects("m1");
  const Registry registry{Publishers()};
  const Facts none;
  IntakeContext context{registry, none, events::Role::kProvider, {}};
  EXPECT_EQ(JudgeIntake(context, story.facts()[0]).code, ErrorCode::kTargetUnknown);
  context.elsewhere = [&](std::string_view id) {
    return id == "m1" ? &others.facts()[0] : nullptr;
  };
  EXPECT_EQ(JudgeIntake(context, story.facts()[0]).code, ErrorCode::kSubjectMismatch);
}

TEST(IntakeRules, APackThatContradictsItselfOrItsHashIsNoValueOfItsField) {
  Story story;
  story.Tell("p1", "registry.policy_published", {{"body", R"({"policy":"x"})"}});
  const Registry registry{Publishers()};
  const Facts none;
  const IntakeContext context{registry, none, events::Role::kRegistrar, {}};
  EXPECT_EQ(JudgeIntake(context, story.facts()[0]).code, ErrorCode::kFieldType);
}

TEST(IntakeRules, WithoutAPackNothingThatNeedsOneIsAccepted) {
  Story story;
  story.Tell("r1", "consent.requested", {{"purpose", "ADAPT"}});
  story.Tell("o1", "access.emergency_opened", {{"minutes", 1}});
  const Registry registry{Publishers()};
  const Facts none;
  const IntakeContext context{registry, none, events::Role::kPortal, {}};
  EXPECT_EQ(JudgeIntake(context, story.facts()[0]).code, ErrorCode::kPurposeUnknown);
  EXPECT_EQ(JudgeIntake(context, story.facts()[1]).code, ErrorCode::kEmergencyTooLong);
}

TEST(IntakeRules, RefusalsOfThreeGroupsLeaveANote) {
  EXPECT_TRUE(RefusalLeavesNote(events::InfoOf(EventType::kConsentGiven)));
  EXPECT_TRUE(RefusalLeavesNote(events::InfoOf(EventType::kRestrictionSet)));
  EXPECT_TRUE(RefusalLeavesNote(events::InfoOf(EventType::kGuardianshipEnded)));
  EXPECT_FALSE(RefusalLeavesNote(events::InfoOf(EventType::kGradeCourseAssessed)));
}

}  // namespace
}  // namespace oppi::projections
