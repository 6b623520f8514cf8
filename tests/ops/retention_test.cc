#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "consumers/retention_desk.h"
#include "events/ids.h"
#include "ops/generate/policy.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// Retention over a real ledger: who signs, what a run orders, that it can be stopped anywhere, and
/// that only the eraser destroys.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using Json = nlohmann::ordered_json;

constexpr const char* kTable =
    R"({"retention":"test","version":1,"rules":[
        {"class":"S2","types":["activity.xapi_statement"],"trigger":"STUDYRIGHT_ENDED","days":30,"law_ref":"x"},
        {"class":"S2","types":["attendance.marked"],"trigger":"LAST_EVENT","days":30,"law_ref":"x"}]})";

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("vendor", "VENDOR");
    ledger.Register("anna", "DPO");
    ledger.Register("bertta", "DPO");
    PublishPolicy(PolicyBody(), 1);
  }
  void PublishPolicy(const std::string& body, std::int64_t version) {
    Event policy = ledger.RegistryEvent(EventType::kRegistryPolicyPublished);
    policy.SetText("policy", "fi-consent").SetNumber("version", version).SetText("body", body);
    policy.SetText("policy_hash", HashText(HashOf(body)));
    Take("registrar", policy);
  }
  void Take(const std::string& publisher, const Event& event) {
    const auto report = ledger.Publish(publisher, std::vector<Event>{event});
    ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
  }
  /// An event of some learner so many days ago.
  Event Ago(EventType type, std::uint64_t learner, int days) {
    Event event = SchoolEvent(type, learner, ++number_);
    event.time = Instant{ledger.node().clock().Now().micros - days * kMicrosPerDay};
    if (event.valid_from) event.valid_from = event.time;
    event.valid_to.reset();
    return event;
  }
  void TellState(std::uint64_t learner, const char* state, int days_ago) {
    Event event = Ago(EventType::kStudyrightStateChanged, learner, days_ago);
    event.SetText("studyright", "right-" + std::to_string(learner)).SetText("state", state);
    Take("sis", event);
  }
  /// Two statements, and a study right in this state for 100 days.
  void TellLearner(std::uint64_t learner, const char* state) {
    TellState(learner, state, 100);
    for (int i = 0; i < 2; ++i) Take("vendor", Ago(EventType::kActivityXapiStatement, learner, 90));
  }
  consumers::RetentionDesk& desk() { return ledger.node().retention(); }
  Result<std::string> SetTable(const std::string& table, const std::string& first = "anna",
                               const std::string& second = "bertta") {
    OPPI_TRY(const std::string once, desk().Sign(table, ledger.KeyOf(first)));
    OPPI_TRY(const std::string twice, desk().SignAlso(once, ledger.KeyOf(second)));
    return desk().Set(twice);
  }
  static std::string Version(int version) {
    std::string table = kTable;
    return table.replace(table.find("\"version\":1"), 11, "\"version\":" + std::to_string(version));
  }
  Json Run(const projections::RetentionOptions& options = {.per_second = 0}) {
    const auto answer = desk().Run(options);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  Json DryRun() { return Run({.dry_run = true, .per_second = 0}); }
  Json Erase() {
    const auto answer = ledger.node().erasures().Run();
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  /// The configured delay would let tests wait a day.
  void WithoutDelay() {
    ledger.Close();
    std::string text;
    {
      std::ifstream in(ledger.directory() + "/ledger.toml");
      text.assign(std::istreambuf_iterator<char>(in), {});
    }
    text.replace(text.find("delay_hours = 24"), 16, "delay_hours = 0");
    std::ofstream(ledger.directory() + "/ledger.toml") << text;
    ledger.Open();
  }
  std::uint64_t Count(EventType type) {
    std::uint64_t count = 0;
    for (const auto& event : ledger.Events())
      if (!event.erased && event.event.type == type) ++count;
    return count;
  }
  std::uint64_t ActivityOf(std::uint64_t learner) {
    std::uint64_t count = 0;
    for (const auto& event : ledger.Events())
      if (!event.erased && event.event.type == EventType::kActivityXapiStatement &&
          event.event.subject == tests::PersonId(learner))
        ++count;
    return count;
  }
  std::string ErrorOf(const Result<std::string>& answer) {
    return answer.ok() ? "" : answer.error().message;
  }

  TempLedger ledger;
  std::uint64_t number_ = 0;
};

TEST_F(RetentionTest, ATableIsSetByTwoOfficersAndShown) {
  EXPECT_EQ(ErrorOf(desk().Show()).rfind("NO_TABLE", 0), 0U);
  EXPECT_EQ(ErrorOf(desk().Run({})).rfind("NO_TABLE", 0), 0U);
  EXPECT_EQ(ErrorOf(SetTable(kTable, "anna", "anna")).rfind("NEEDS_SECOND_PRINCIPAL", 0), 0U);
  EXPECT_EQ(ErrorOf(SetTable(kTable, "anna", "sis")).rfind("TYPE_NOT_ALLOWED", 0), 0U);
  EXPECT_EQ(ErrorOf(desk().Show()).rfind("NO_TABLE", 0), 0U);
  const auto set = SetTable(kTable);
  ASSERT_TRUE(set.ok()) << set.error().message;
  ledger.Close();
  ledger.Open();
  const auto shown = desk().Show();
  ASSERT_TRUE(shown.ok()) << shown.error().message;
  const Json json = Json::parse(*shown);
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["requested_by"], "anna");
  EXPECT_EQ(json["decided_by"], "bertta");
  EXPECT_EQ(json["usable"], true);
  EXPECT_EQ(json["rules"].size(), 2U);
}

