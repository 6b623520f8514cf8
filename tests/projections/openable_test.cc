#include "projections/openable.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "projections/verifier.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;
using Ids = std::vector<std::string>;

constexpr AgeRules kAges{.majority_age = 18, .leap = LeapBirthday::kMarch1};
constexpr std::string_view kNow = "2026-06-01T00:00:00Z";

Story RegistryStory() {
  Story story;
  story
      .Tell("policy", "registry.policy_published",
            {{"policy", "test"},
             {"version", 1},
             {"policy_hash", "sha256:00"},
             {"body", R"({"policy": "test", "version": 1, "jurisdiction": "FI",
                 "timezone": "Europe/Helsinki", "iss_age": 13, "self_age": 15, "majority_age": 18,
                 "leap_birthday": "MAR_1", "on_iss_age": {"mode": "KEEP_AND_INFORM", "days": 30},
                 "on_authority_end": "INVALIDATE_EX_NUNC",
                 "late_limit_hours": {"online": 72, "paper": 336}, "max_staleness_ms": 5000,
                 "stop_ack_hours": 24, "review_days": 7,
                 "emergency": {"max_minutes": 240, "review_hours": 24},
                 "erasure": {"statutory_types": [], "after_release_days": 7},
                 "protection": {"categories": [], "cleared_recipients": []},
                 "categories": {"LRN": null},
                 "purposes": {"ADAPT": {"iss": true, "rule": "ONE", "purpose_class": "DIGITAL",
                   "ttl_days": 365, "on_majority": "EXPIRE"}}})"}})
      .At("2018-01-01T00:00:00Z");
  story
      .Tell("basis", "registry.basis_asserted",
            {{"controller", "K"},
             {"purpose", "ADAPT"},
             {"data_categories", Ids{"LRN"}},
             {"basis", "A6-1-a"},
             {"law_ref", "679/2016"}})
      .At("2018-01-01T00:00:00Z");
  story
      .Tell("delegation", "registry.delegation_granted",
            {{"publisher", "portal"}, {"controller", "K"}, {"acts", Ids{"STATE_CONSENT"}}})
      .At("2018-01-01T00:00:00Z");
  return story;
}

void TellConsent(Story& story, const std::string& id, const char* controller) {
  story
      .Tell(id + "-asked", "consent.requested",
            {{"purpose", "ADAPT"},
             {"recipients", Ids{"V1"}},
             {"data_categories", Ids{"LRN"}},
             {"notice", "N1"},
             {"notice_version", "1"}})
      .By("portal")
      .Controller(controller);
  story
      .Tell(id, "consent.given",
            {{"request", id + "-asked"},
             {"by", "GA"},
             {"by_role", "GUARDIAN"},
             {"purpose", "ADAPT"},
             {"recipients", Ids{"V1"}},
             {"data_categories", Ids{"LRN"}},
             {"notice", "N1"},
             {"notice_version", "1"},
             {"method", "BUTTON"}})
      .By("portal")
      .Controller(controller);
}

Story Life() {
  Story story;
  story.Tell("b", "identity.learner_registered", {{"birth_date", "2013-05-10"}, {"language", "fi"}})
      .At("2026-01-01T00:00:00Z");
  story.Tell("gA", "guardianship.established", {{"guardian", "GA"}, {"right", "DECIDE"}})
      .From("2013-05-10T00:00:00Z");
  story.Tell("m1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  story.Tell("m2", "grade.course_assessed", {{"course", "MA2"}, {"grade", "8"}}).Controller("K2");
  story.Tell("s1", "support.case_noted", {{"case_hash", "sha256:1"}});
  auto voided = story.Tell("s1x", "ledger.fact_annulled", {{"reason", "MISTAKE"}});
  voided.Annuls("s1");
  story.facts().back().event.sensitivity = events::Sensitivity::kS4;
  story.Tell("m1x", "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls("m1");
  TellConsent(story, "c1", "K");
  TellConsent(story, "c2", "K2");
  story.Tell("r1", "access.read", {{"actor", "t"}, {"organisation", "K"}}).By("gw");
  story.Tell("d1", "access.decision_made", {{"purpose", "ADAPT"}, {"recipient", "V1"}}).By("gw");
  return story;
}

Question Asked(Ask ask) {
  Question question;
  question.ask = ask;
  question.learner = "L1";
  question.reason = "complaint 12/2026";
  question.evidence = true;
  if (ask == Ask::kDecide) {
    question.controller = "K";
    question.purpose = "ADAPT";
    question.recipient = "V1";
    question.categories = {"LRN"};
  }
  return question;
}

Access For(const Story& story, Ask ask, const char* role, const char* principal,
           const char* organisation) {
  return Authorise(
      Asked(ask),
      {.principal = principal, .role = role, .organisation = organisation, .purpose = "EDU"},
      story.facts(), T(kNow), kAges);
}

std::optional<Ids> Opened(const Story& story, Ask ask, const Access& access) {
  const auto facts = Openable(access, Asked(ask), story.facts(), story.Now(kNow));
  if (!facts) return std::nullopt;
  Ids ids;
  for (const Fact& fact : *facts) ids.push_back(fact.event.id);
  return ids;
}

TEST(Openable, ATeachersEvidenceOpensNoOthersEventsNoSupportAndNoConsents) {
  const Story story = Life();
  EXPECT_EQ(Opened(story, Ask::kRecord, For(story, Ask::kRecord, "TEACHER", "t", "K")),
            (Ids{"b", "gA", "m1", "m1x"}));
}

TEST(Openable, AnAuditOpensAccessesOnly) {
  const Story story = Life();
  EXPECT_EQ(Opened(story, Ask::kAudit, For(story, Ask::kAudit, "LEARNER", "L1", "")),
            (Ids{"r1", "d1"}));
}

TEST(Openable, ADecisionOpensConsentAndAuthorityButNeitherGradesNorReads) {
  const Story story = Life();
  EXPECT_EQ(Opened(story, Ask::kDecide, For(story, Ask::kDecide, "DPO", "d", "*")),
            (Ids{"b", "gA", "c1-asked", "c1", "c2-asked", "c2"}));
  EXPECT_EQ(Opened(story, Ask::kDecide, For(story, Ask::kDecide, "SYSTEM", "gw", "K")),
            (Ids{"b", "gA", "c1-asked", "c1"}));
}

TEST(Openable, AVendorGetsTheAnswerOfADecisionAndNothingOfTheChild) {
  const Story story = Life();
  const Access access = For(story, Ask::kDecide, "VENDOR", "v", "V1");
  ASSERT_TRUE(access.permitted());
  EXPECT_EQ(Opened(story, Ask::kDecide, access), std::nullopt);
}

TEST(Openable, AGuardianUnderAProtectionOrderGetsNoEvidence) {
  Story story = Life();
  EXPECT_TRUE(Opened(story, Ask::kRecord, For(story, Ask::kRecord, "GUARDIAN", "GA", "")));
  story.Tell("p", "restriction.set", {{"kind", "PROTECTION"}}).From("2026-05-01T00:00:00Z");
  for (const Ask ask : {Ask::kRecord, Ask::kConsents, Ask::kTimeline, Ask::kAudit}) {
    EXPECT_EQ(Opened(story, ask, For(story, ask, "GUARDIAN", "GA", "")), std::nullopt);
  }
}

TEST(Openable, WhereAnotherControllersGuardiansDecideThereIsNoEvidenceForOneController) {
  Story story = Life();
  EXPECT_TRUE(Opened(story, Ask::kConsents, For(story, Ask::kConsents, "DPO", "d", "K")));
  story.Tell("gB", "guardianship.established", {{"guardian", "GB"}, {"right", "DECIDE"}})
      .From("2013-05-10T00:00:00Z")
      .Controller("K2");
  EXPECT_EQ(Opened(story, Ask::kConsents, For(story, Ask::kConsents, "DPO", "d", "K")),
            std::nullopt);
  EXPECT_TRUE(Opened(story, Ask::kConsents, For(story, Ask::kConsents, "DPO", "d", "*")));
}

TEST(Openable, WhatAPublisherPublishedIsListedButNotOpened) {
  const Story story = Life();
  Question question = Asked(Ask::kAudit);
  question.learner.clear();
  question.publisher = "sis";
  const Access access =
      Authorise(question, {.principal = "d", .role = "DPO", .organisation = "*", .purpose = "EDU"},
                story.facts(), T(kNow), kAges);
  ASSERT_TRUE(access.permitted());
  EXPECT_EQ(Openable(access, question, story.facts(), story.Now(kNow)), std::nullopt);
}

TEST(Openable, NothingAfterTheViewIsOpenedButExecutedErasures) {
  Story story = Life();
  story.Tell("x", "erasure.executed", {{"request", "q"}, {"classes", Ids{"S3"}}});
  const Access access = For(story, Ask::kRecord, "LEARNER", "L1", "");
  const auto facts =
      Openable(access, Asked(Ask::kRecord), story.facts(), story.KnownAfter("m1", kNow));
  ASSERT_TRUE(facts.has_value());
  Ids ids;
  for (const Fact& fact : *facts) ids.push_back(fact.event.id);
  EXPECT_EQ(ids, (Ids{"b", "gA", "m1", "x"}));
}

TEST(OpenableProperty, TheEventsOpenedGiveTheSameAnswerAsTheWholeStream) {
  const Story registry = RegistryStory();
  Story story = Life();
  const auto disclose = [&](const std::string& id) {
    story
        .Tell(id, "access.disclosed",
              {{"purpose", "ADAPT"}, {"recipient", "V1"}, {"data_categories", Ids{"LRN"}}})
        .By("gw");
  };
  disclose("p1");
  story.Tell("w", "consent.withdrawn", {{"by", "GA"}, {"purpose", "ADAPT"}}).By("portal");
  disclose("p2");
  story.Tell("q", "erasure.requested", {{"classes", Ids{"S2"}}, {"ground", "REQUEST"}});
  story.Tell("e", "erasure.decided", {{"request", "q"}, {"outcome", "ACCEPTED"}});
  story.Tell("x", "erasure.executed", {{"request", "q"}, {"classes", Ids{"S2"}}});
  struct Who {
    const char* role;
    const char* principal;
    const char* organisation;
  };
  const std::vector<Who> everybody = {
      {"LEARNER", "L1", ""}, {"GUARDIAN", "GA", ""}, {"TEACHER", "t", "K"}, {"STAFF", "s", "K"},
      {"DPO", "d", "K"},     {"DPO", "d", "*"},      {"AUDITOR", "a", "*"}, {"SYSTEM", "gw", "K"}};
  int compared = 0;
  EXPECT_TRUE(rc::check([&] {
    const auto size = *rc::gen::inRange<std::uint64_t>(0, story.facts().size() + 1);
    const View view{.at = T("2026-01-01T00:00:00Z") + *rc::gen::inRange(0, 40) * 60'000'000LL,
                    .size = TreeSize(size)};
    const Who& who = everybody[*rc::gen::inRange<std::size_t>(0, everybody.size())];
    for (const Ask ask : kAsks) {
      // Rests on the entries of one execution, not on the stream: tests/ops/certificate_test.cc.
      if (ask == Ask::kErasure) continue;
      const Access access = For(story, ask, who.role, who.principal, who.organisation);
      if (!access.permitted()) continue;
      const auto opened = Openable(access, Asked(ask), story.facts(), view);
      if (!opened) continue;
      const auto whole = ComputeAnswer(Asked(ask), access, story.facts(), registry.facts(), view);
      const auto proved = ComputeAnswer(Asked(ask), access, *opened, registry.facts(), view);
      RC_ASSERT(whole.ok() && proved.ok());
      RC_ASSERT(whole->result == proved->result);
      RC_ASSERT(whole->count == proved->count);
      RC_ASSERT(whole->items == proved->items);
      ++compared;
    }
  }));
  EXPECT_GT(compared, 100);
}

TEST(Answer, ConsentsOfAGuardianUnderAProtectionOrderNameNoControllerAndNoPosition) {
  const Story registry = RegistryStory();
  Story story = Life();
  const auto answer = [&] {
    return ComputeAnswer(Asked(Ask::kConsents), For(story, Ask::kConsents, "GUARDIAN", "GA", ""),
                         story.facts(), registry.facts(), story.Now(kNow));
  };
  const auto open = answer();
  ASSERT_TRUE(open.ok());
  EXPECT_NE(open->result.find("\"K\""), std::string::npos);
  EXPECT_NE(open->result.find("\"GIVEN\""), std::string::npos) << open->result;
  EXPECT_FALSE(open->items.empty());
  story.Tell("p", "restriction.set", {{"kind", "PROTECTION"}}).From("2026-05-01T00:00:00Z");
  const auto hidden = answer();
  ASSERT_TRUE(hidden.ok());
  EXPECT_EQ(hidden->result.find("\"K\""), std::string::npos);
  EXPECT_EQ(hidden->result.find("\"K2\""), std::string::npos);
  EXPECT_NE(hidden->result.find("[suojattu]"), std::string::npos);
  EXPECT_TRUE(hidden->items.empty());
  EXPECT_EQ(hidden->count, open->count);
  EXPECT_EQ(hidden->redactions, (std::vector<Redaction>{{"PROTECTION", open->count}}));
}

}  // namespace
}  // namespace oppi::projections
