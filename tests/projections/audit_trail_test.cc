#include "projections/audit_trail.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "projections/answer_table.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using nlohmann::json;
using tests::Story;
using tests::T;
using Ids = std::vector<std::string>;

Story Looks() {
  Story story;
  story.Tell("b", "identity.learner_registered",
             {{"birth_date", "2013-05-10"}, {"language", "fi"}});
  story.Tell("gA", "guardianship.established", {{"guardian", "GA"}, {"right", "DECIDE"}})
      .From("2013-05-10T00:00:00Z");
  story
      .Tell("r1", "access.read",
            {{"actor", "teacher1"},
             {"actor_role", "TEACHER"},
             {"organisation", "Koulu A"},
             {"purpose", "EDU"},
             {"query", "LEARNER_RECORD"},
             {"result_count", 1},
             {"reason_text", "parents' evening"}})
      .At("2026-02-28T22:30:00Z")
      .By("gw");
  story.Tell("d1", "access.decision_made", {{"purpose", "ADAPT"}, {"recipient", "V1"}})
      .At("2026-03-01T09:00:00Z")
      .By("gw");
  story
      .Tell("x1", "access.disclosed",
            {{"actor", "gateway"},
             {"organisation", "Kunta K"},
             {"purpose", "ADAPT"},
             {"recipient", "V1"},
             {"data_categories", Ids{"LRN"}}})
      .At("2026-03-01T10:00:00Z")
      .By("gw");
  story.Tell("s1", "access.received", {{"disclosure", "x1"}, {"recipient", "V1"}})
      .At("2026-03-01T11:00:00Z")
      .By("v1");
  story.Tell("o1", "access.emergency_opened", {{"actor", "P1"}, {"organisation", "Koulu A"}})
      .At("2026-03-02T11:00:00Z")
      .By("gw");
  story.Tell("w1", "access.emergency_reviewed", {{"emergency", "o1"}, {"outcome", "JUSTIFIED"}})
      .At("2026-03-02T12:00:00Z")
      .By("dpo");
  return story;
}

Ids Events(const AuditTrail& trail) {
  Ids ids;
  for (const AuditEntry& entry : trail.entries) ids.push_back(entry.event);
  return ids;
}

TEST(AuditTrail, ListsEveryLookButNotTheDecisionsAboutThem) {
  const Story story = Looks();
  const AuditTrail trail = BuildAudit(story.facts(), story.Now(), {});
  EXPECT_EQ(Events(trail), (Ids{"r1", "x1", "s1", "o1"}));
  EXPECT_EQ(trail.total, 4U);
  EXPECT_EQ(trail.redacted, 0U);
  EXPECT_EQ(trail.entries[0].action, "read");
  EXPECT_EQ(trail.entries[0].actor, "teacher1");
  EXPECT_EQ(trail.entries[0].reason, "parents' evening");
  EXPECT_EQ(trail.entries[0].at, "2026-02-28T22:30:00Z");
  EXPECT_EQ(trail.entries[1].recipient, "V1");
  EXPECT_EQ(trail.entries[3].action, "emergency_opened");
}

TEST(AuditTrail, TheViewAndThePeriodAreHalfOpen) {
  const Story story = Looks();
  const auto asked = [&](const View& view, const AuditQuery& query) {
    return Events(BuildAudit(story.facts(), view, query));
  };
  EXPECT_EQ(asked(story.KnownAfter("r1"), {}), Ids{"r1"});
  EXPECT_EQ(asked(story.Now("2026-03-01T10:00:00Z"), {}), (Ids{"r1", "x1"}));
  EXPECT_EQ(asked(story.Now(), {.actor = {},
                                .publisher = {},
                                .from = T("2026-03-01T10:00:00Z"),
                                .until = T("2026-03-01T11:00:00Z")}),
            Ids{"x1"});
}

TEST(AuditTrail, NarrowsByActor) {
  const Story story = Looks();
  AuditQuery query;
  query.actor = "P1";
  EXPECT_EQ(Events(BuildAudit(story.facts(), story.Now(), query)), Ids{"o1"});
}

TEST(AuditTrail, OfAPublisherListsEverythingItPublished) {
  const Story story = Looks();
  AuditQuery query;
  query.publisher = "sis";
  const AuditTrail trail = BuildAudit(story.facts(), story.Now(), query);
  EXPECT_EQ(Events(trail), (Ids{"b", "gA"}));
  EXPECT_EQ(trail.entries[0].action, "identity.learner_registered");
  query.publisher = "gw";
  EXPECT_EQ(Events(BuildAudit(story.facts(), story.Now(), query)), (Ids{"r1", "d1", "x1", "o1"}));
}

TEST(AuditTrail, ARedactedEntryHasTheHelsinkiDayAndKeepsTheTotal) {
  const Story story = Looks();
  const AuditTrail trail = BuildAudit(story.facts(), story.Now(), {}, AuditRedaction::kProtection);
  EXPECT_EQ(trail.total, 4U);
  EXPECT_EQ(trail.redacted, 4U);
  EXPECT_EQ(trail.entries[0].event, "r1");
  EXPECT_EQ(trail.entries[0].action, "read");
  EXPECT_EQ(trail.entries[0].organisation, "[suojattu]");
  EXPECT_EQ(trail.entries[0].at, "2026-03-01") << "not the day in UTC";
}

TEST(AuditTrail, ARedactedAnswerGivesNothingElseAway) {
  const Story story = Looks();
  const AuditTrail trail = BuildAudit(story.facts(), story.Now(), {}, AuditRedaction::kProtection);
  const std::string text = AuditJson(trail);
  for (const char* secret : {"Koulu A", "Kunta K", "teacher1", "gateway", "V1", "P1",
                             "parents' evening", "22:30", "\"r1\"", "position", "recorded"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
    EXPECT_EQ(AuditTable(text)->find(secret), std::string::npos) << secret;
  }
  EXPECT_TRUE(SourcesOf(trail).empty());
  EXPECT_EQ(json::parse(text)["total"], 4);
  EXPECT_EQ(json::parse(text)["entries"].size(), 4U);
}

TEST(AuditTrail, TheApiNamesEverythingOfAFullEntry) {
  const Story story = Looks();
  const AuditTrail trail = BuildAudit(story.facts(), story.Now(), {});
  const json entry = json::parse(AuditJson(trail))["entries"][0];
  EXPECT_EQ(entry, json::parse(R"({"event":"r1","action":"read","actor":"teacher1",
      "actor_role":"TEACHER","organisation":"Koulu A","purpose":"EDU","query":"LEARNER_RECORD",
      "reason":"parents' evening","at":"2026-02-28T22:30:00Z",
      "recorded":"2026-02-28T22:30:00Z","position":2})"));
  EXPECT_EQ(SourcesOf(trail).size(), 4U);
  EXPECT_EQ(AuditTable(AuditJson(trail))->find("4 entries\n\nEntries\n"), 0U);
  EXPECT_EQ(*AuditTable(AuditJson({})), "0 entries\n");
  EXPECT_FALSE(AuditTable("[]").ok());
}

TEST(AuditTrail, NeverListsErasedFacts) {
  Story story = Looks();
  for (Fact& fact : story.facts()) fact = Erased(fact);
  EXPECT_EQ(BuildAudit(story.facts(), story.Now(), {}).total, 0U);
}

}  // namespace
}  // namespace oppi::projections
