#include "projections/oversight.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "projections/answer_table.h"
#include "projections/consent_answer.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using nlohmann::json;
using tests::Story;
using tests::T;
using Ids = std::vector<std::string>;

constexpr const char* kPack = R"({"policy": "test", "version": 1, "jurisdiction": "FI",
 "timezone": "Europe/Helsinki", "iss_age": 13, "self_age": 15, "majority_age": 18,
 "leap_birthday": "MAR_1", "on_iss_age": {"mode": "KEEP_AND_INFORM", "days": 30},
 "on_authority_end": "INVALIDATE_EX_NUNC", "late_limit_hours": {"online": 72, "paper": 336},
 "max_staleness_ms": 5000, "stop_ack_hours": 24, "review_days": 7,
 "emergency": {"max_minutes": 240, "review_hours": 24},
 "erasure": {"statutory_types": [], "after_release_days": 7},
 "protection": {"categories": [], "cleared_recipients": []}, "categories": {"LRN": null},
 "purposes": {"ADAPT": {"iss": true, "rule": "ONE", "purpose_class": "DIGITAL", "ttl_days": 3650,
                        "on_majority": "KEEP"}}})";

/// A child born on 10 May 2013 and its parent GA, who consents to ADAPT for V1 in January 2026 with
/// K, and a year later with K2.
class OversightTest : public ::testing::Test {
 protected:
  OversightTest() {
    registry_
        .Tell("policy", "registry.policy_published",
              {{"policy", "test"}, {"version", 1}, {"policy_hash", "sha256:0"}, {"body", kPack}})
        .At("2018-01-01T00:00:00Z");
    for (const char* controller : {"K", "K2"})
      registry_
          .Tell(std::string("basis-") + controller, "registry.basis_asserted",
                {{"controller", controller},
                 {"purpose", "ADAPT"},
                 {"data_categories", Ids{"LRN"}},
                 {"basis", "A6-1-a"},
                 {"law_ref", "x"}})
          .At("2018-01-01T00:00:00Z");
    story.Tell("b", "identity.learner_registered", {{"birth_date", "2013-05-10"}})
        .At("2018-01-01T00:00:00Z");
    story.Tell("e", "guardianship.established", {{"guardian", "GA"}, {"right", "DECIDE"}})
        .At("2018-01-02T00:00:00Z");
    Grant("g1", "K", "2026-01-10T00:00:00Z");
  }
  void Grant(const std::string& id, const char* controller, std::string_view at) {
    const auto about = [&](tests::Telling told) { told.At(at).By("portal").Controller(controller); };
    about(story.Tell(id + "-r", "consent.requested",
                     {{"purpose", "ADAPT"}, {"recipients", Ids{"V1"}}, {"data_categories", Ids{"LRN"}}}));
    about(story.Tell(id, "consent.given",
                     {{"request", id + "-r"},
                      {"by", "GA"},
                      {"purpose", "ADAPT"},
                      {"recipients", Ids{"V1"}},
                      {"data_categories", Ids{"LRN"}}}));
  }
  void Withdraw(const std::string& id, std::string_view at) {
    story
        .Tell(id, "consent.withdrawn",
              {{"by", "GA"}, {"purpose", "ADAPT"}, {"recipients", Ids{"V1"}}})
        .At(at)
        .By("portal");
  }
  tests::Telling Disclose(const std::string& id, std::string_view at) {
    return story
        .Tell(id, "access.disclosed",
              {{"purpose", "ADAPT"}, {"recipient", "V1"}, {"data_categories", Ids{"LRN"}}})
        .At(at)
        .By("gw");
  }
  json Ask(projections::Ask ask, std::string_view at, Question question = {},
           const char* organisation = "*") {
    question.ask = ask;
    question.learner = "L1";
    const Asker officer{"d", "DPO", organisation, "EDU"};
    const Access access = Authorise(question, officer, story.facts(), T(at), {});
    EXPECT_TRUE(access.permitted()) << access.refusal;
    const auto registry = RegistryOf(registry_.facts());
    const View view = story.Now(at);
    const Answer answer = ask == projections::Ask::kObligations
                              ? AnswerObligations(question, access, story.facts(), *registry, view)
                              : AnswerFindings(question, access, story.facts(), *registry, view);
    json rows = json::parse(answer.result);
    EXPECT_EQ(answer.count, rows.size());
    return rows;
  }
  json Duties(std::string_view at, Question question = {}, const char* organisation = "*") {
    return Ask(projections::Ask::kObligations, at, std::move(question), organisation);
  }
  json Findings(std::string_view at, Question question = {}, const char* organisation = "*") {
    return Ask(projections::Ask::kFindings, at, std::move(question), organisation);
  }