TEST_F(RetentionTest, VersionsOnlyRise) {
  ASSERT_TRUE(SetTable(Version(2)).ok());
  EXPECT_EQ(ErrorOf(SetTable(Version(2))).rfind("VERSION_NOT_NEWER", 0), 0U);
  EXPECT_EQ(ErrorOf(SetTable(Version(1))).rfind("VERSION_NOT_NEWER", 0), 0U);
  ASSERT_TRUE(SetTable(Version(3)).ok());
  for (const char* name : {"/retention/v2.note", "/retention/v3.note", "/retention/current.note"})
    EXPECT_TRUE(std::filesystem::exists(ledger.directory() + name)) << name;
}

TEST_F(RetentionTest, AnAlteredTableIsRefusedByRunsAndNothingIsWritten) {
  TellLearner(1, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  const std::string path = ledger.directory() + "/retention/current.note";
  std::string note;
  {
    std::ifstream in(path);
    note.assign(std::istreambuf_iterator<char>(in), {});
  }
  note.replace(note.find("\"days\":30"), 9, "\"days\":10");
  std::ofstream(path) << note;
  const std::uint64_t before = ledger.Size();
  EXPECT_EQ(ErrorOf(desk().Run({.per_second = 0})).rfind("BAD_SIGNATURE", 0), 0U);
  EXPECT_EQ(ledger.Size(), before);
}

TEST_F(RetentionTest, ARevokedKeyMakesTheTableUnusableInWords) {
  TellLearner(1, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  ledger.Revoke("bertta");
  const std::uint64_t before = ledger.Size();
  EXPECT_EQ(ErrorOf(desk().Run({.per_second = 0})).rfind("KEY_REVOKED", 0), 0U);
  EXPECT_EQ(ledger.Size(), before);
  const Json shown = Json::parse(*desk().Show());
  EXPECT_EQ(shown["usable"], false);
  EXPECT_NE(shown["why_not"].get<std::string>().find("bertta"), std::string::npos);
}

TEST_F(RetentionTest, WhatANewPolicyKeepsByLawStopsTheTable) {
  TellLearner(1, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  std::string body = PolicyBody();
  body.replace(body.find("\"certificate.issued\""), 20,
               "\"certificate.issued\",\"activity.xapi_statement\"");
  PublishPolicy(body, 2);
  const std::uint64_t before = ledger.Size();
  EXPECT_EQ(ErrorOf(desk().Run({.per_second = 0})).rfind("STATUTORY_RECORD", 0), 0U);
  EXPECT_EQ(ledger.Size(), before);
  EXPECT_EQ(ErrorOf(SetTable(Version(2))).rfind("STATUTORY_RECORD", 0), 0U);
}

TEST_F(RetentionTest, ARunOrdersWhatIsDueAndTheEraserCarriesItOutAfterTheDelay) {
  TellLearner(1, "eronnut");
  TellLearner(2, "lasna");
  Take("sis", Ago(EventType::kAttendanceMarked, 2, 50));
  ASSERT_TRUE(SetTable(kTable).ok());
  const Json dry = DryRun();
  EXPECT_EQ(dry["rules"][0]["learners"], 1);
  EXPECT_EQ(dry["rules"][0]["events"], 2);
  EXPECT_EQ(dry["rules"][1]["learners"], 1);
  EXPECT_EQ(Count(EventType::kErasureRequested), 0U);
  const Json run = Run();
  EXPECT_EQ(run["rules"], dry["rules"]);
  EXPECT_EQ(run["persons"], dry["persons"]);
  EXPECT_EQ(run["finished"], true);
  EXPECT_EQ(run["refused"], 0);

  std::set<std::string> publishers;
  for (const auto& event : ledger.Events()) {
    if (event.event.type == EventType::kErasureRequested) {
      publishers.insert(event.publisher);
      EXPECT_EQ(event.event.text("ground"), "RETENTION");
    }
    if (event.event.type == EventType::kErasureDecided) {
      publishers.insert(event.publisher);
      EXPECT_EQ(event.event.text("outcome"), "ACCEPTED");
      EXPECT_EQ(event.event.text("law_ref"),
                "retention test v1 " + run["sha256"].get<std::string>());
    }
  }
  EXPECT_EQ(publishers, (std::set<std::string>{"anna", "bertta"}));
  // The delay is that of every erasure.
  EXPECT_EQ(Erase()["executed"].size(), 0U);
  EXPECT_EQ(ActivityOf(1), 2U);
  WithoutDelay();
  const Json erased = Erase();
  ASSERT_EQ(erased["executed"].size(), 2U);
  EXPECT_EQ(ActivityOf(1), 0U);
  EXPECT_EQ(ActivityOf(2), 2U);
  // What the dry run had said is what went.
  std::uint64_t covered = 0;
  for (const Json& done : erased["executed"]) covered += done["covered"].get<std::uint64_t>();
  EXPECT_EQ(covered, 3U);
  const Json after = DryRun();
  EXPECT_EQ(after["rules"][0]["learners"], 0);
  EXPECT_EQ(after["rules"][0]["waiting"], 0);
}

TEST_F(RetentionTest, RunTwiceItDoesNothingTwice) {
  for (std::uint64_t learner = 1; learner <= 3; ++learner) TellLearner(learner, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  EXPECT_EQ(Run()["rules"][0]["learners"], 3);
  const std::uint64_t size = ledger.Size();
  const Json again = Run();
  EXPECT_EQ(again["resumed"], false);
  EXPECT_EQ(again["rules"][0]["learners"], 0);
  EXPECT_EQ(again["rules"][0]["waiting"], 3);
  EXPECT_EQ(ledger.Size(), size);
}

TEST_F(RetentionTest, AStoppedRunGoesOnWhereItWas) {
  constexpr std::uint64_t kLearners = 7;
  for (std::uint64_t learner = 1; learner <= kLearners; ++learner) TellLearner(learner, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  const std::uint64_t persons = DryRun()["persons"];
  std::uint64_t seen = 0;
  std::uint64_t ordered = 0;
  bool finished = false;
  for (int run = 0; !finished; ++run) {
    ASSERT_LT(run, 50);
    if (run % 2 == 1) {  // as after a crash
      ledger.Close();
      ledger.Open();
    }
    const Json stopped = Run({.per_second = 0, .chunk = 1, .chunks_max = 1});
    EXPECT_EQ(stopped["resumed"], run > 0);
    seen += stopped["persons"].get<std::uint64_t>();
    ordered += stopped["rules"][0]["learners"].get<std::uint64_t>();
    EXPECT_EQ(Count(EventType::kErasureRequested), ordered);
    EXPECT_EQ(Count(EventType::kErasureDecided), ordered);
    finished = stopped["finished"];
  }
  EXPECT_EQ(seen, persons);  // nobody twice, nobody left out
  EXPECT_EQ(ordered, kLearners);
}

TEST_F(RetentionTest, AnotherTableBeginsFromTheBeginning) {
  for (std::uint64_t learner = 1; learner <= 4; ++learner) TellLearner(learner, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  (void)Run({.per_second = 0, .chunk = 2, .chunks_max = 1});
  ASSERT_TRUE(SetTable(Version(2)).ok());
  const Json run = Run();
  EXPECT_EQ(run["resumed"], false);
  EXPECT_EQ(run["rules"][0]["learners"].get<int>() + run["rules"][0]["waiting"].get<int>(), 4);
}

/// The store and the registry of the node, with a road that a test may close.
class InterruptedRetention : public RetentionTest {
 protected:
  projections::RetentionRun Made() {
    Node& node = ledger.node();
    const std::string note_path = ledger.directory() + "/retention/current.note";
    std::ifstream in(note_path);
    const std::string note{std::istreambuf_iterator<char>(in), {}};
    auto table = projections::ParseRetentionNote(note, node.config().origin);
    OPPI_CHECK(table.ok());
    return {{node.stores(), node.runner(), node.registry(), node.clock(),
             [&node] { return node.View(); },
             [this](const std::string& principal,
                    const std::vector<Event>& own) -> Result<std::vector<events::Outcome>> {
               ++asked_;
               if (asked_ > refused_from_ && asked_ <= refused_to_) return refusal_;
               return ledger.node().AttestFor(principal, own);
             },
             [&node] { return events::MakeUuidV7(node.clock().Now(), node.entropy()); },
             [this](std::int64_t micros) { waits_.push_back(micros); }, node.config().organisation,
             ledger.directory() + "/retention/progress"},
            std::move(table).value()};
  }
  int asked_ = 0;
  int refused_from_ = 0;
  int refused_to_ = 0;
  Error refusal_ = ResourceExhausted("full");
  std::vector<std::int64_t> waits_;
};

TEST_F(InterruptedRetention, BetweenRequestAndDecisionItIsDecidedLater) {
  for (std::uint64_t learner = 1; learner <= 3; ++learner) TellLearner(learner, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  refused_from_ = 1;  // the decisions
  refused_to_ = 2;
  refusal_ = Unavailable("stopping");
  EXPECT_FALSE(Made().Run({.per_second = 0}).ok());
  EXPECT_EQ(Count(EventType::kErasureRequested), 3U);
  EXPECT_EQ(Count(EventType::kErasureDecided), 0U);
  EXPECT_EQ(Run()["rules"][0]["learners"], 3);
  EXPECT_EQ(Count(EventType::kErasureRequested), 3U);
  EXPECT_EQ(Count(EventType::kErasureDecided), 3U);
}

TEST_F(InterruptedRetention, BacksOffWhileTheQueueIsFull) {
  TellLearner(1, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  refused_to_ = 3;
  const auto report = Made().Run({.per_second = 0});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(waits_, (std::vector<std::int64_t>{1'000'000, 2'000'000, 4'000'000}));
  EXPECT_EQ(Count(EventType::kErasureDecided), 1U);
  refused_to_ = 1'000'000;
  TellLearner(2, "eronnut");
  const auto stuck = Made().Run({.per_second = 0});
  ASSERT_FALSE(stuck.ok());
  EXPECT_EQ(stuck.error().code, Code::kUnavailable);
}

TEST_F(InterruptedRetention, KeepsToItsRate) {
  for (std::uint64_t learner = 1; learner <= 6; ++learner) TellLearner(learner, "lasna");
  ASSERT_TRUE(SetTable(kTable).ok());
  const auto report = Made().Run({.per_second = 0.001, .chunk = 3});
  ASSERT_TRUE(report.ok()) << report.error().message;
  std::int64_t waited = 0;
  for (const std::int64_t wait : waits_) waited += wait;
  // A thousand seconds a person, less what the work itself took.
  EXPECT_GT(waited, static_cast<std::int64_t>(report->persons) * 990 * kMicrosPerSecond);
  EXPECT_LE(waited, static_cast<std::int64_t>(report->persons) * 1000 * kMicrosPerSecond);
}

TEST_F(RetentionTest, AHoldDefersWhatARunOrdered) {
  TellLearner(1, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  const auto hold = ledger.node().erasures().SetHold(
      {tests::PersonId(1), "", {"S2"}, "LITIGATION", "case 1"}, {"anna", nullptr});
  ASSERT_TRUE(hold.ok()) << hold.error().message;
  EXPECT_EQ(DryRun()["rules"][0]["held"], 1);
  EXPECT_EQ(Run()["rules"][0]["held"], 1);
  WithoutDelay();
  const Json erased = Erase();
  EXPECT_EQ(erased["executed"].size(), 0U);
  ASSERT_EQ(erased["skipped"].size(), 1U);
  EXPECT_EQ(erased["skipped"][0]["why"].get<std::string>().rfind("LEGAL_HOLD", 0), 0U);
  EXPECT_EQ(ActivityOf(1), 2U);
}

TEST_F(RetentionTest, WhoComesBackBeforeTheExecutionKeepsEverything) {
  TellLearner(1, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  EXPECT_EQ(Run()["rules"][0]["learners"], 1);
  TellState(1, "lasna", 1);
  EXPECT_EQ(Run()["not_due_again"], 1);
  WithoutDelay();
  EXPECT_EQ(Erase()["executed"].size(), 0U);
  EXPECT_EQ(ActivityOf(1), 2U);
}

TEST_F(RetentionTest, RunsBesideLiveTraffic) {
  for (std::uint64_t learner = 1; learner <= 5; ++learner) TellLearner(learner, "eronnut");
  ASSERT_TRUE(SetTable(kTable).ok());
  std::vector<Event> coming;
  for (int i = 0; i < 40; ++i) coming.push_back(Ago(EventType::kActivityXapiStatement, 9, 1));
  std::uint64_t accepted = 0;
  std::thread live([&] {
    for (const Event& event : coming)
      accepted +=
          ledger.Publish("vendor", std::vector<Event>{event}).Count(events::Outcome::kAccepted);
  });
  const Json run = Run({.per_second = 200, .chunk = 2});
  live.join();
  EXPECT_EQ(accepted, coming.size());
  EXPECT_EQ(run["rules"][0]["learners"], 5);
  EXPECT_EQ(Count(EventType::kErasureDecided), 5U);
}

TEST_F(RetentionTest, StatutoryGradesOfALearnerWhoLeftAreKept) {
  TellLearner(1, "eronnut");
  Take("sis", Ago(EventType::kGradeCourseAssessed, 1, 90));
  ASSERT_TRUE(SetTable(kTable).ok());
  (void)Run();
  WithoutDelay();
  EXPECT_EQ(Erase()["executed"].size(), 1U);
  EXPECT_EQ(Count(EventType::kGradeCourseAssessed), 1U);
  EXPECT_EQ(Count(EventType::kStudyrightStateChanged), 1U);
}

}  // namespace
}  // namespace oppi::ops
