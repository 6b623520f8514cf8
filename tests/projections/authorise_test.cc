#include "projections/authorise.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "projections/answer.h"
#include "projections/answer_table.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using nlohmann::json;
using tests::Story;
using tests::T;
using Ids = std::vector<std::string>;

constexpr AgeRules kAges{.majority_age = 18, .leap = LeapBirthday::kMarch1};
constexpr std::string_view kNow = "2026-06-01T00:00:00Z";

Story Life() {
  Story story;
  story.Tell("b", "identity.learner_registered",
             {{"birth_date", "2013-05-10"}, {"language", "fi"}});
  story.Tell("gA", "guardianship.established", {{"guardian", "GA"}, {"right", "INFO"}})
      .From("2013-05-10T00:00:00Z");
  story.Tell("gB", "guardianship.established", {{"guardian", "GB"}, {"right", "DECIDE"}})
      .From("2013-05-10T00:00:00Z")
      .Until("2026-01-01T00:00:00Z");
  story.Tell("m1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  story.Tell("s1", "support.case_noted", {{"case_hash", "sha256:1"}});
  story.Tell("m2", "grade.course_assessed", {{"course", "MA2"}, {"grade", "8"}}).Controller("K2");
  story.Tell("s2", "support.case_noted", {{"case_hash", "sha256:2"}}).Controller("K2");
  story.Tell("r1", "access.read", {{"actor", "t"}, {"organisation", "K"}}).By("gw");
  story.Tell("r2", "access.read", {{"actor", "t"}, {"organisation", "K2"}})
      .By("gw")
      .Controller("K2");
  return story;
}

Question Asked(Ask ask) {
  Question question;
  question.ask = ask;
  question.learner = "L1";
  question.reason = "complaint 12/2026";
  if (ask == Ask::kDecide) {
    question.controller = "K";
    question.purpose = "ADAPT";
    question.recipient = "V1";
    question.categories = {"LRN"};
  }
  return question;
}

Asker Who(const char* role, const char* principal, const char* organisation) {
  return {.principal = principal, .role = role, .organisation = organisation, .purpose = "EDU"};
}

std::string Refusal(const Question& question, const Asker& asker, std::string_view at = kNow) {
  return Authorise(question, asker, Life().facts(), T(at), kAges).refusal;
}

constexpr Ask kAll[] = {Ask::kRecord, Ask::kConsents, Ask::kTimeline, Ask::kDecide, Ask::kAudit};
constexpr Ask kOversight[] = {Ask::kObligations, Ask::kFindings};

TEST(Authorise, WhatIsFoundAndWhatIsDueIsForOfficersAndTheLearnerHimself) {
  for (const Ask ask : kOversight) {
    const Question of_one = Asked(ask);
    EXPECT_EQ(Refusal(of_one, Who("LEARNER", "L1", "")), "");
    EXPECT_EQ(Refusal(of_one, Who("LEARNER", "L2", "")), "NOT_SUBJECT");
    EXPECT_EQ(Refusal(of_one, Who("DPO", "d", "*")), "");
    EXPECT_EQ(Refusal(of_one, Who("DPO", "d", "K")), "");
    EXPECT_EQ(Refusal(of_one, Who("DPO", "d", "K3")), "ROLE_NOT_ALLOWED");
    EXPECT_EQ(Refusal(of_one, Who("AUDITOR", "a", "K")), "");
    for (const char* role : {"GUARDIAN", "TEACHER", "STAFF", "VENDOR", "SYSTEM"})
      EXPECT_EQ(Refusal(of_one, Who(role, "GA", "K")), "ROLE_NOT_ALLOWED") << role;
  }
}

TEST(Authorise, AListOfManyIsForOfficersOfThatController) {
  for (const Ask ask : kOversight) {
    Question of_many = Asked(ask);
    of_many.learner.clear();
    of_many.controller = "K";
    const auto refusal = [&](const Asker& asker) {
      return Authorise(of_many, asker, {}, T(kNow), {}).refusal;
    };
    EXPECT_EQ(refusal(Who("DPO", "d", "*")), "");
    EXPECT_EQ(refusal(Who("DPO", "d", "K")), "");
    EXPECT_EQ(refusal(Who("DPO", "d", "K2")), "ROLE_NOT_ALLOWED");
    EXPECT_EQ(refusal(Who("AUDITOR", "a", "K")), "");
    EXPECT_EQ(refusal(Who("LEARNER", "L1", "K")), "ROLE_NOT_ALLOWED");
    EXPECT_EQ(refusal(Who("GUARDIAN", "GA", "K")), "ROLE_NOT_ALLOWED");
    EXPECT_EQ(refusal(Who("STAFF", "s", "K")), "ROLE_NOT_ALLOWED");
    of_many.reason.clear();
    EXPECT_EQ(refusal(Who("AUDITOR", "a", "K")), "REASON_MISSING");
  }
}

/// What the desk relies on: it decides without reading the learner's facts first.
TEST(Authorise, WhoMayAskForADecisionIsNoMatterOfTheLearnersFacts) {
  for (const char* role : {"LEARNER", "GUARDIAN", "TEACHER", "STAFF", "VENDOR", "DPO", "AUDITOR", "SYSTEM", "ADMIN"})
    for (const char* organisation : {"K", "K2", "V1", "*", ""})
      for (const char* op : {"", "disclose", "guardian_view", "emergency_read"}) {
        Question question = Asked(Ask::kDecide);
        question.op = op;
        question.principal = "GA";
        const Asker asker = Who(role, "GA", organisation);
        const Access access = Authorise(question, asker, {}, T(kNow), {});
        const Access known = Authorise(question, asker, Life().facts(), T(kNow), kAges);
        EXPECT_EQ(access.refusal, known.refusal) << role << organisation << op;
        EXPECT_EQ(access.controller, known.controller) << role << organisation << op;
        EXPECT_EQ(access.evidence, known.evidence) << role << organisation << op;
      }
}

TEST(Authorise, TheMatrixIsExactlyThis) {
  struct Row {
    Asker asker;
    const char* allowed;  // first letters of the questions that are permitted
  };
  const Row rows[] = {
      {Who("LEARNER", "L1", ""), "rcta"}, {Who("GUARDIAN", "GA", ""), "rcta"},
      {Who("TEACHER", "t", "K"), "r"},    {Who("STAFF", "s", "K"), "rct"},
      {Who("VENDOR", "v", "V1"), "d"},    {Who("DPO", "d", "K"), "rctda"},
      {Who("DPO", "d", "*"), "rctda"},    {Who("AUDITOR", "a", "K"), "rcta"},
      {Who("AUDITOR", "a", "*"), "rcta"}, {Who("SYSTEM", "gw", "K"), "d"},
      {Who("SYSTEM", "gw", "*"), "d"},    {Who("", "x", "*"), ""},
      {Who("ADMIN", "x", "*"), ""},       {Who("learner", "L1", ""), ""},
      {Who("TEACHER", "t", "*"), ""},     {Who("STAFF", "s", "*"), ""},
  };
  for (const Row& row : rows) {
    std::string allowed;
    for (const Ask ask : kAll) {
      if (Refusal(Asked(ask), row.asker).empty()) allowed += AskName(ask)[0];
    }
    EXPECT_EQ(allowed, row.allowed) << row.asker.role << " of " << row.asker.organisation;
  }
}

TEST(Authorise, AccessIsDeniedUntilSomethingPermitsIt) { EXPECT_FALSE(Access().permitted()); }

TEST(Authorise, NobodyWithoutNameOrPurposeGetsAnAnswer) {
  Asker asker = Who("LEARNER", "", "");
  EXPECT_EQ(Refusal(Asked(Ask::kRecord), asker), "ROLE_NOT_ALLOWED");
  asker = Who("LEARNER", "L1", "");
  asker.purpose.clear();
  EXPECT_EQ(Refusal(Asked(Ask::kRecord), asker), "PURPOSE_UNKNOWN");
}

TEST(Authorise, LearnersAndGuardiansAreCheckedAgainstTheFacts) {
  EXPECT_EQ(Refusal(Asked(Ask::kRecord), Who("LEARNER", "L2", "")), "NOT_SUBJECT");
  EXPECT_EQ(Refusal(Asked(Ask::kRecord), Who("GUARDIAN", "GX", "")), "NOT_GUARDIAN");
  EXPECT_EQ(Refusal(Asked(Ask::kRecord), Who("GUARDIAN", "GB", "")), "CUSTODY_ENDED");
  EXPECT_EQ(Refusal(Asked(Ask::kRecord), Who("GUARDIAN", "GA", ""), "2031-05-09T21:00:00Z"),
            "CUSTODY_ENDED");
}

TEST(Authorise, AFormerGuardianDoesNotGetInByAskingAboutThePast) {
  Question question = Asked(Ask::kRecord);
  question.valid_at = T("2025-06-01T00:00:00Z");
  question.known_size = TreeSize(3);
  EXPECT_EQ(Refusal(question, Who("GUARDIAN", "GB", "")), "CUSTODY_ENDED");
}

TEST(Authorise, AnAuditWithoutALearnerIsNotForLearnersAndGuardians) {
  Question question = Asked(Ask::kAudit);
  question.learner.clear();
  question.actor = "t";
  EXPECT_EQ(Refusal(question, Who("LEARNER", "L1", "")), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(Refusal(question, Who("GUARDIAN", "GA", "")), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(Refusal(question, Who("DPO", "d", "K9")), "");
}

TEST(Authorise, AnOrganisationThatHoldsNothingIsToldNothing) {
  for (const char* role : {"TEACHER", "STAFF", "DPO", "AUDITOR"}) {
    EXPECT_EQ(Refusal(Asked(Ask::kRecord), Who(role, "x", "K9")), "ROLE_NOT_ALLOWED") << role;
    EXPECT_EQ(Refusal(Asked(Ask::kRecord), Who(role, "x", "")), "ROLE_NOT_ALLOWED") << role;
  }
}

TEST(Authorise, AnotherControllersConsentsAndDecisionsAreRefused) {
  Question question = Asked(Ask::kConsents);
  question.controller = "K2";
  EXPECT_EQ(Refusal(question, Who("DPO", "d", "K")), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(Refusal(question, Who("DPO", "d", "*")), "");
  const Access access =
      Authorise(Asked(Ask::kConsents), Who("DPO", "d", "K"), Life().facts(), T(kNow), kAges);
  EXPECT_EQ(access.controller, "K");
  EXPECT_EQ(Refusal(Asked(Ask::kDecide), Who("SYSTEM", "gw", "K2")), "ROLE_NOT_ALLOWED");
}

TEST(Authorise, AVendorAsksOnlyWhatItMayReceiveItself) {
  Question question = Asked(Ask::kDecide);
  EXPECT_EQ(Refusal(question, Who("VENDOR", "v", "V2")), "ROLE_NOT_ALLOWED");
  question.op = "guardian_view";
  EXPECT_EQ(Refusal(question, Who("VENDOR", "v", "V1")), "ROLE_NOT_ALLOWED");
  question.op = "disclose";
  EXPECT_EQ(Refusal(question, Who("VENDOR", "v", "V1")), "");
  question.recipient.clear();
  EXPECT_EQ(Refusal(question, Who("VENDOR", "v", "")), "ROLE_NOT_ALLOWED");
}

TEST(Authorise, ATeacherAsksForAnEmergencyInTheOwnNameOnly) {
  Question question = Asked(Ask::kDecide);
  question.op = "emergency_read";
  question.principal = "t";
  EXPECT_EQ(Refusal(question, Who("TEACHER", "t", "K")), "");
  EXPECT_EQ(Refusal(question, Who("STAFF", "s", "K")), "ROLE_NOT_ALLOWED");
}

TEST(Authorise, AnAuditorGivesAReason) {
  Question question = Asked(Ask::kAudit);
  question.reason.clear();
  EXPECT_EQ(Refusal(question, Who("AUDITOR", "a", "*")), "REASON_MISSING");
  EXPECT_EQ(Refusal(question, Who("DPO", "d", "*")), "");
}

Shown ShownTo(const Asker& asker, Ask ask, const Facts& stream) {
  const Access access = Authorise(Asked(ask), asker, stream, T(kNow), kAges);
  return Show(access, ask, stream, TreeSize(1000));
}
Ids Events(const Shown& shown) {
  Ids ids;
  for (const Fact& fact : shown.facts) ids.push_back(fact.event.id);
  return ids;
}

TEST(Show, ATeacherSeesTheOwnControllersFactsWithoutSpecialCategories) {
  const Story story = Life();
  const Shown shown = ShownTo(Who("TEACHER", "t", "K"), Ask::kRecord, story.facts());
  EXPECT_EQ(Events(shown), (Ids{"b", "gA", "gB", "m1", "r1"}));
  // K2's support case is not counted: its existence alone would tell.
  EXPECT_EQ(shown.redactions,
            (std::vector<Redaction>{{"OTHER_CONTROLLER", 1}, {"SPECIAL_CATEGORY", std::nullopt}}));
}

TEST(Show, ThatSpecialCategoriesAreKeptBackIsSaidWhetherThereAreAnyOrNot) {
  Story story;
  story.Tell("m1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "7"}});
  const Shown shown = ShownTo(Who("TEACHER", "t", "K"), Ask::kRecord, story.facts());
  EXPECT_EQ(shown.redactions, (std::vector<Redaction>{{"SPECIAL_CATEGORY", std::nullopt}}));
}

TEST(Show, StaffAndOfficersOfTheControllerSeeItsSupport) {
  const Story story = Life();
  for (const char* role : {"STAFF", "DPO"}) {
    const Shown shown = ShownTo(Who(role, "x", "K"), Ask::kRecord, story.facts());
    EXPECT_EQ(Events(shown), (Ids{"b", "gA", "gB", "m1", "s1", "r1"})) << role;
    EXPECT_EQ(shown.redactions, (std::vector<Redaction>{{"OTHER_CONTROLLER", 2}})) << role;
  }
}

TEST(Show, LearnersGuardiansAndNationalOfficersSeeAllControllers) {
  const Story story = Life();
  for (const Asker& asker :
       {Who("LEARNER", "L1", ""), Who("GUARDIAN", "GA", ""), Who("DPO", "d", "*")}) {
    const Shown shown = ShownTo(asker, Ask::kRecord, story.facts());
    EXPECT_EQ(shown.facts, story.facts()) << asker.role;
    EXPECT_TRUE(shown.redactions.empty()) << asker.role;
  }
}

TEST(Show, OfAnAuditOnlyTheAccessesOfOthersAreCounted) {
  const Story story = Life();
  const Shown shown = ShownTo(Who("DPO", "d", "K"), Ask::kAudit, story.facts());
  EXPECT_EQ(shown.redactions, (std::vector<Redaction>{{"OTHER_CONTROLLER", 1}}));
}

TEST(Show, CountsOnlyWhatTheViewSeesAndKeepsErasedEntriesFromOneController) {
  Story story = Life();
  const Access access =
      Authorise(Asked(Ask::kRecord), Who("DPO", "d", "K"), story.facts(), T(kNow), kAges);
  EXPECT_TRUE(Show(access, Ask::kRecord, story.facts(), TreeSize(5)).redactions.empty());
  story.Tell("z", "activity.xapi_statement", {{"statement_id", "s"}}).Erased();
  for (const Fact& fact : Show(access, Ask::kRecord, story.facts(), TreeSize(1000)).facts) {
    EXPECT_FALSE(fact.erased);
  }
}

TEST(Answer, AGuardianUnderAProtectionOrderGetsNoPlacesAndNoPositions) {
  Story story = Life();
  story.Tell("p", "restriction.set", {{"kind", "PROTECTION"}}).From("2026-05-01T00:00:00Z");
  const Question question = Asked(Ask::kRecord);
  const Access access =
      Authorise(question, Who("GUARDIAN", "GA", ""), story.facts(), T(kNow), kAges);
  ASSERT_TRUE(access.permitted());
  // The past is hidden too.
  const View view{.at = T("2026-02-01T00:00:00Z"), .size = TreeSize(6)};
  const RecordAnswer record = AnswerRecord(question, access, story.facts(), view, {});
  EXPECT_TRUE(record.record.places_hidden);
  EXPECT_EQ(record.record.grades[0].item.publisher, "[suojattu]");
  const Answer answer = ToAnswer(record);
  EXPECT_TRUE(answer.items.empty());
  EXPECT_EQ(answer.redactions.back().reason, "PROTECTION");
  EXPECT_EQ(answer.redactions.back().count, answer.count);

  const Question audit = Asked(Ask::kAudit);
  const AuditAnswer trail =
      AnswerAudit(audit, Authorise(audit, Who("GUARDIAN", "GA", ""), story.facts(), T(kNow), kAges),
                  story.facts(), story.Now());
  EXPECT_EQ(trail.trail.redacted, 2U);
  EXPECT_EQ(trail.redactions, (std::vector<Redaction>{{"PROTECTION", 2}}));
}

TEST(Answer, TheEnvelopeHoldsQuestionViewResultItemsAndCheckpoint) {
  const Story story = Life();
  const Question question = Asked(Ask::kAudit);
  const Access access = Authorise(question, Who("DPO", "d", "K"), story.facts(), T(kNow), kAges);
  const AuditAnswer audit = AnswerAudit(question, access, story.facts(), story.Now());
  const std::string text =
      AnswerJson(question, story.Now(), ToAnswer(audit), "log.example\n9\nroot\n");
  const json envelope = json::parse(text);
  EXPECT_EQ(envelope["question"], "audit");
  EXPECT_EQ(envelope["question_hash"], QuestionHash(question));
  EXPECT_EQ(envelope["inputs"]["learner"], "L1");
  EXPECT_EQ(envelope["view"], json::parse(R"({"at":"2030-01-01T00:00:00Z","size":9})"));
  EXPECT_EQ(envelope["result"]["total"], 1);
  EXPECT_EQ(envelope["count"], 1);
  ASSERT_EQ(envelope["items"].size(), 1U);
  EXPECT_EQ(envelope["items"][0]["event"], "r1");
  EXPECT_EQ(envelope["items"][0]["position"], 7);
  EXPECT_EQ(envelope["redactions"], json::parse(R"([{"reason":"OTHER_CONTROLLER","count":1}])"));
  EXPECT_EQ(envelope["checkpoint"], "log.example\n9\nroot\n");
  EXPECT_EQ(text.find("{\"question\":"), 0U);
}

TEST(Answer, ARecordCountsTheEntriesItRestsOn) {
  const Story story = Life();
  const Question question = Asked(Ask::kRecord);
  const Access access =
      Authorise(question, Who("TEACHER", "t", "K"), story.facts(), T(kNow), kAges);
  const RecordAnswer record = AnswerRecord(question, access, story.facts(), story.Now(),
                                           {.ages = kAges, .statutory_types = {}});
  const Answer answer = ToAnswer(record);
  EXPECT_EQ(answer.count, 4U);
  EXPECT_EQ(answer.items.size(), 4U);
  const json envelope = json::parse(AnswerJson(question, story.Now(), answer, ""));
  EXPECT_EQ(envelope["redactions"][1],
            json::parse(R"({"reason":"SPECIAL_CATEGORY","count":null})"));
  EXPECT_FALSE(envelope["result"].contains("support"));
  const Result<std::string> lines = RedactionLines(envelope["redactions"].dump());
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(*lines,
            "Kept back (OTHER_CONTROLLER): 1 entry\n"
            "Kept back (SPECIAL_CATEGORY): not shown in this role, whether there is any or not\n");
}

TEST(Answer, QuestionsWithDifferentInputsHaveDifferentHashes) {
  Question a = Asked(Ask::kRecord);
  Question b = a;
  b.known_size = TreeSize(5);
  EXPECT_NE(QuestionHash(a), QuestionHash(b));
  b = a;
  b.ask = Ask::kConsents;
  EXPECT_NE(QuestionHash(a), QuestionHash(b));
  EXPECT_EQ(QuestionHash(a), QuestionHash(Asked(Ask::kRecord)));
  EXPECT_EQ(QuestionHash(a).size(), 7U + 64U);
}

}  // namespace
}  // namespace oppi::projections