  Story registry_;
  Story story;
};

TEST_F(OversightTest, ADutyIsListedWithItsDeadlineAndWhoMustDoWhat) {
  Withdraw("w", "2026-02-01T00:00:00Z");
  const json rows = Duties("2026-02-01T12:00:00Z");
  ASSERT_EQ(rows.size(), 1U) << rows;
  EXPECT_EQ(rows[0], (json{{"code", "STOP_ACK"},
                           {"status", "OPEN"},
                           {"due", "2026-02-02T00:00:00Z"},
                           {"event", "w"},
                           {"at", "2026-02-01T00:00:00Z"},
                           {"controller", "K"},
                           {"purpose", "ADAPT"},
                           {"recipient", "V1"}}));
  EXPECT_EQ(Duties("2026-02-02T00:00:00Z")[0]["status"], "OVERDUE");
  story.Tell("a", "access.stop_acknowledged", {{"withdrawal", "w"}, {"recipient", "V1"}})
      .At("2026-02-03T00:00:00Z");
  EXPECT_EQ(Duties("2026-02-03T00:00:00Z")[0]["status"], "DONE");
  // What was done later was not known before.
  EXPECT_EQ(Duties("2026-02-02T23:59:59Z")[0]["status"], "OVERDUE");
}

TEST_F(OversightTest, DutiesAreFilteredByStatusPurposeAndRecipient) {
  Withdraw("w", "2026-02-01T00:00:00Z");
  const auto with = [&](auto set) {
    Question question;
    set(question);
    return Duties("2026-02-01T12:00:00Z", question).size();
  };
  EXPECT_EQ(with([](Question& q) { q.status = "OPEN"; }), 1U);
  EXPECT_EQ(with([](Question& q) { q.status = "OVERDUE"; }), 0U);
  EXPECT_EQ(with([](Question& q) { q.purpose = "ADAPT"; }), 1U);
  EXPECT_EQ(with([](Question& q) { q.purpose = "EDU"; }), 0U);
  EXPECT_EQ(with([](Question& q) { q.recipient = "V1"; }), 1U);
  EXPECT_EQ(with([](Question& q) { q.recipient = "V2"; }), 0U);
  EXPECT_EQ(with([](Question& q) { q.controller = "K"; }), 1U);
  EXPECT_EQ(with([](Question& q) { q.controller = "K2"; }), 0U);
}

TEST_F(OversightTest, NobodySeesAnotherControllersDutiesAndFindings) {
  Grant("g2", "K2", "2026-01-20T00:00:00Z");
  Withdraw("w", "2026-02-01T00:00:00Z");
  Disclose("d", "2026-02-01T00:00:00Z");
  EXPECT_EQ(Duties("2026-02-03T00:00:00Z", {}, "K").size(), 1U);
  EXPECT_EQ(Duties("2026-02-03T00:00:00Z", {}, "K2").size(), 0U);
  EXPECT_EQ(Findings("2026-02-03T00:00:00Z", {}, "K").size(), 2U);  // the disclosure, the duty
  EXPECT_EQ(Findings("2026-02-03T00:00:00Z", {}, "K2").size(), 0U);
}

TEST_F(OversightTest, ProcessingAfterAWithdrawalIsFoundWithItsDelay) {
  Withdraw("w", "2026-02-01T00:00:00Z");
  Disclose("d", "2026-02-01T00:01:00Z");
  const json rows = Findings("2026-02-01T00:01:00Z");
  ASSERT_EQ(rows.size(), 1U) << rows;
  EXPECT_EQ(rows[0]["finding"], "DENIED_PROCESSING");
  EXPECT_EQ(rows[0]["reason"], "WITHDRAWN");
  EXPECT_EQ(rows[0]["event"], "d");
  EXPECT_EQ(rows[0]["latency_seconds"], 60);
  EXPECT_EQ(rows[0]["recipients"], json({"V1"}));
  EXPECT_EQ(rows[0]["data_categories"], json({"LRN"}));
  EXPECT_EQ(Findings("2026-02-01T00:00:59.999999Z").size(), 0U);
}

TEST_F(OversightTest, ADisclosureWithoutADecisionIsFound) {
  Disclose("d", "2026-01-20T00:00:00Z");
  const json rows = Findings("2026-01-20T00:00:00Z");
  ASSERT_EQ(rows.size(), 1U) << rows;
  EXPECT_EQ(rows[0]["finding"], "NO_DECISION");
  EXPECT_EQ(rows[0]["reason"], json());
}

TEST_F(OversightTest, AWithdrawalThatCameLateNamesTheEventThatTurnedIt) {
  story
      .Tell("p", "access.decision_made",
            {{"purpose", "ADAPT"},
             {"recipient", "V1"},
             {"data_categories", Ids{"LRN"}},
             {"result", "PERMIT"},
             {"known_size", 4}})
      .At("2026-01-19T00:00:00Z");
  Disclose("d", "2026-01-20T00:00:00Z");
  story.facts().back().event.SetText("decision", "p");
  EXPECT_EQ(Findings("2026-01-20T00:00:00Z").size(), 0U);
  Withdraw("w", "2026-01-21T00:00:00Z");
  story.facts().back().event.time = T("2026-01-19T12:00:00Z");
  const json rows = Findings("2026-01-21T00:00:00Z");
  ASSERT_EQ(rows.size(), 1U) << rows;
  EXPECT_EQ(rows[0]["finding"], "REVIEW_GOOD_FAITH");
  EXPECT_EQ(rows[0]["known_from"], "w");
}

TEST_F(OversightTest, AConsentRestsOnAGuardianFromTheDayTheLearnerDecides) {
  // The thirteenth and the eighteenth birthday, from midnight in Helsinki on.
  EXPECT_EQ(Findings("2026-05-09T20:59:59.999999Z").size(), 0U);
  const json thirteen = Findings("2026-05-09T21:00:00Z");
  ASSERT_EQ(thirteen.size(), 1U) << thirteen;
  EXPECT_EQ(thirteen[0]["finding"], "RESTS_ON_GUARDIAN");
  EXPECT_EQ(thirteen[0]["reason"], "SELF_AGE");
  EXPECT_EQ(thirteen[0]["event"], "g1");
  Question adapt;
  adapt.recipient = "V1";
  const auto reason = [&](std::string_view at) { return Findings(at, adapt)[0]["reason"]; };
  EXPECT_EQ(reason("2031-05-09T20:59:59.999999Z"), "SELF_AGE");
  EXPECT_EQ(reason("2031-05-09T21:00:00Z"), "MAJORITY");
  adapt.recipient = "V2";
  EXPECT_EQ(Findings("2031-05-09T21:00:00Z", adapt).size(), 0U);
}

TEST_F(OversightTest, AnOwnConsentOrNoneRestsOnNobody) {
  Withdraw("w", "2026-02-01T00:00:00Z");
  story.Tell("a", "access.stop_acknowledged", {{"withdrawal", "w"}, {"recipient", "V1"}})
      .At("2026-02-01T01:00:00Z");
  EXPECT_EQ(Findings("2026-06-01T00:00:00Z").size(), 0U);
  Grant("g3", "K", "2026-06-01T00:00:00Z");
  story.facts().back().event.SetText("by", "L1");
  EXPECT_EQ(Findings("2026-06-02T00:00:00Z").size(), 0U);
}

TEST_F(OversightTest, AnOverdueDutyIsAFinding) {
  const json rows = Findings("2026-06-08T21:00:00Z");
  ASSERT_EQ(rows.size(), 2U) << rows;
  EXPECT_EQ(rows[1]["finding"], "OVERDUE");
  EXPECT_EQ(rows[1]["reason"], "INFORM_CHILD");
  EXPECT_EQ(rows[1]["due"], "2026-06-08T21:00:00Z");
  EXPECT_EQ(Findings("2026-06-08T20:59:59.999999Z").size(), 1U);
}

TEST_F(OversightTest, PeopleGetTables) {
  Withdraw("w", "2026-02-01T00:00:00Z");
  Disclose("d", "2026-02-01T00:01:00Z");
  const auto duties = ObligationsTable(Duties("2026-02-03T00:00:00Z").dump());
  ASSERT_TRUE(duties.ok());
  EXPECT_NE(duties->find("STOP_ACK  OVERDUE  2026-02-02T00:00:00Z"), std::string::npos) << *duties;
  const auto findings = FindingsTable(Findings("2026-02-03T00:00:00Z").dump());
  ASSERT_TRUE(findings.ok());
  EXPECT_NE(findings->find("DENIED_PROCESSING  WITHDRAWN"), std::string::npos) << *findings;
  EXPECT_EQ(*ObligationsTable("[]"), "No duties.\n");
  EXPECT_EQ(*FindingsTable("[]"), "Nothing found.\n");
  EXPECT_FALSE(ObligationsTable("{}").ok());
}

}  // namespace
}  // namespace oppi::projections
