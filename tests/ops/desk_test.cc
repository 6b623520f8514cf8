#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "consumers/ledger_desk.h"
#include "events/ids.h"
#include "ledger/rocksdb_store.h"
#include "ledger/tlog_policy.h"
#include "ops/generate/policy.h"
#include "projections/evidence_file.h"
#include "projections/rebuild.h"
#include "projections/verifier.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// Answers end to end, over a real ledger: views in both times, the access event before the answer,
/// default deny, evidence that holds and evidence that was meddled with, views that lie.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using Json = nlohmann::ordered_json;
using projections::Ask;
using projections::Asker;
using projections::Question;

constexpr std::uint64_t kAino = 4711;
constexpr std::uint64_t kEero = 4712;
const Asker kOfficer{"dpo@example.fi", "DPO", "*", "EDU"};

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("dvv", "IDENTITY");
    Event known = SchoolEvent(EventType::kIdentityLearnerRegistered, kAino, 1);
    known.SetText("given_name", "Aino").SetText("family_name", "Esimerkki");
    Take(known);
    Event eero = SchoolEvent(EventType::kIdentityLearnerRegistered, kEero, 2);
    Take(eero);
    first_ = Grade(3, "7", {});
    Take(first_);
    size_before_ = ledger.Size();
    corrected_ = Grade(4, "9", first_.id);
    Take(corrected_);
    Take(Grade(5, "8", {}, "FY1"));
  }

  static Event Grade(std::uint64_t number, const char* grade, const std::string& corrects,
                     const char* course = "MA1") {
    Event event = SchoolEvent(EventType::kGradeCourseAssessed, kAino, number);
    event.SetText("grade", grade).SetText("course", course);
    event.corrects = corrects;
    return event;
  }
  void Take(const Event& event) {
    const auto report = ledger.Publish("sis", {event});
    ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
  }
  static Question About(Ask ask, std::uint64_t learner = kAino) {
    Question question;
    question.ask = ask;
    question.learner = tests::PersonId(learner);
    return question;
  }
  Json Answer(const Question& question, const Asker& asker = kOfficer) {
    const auto answer = ledger.node().desk().Answer(question, asker);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  static std::vector<std::string> GradesIn(const Json& answer) {
    std::vector<std::string> grades;
    const std::string text = answer["result"].dump();
    for (const char* grade : {"7", "8", "9"})
      if (text.find(std::string("\"grade\":\"") + grade + "\"") != std::string::npos)
        grades.emplace_back(grade);
    return grades;
  }

  TempLedger ledger;
  Event first_;
  Event corrected_;
  std::uint64_t size_before_ = 0;
};

TEST_F(DeskTest, AnswersAsKnownThenAndAsKnownNow) {
  Question question = About(Ask::kRecord);
  const Json now = Answer(question);
  question.known_size = TreeSize(size_before_);
  const Json then = Answer(question);
  EXPECT_EQ(then["view"]["size"], size_before_);
  EXPECT_EQ(then["result"].dump().find("FY1"), std::string::npos);
  EXPECT_NE(now["result"].dump().find("FY1"), std::string::npos);
  EXPECT_EQ(GradesIn(then), std::vector<std::string>{"7"});
  EXPECT_NE(now["result"].dump().find(corrected_.id), std::string::npos);
  EXPECT_EQ(then["result"].dump().find(corrected_.id), std::string::npos);
  // The same moment by the clock: everything recorded at or before the first grade.
  question.known_size.reset();
  for (const auto& event : ledger.Events())
    if (event.event.id == first_.id) question.known_at = event.recorded;
  ASSERT_TRUE(question.known_at);
  EXPECT_EQ(GradesIn(Answer(question)), std::vector<std::string>{"7"});
}

TEST_F(DeskTest, AnswersAsValidThen) {
  Question question = About(Ask::kRecord);
  question.valid_at = Instant{first_.V().micros - kMicrosPerDay};
  EXPECT_TRUE(GradesIn(Answer(question)).empty());
  question.valid_at = Instant{first_.V().micros + kMicrosPerDay};
  EXPECT_FALSE(GradesIn(Answer(question)).empty());
}

TEST_F(DeskTest, ASizeNobodyHasSeenIsUnknown) {
  Question question = About(Ask::kRecord);
  question.known_size = TreeSize(ledger.Size() + 1);
  const std::uint64_t before = ledger.Size();
  const auto answer = ledger.node().desk().Answer(question, kOfficer);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kNotFound);
  EXPECT_EQ(answer.error().message.rfind("SIZE_UNKNOWN", 0), 0U);
  EXPECT_EQ(ledger.Size(), before);
}

TEST_F(DeskTest, TheAccessIsDurableBeforeTheAnswerLeaves) {
  ledger.Register("anna", "DPO");
  const auto requested = ledger.node().erasures().Request(
      {tests::PersonId(kAino), {}, {"C"}, {}, "REQUEST", true}, {"anna", nullptr});
  ASSERT_TRUE(requested.ok()) << requested.error().message;
  for (const Ask ask : projections::kAsks) {
    if (ask == Ask::kDecide) continue;  // below
    Question question = About(ask);
    question.reason = "complaint 12/2026";
    if (ask == Ask::kErasure) question.request = Json::parse(*requested)["request"];
    const std::uint64_t before = ledger.Size();
    const Json answer = Answer(question);
    // The answer is of a view that does not hold its own access yet ...
    EXPECT_EQ(answer["view"]["size"], before);
    // ... which is in the log all the same.
    const auto all = ledger.Events();
    ASSERT_GT(ledger.Size(), before);
    const Event& access = all.back().event;
    EXPECT_EQ(access.type, EventType::kAccessRead);
    EXPECT_EQ(access.subject, question.learner);
    EXPECT_EQ(access.text("actor"), kOfficer.principal);
    EXPECT_EQ(access.text("actor_role"), "DPO");
    EXPECT_EQ(access.text("purpose"), "EDU");
    EXPECT_EQ(access.text("reason_text"), question.reason);
  }
  Question decide = About(Ask::kDecide);
  decide.controller = events::OrganisationOid(7);
  decide.purpose = "ADAPT";
  decide.recipient = "V1";
  decide.categories = {"LRN"};
  EXPECT_EQ(Answer(decide)["result"]["result"], "DENY");
  EXPECT_EQ(ledger.Events().back().event.type, EventType::kAccessDecisionMade);
  EXPECT_EQ(ledger.Events().back().event.text("result"), "DENY");
}

/// The registry is read once for many questions, and again as soon as the log says more of it.
TEST_F(DeskTest, ADecisionSeesWhatTheRegistrySaysAtItsSize) {
  Question decide = About(Ask::kDecide);
  decide.controller = events::OrganisationOid(7);
  decide.purpose = "EDU";
  decide.recipient = "V1";
  decide.categories = {"LRN"};
  // A basis is asserted for times to come only.
  const Instant begins = ledger.node().clock().Now() + 60 * kMicrosPerSecond;
  decide.valid_at = begins;
  const auto reason = [&] { return Answer(decide)["result"]["reason"]; };
  EXPECT_EQ(reason(), "NO_BASIS");
  EXPECT_EQ(reason(), "NO_BASIS");
  const std::uint64_t before = ledger.Size();
  Event policy = ledger.RegistryEvent(EventType::kRegistryPolicyPublished);
  policy.SetText("policy", "fi-consent").SetNumber("version", 1).SetText("body", PolicyBody());
  policy.SetText("policy_hash", PolicyHash());
  Event basis = ledger.RegistryEvent(EventType::kRegistryBasisAsserted);
  basis.valid_from = begins;
  basis.SetText("controller", decide.controller).SetText("purpose", "EDU").SetText("basis", "A6-1-e");
  basis.SetText("law_ref", "628/1998 3 §").SetList("data_categories", {"LRN"});
  const auto report = ledger.Publish("registrar", {policy, basis});
  ASSERT_EQ(report.Count(events::Outcome::kAccepted), 2U) << ReportJson(report);
  EXPECT_EQ(Answer(decide)["result"]["result"], "PERMIT_STATUTORY");
  decide.known_size = TreeSize(before);
  EXPECT_EQ(reason(), "NO_BASIS");
  decide.known_size.reset();
  decide.min_size = TreeSize(ledger.Size() + 100);
  EXPECT_EQ(Answer(decide)["result"]["result"], "STALE");
  EXPECT_EQ(reason(), "PROJECTION_BEHIND");
}

/// A disclosure that nothing permitted, of each learner: something to be found.
class ManyTest : public DeskTest {
 protected:
  ManyTest() {
    ledger.Register("gw", "GATEWAY");
    for (std::uint64_t learner = 100; learner < 105; ++learner) Disclose(learner, 7);
    Disclose(kAino, 8);
  }
  void Disclose(std::uint64_t learner, std::uint64_t controller) {
    Event event = SchoolEvent(EventType::kAccessDisclosed, learner, 50);
    event.controller = events::OrganisationOid(controller);
    event.SetText("purpose", "ADAPT").SetText("recipient", "V1");
    event.SetList("data_categories", {"LRN"});
    const auto report = ledger.Publish("gw", {event});
    ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
  }
  static Question OfController(std::uint64_t controller = 7) {
    Question question;
    question.ask = Ask::kFindings;
    question.controller = events::OrganisationOid(controller);
    return question;
  }
};

TEST_F(ManyTest, APageShowsTheLearnersOfOneControllerAndIsAnAccessToEachOfThem) {
  const std::uint64_t before = ledger.Size();
  const Json answer = Answer(OfController());
  const Json& result = answer["result"];
  ASSERT_EQ(result["rows"].size(), 5U) << result;
  EXPECT_EQ(answer["count"], 5);
  EXPECT_EQ(result["next"], Json());
  EXPECT_EQ(result["percent"], 100);
  std::vector<std::string> shown;
  for (const Json& row : result["rows"]) {
    EXPECT_EQ(row["finding"], "NO_BASIS");
    EXPECT_EQ(row["controller"], events::OrganisationOid(7));
    shown.push_back(row["learner"]);
  }
  std::sort(shown.begin(), shown.end());
  ASSERT_GT(ledger.Size(), before);
  const Event access = ledger.Events().back().event;
  EXPECT_EQ(access.type, EventType::kAccessRead);
  EXPECT_EQ(access.text("query"), "BULK");
  EXPECT_EQ(access.number("result_count"), 5);
  std::vector<std::string> named{access.subject};
  named.insert(named.end(), access.other_subjects.begin(), access.other_subjects.end());
  EXPECT_EQ(named, shown);
  EXPECT_EQ(Answer(OfController(8))["result"]["rows"].size(), 1U);
}

TEST_F(ManyTest, PagesTogetherShowEverybodyOnce) {
  Question question = OfController();
  question.limit = 2;
  std::vector<std::string> shown;
  int pages = 0;
  do {
    const Json result = Answer(question)["result"];
    EXPECT_LE(result["rows"].size(), 2U);
    for (const Json& row : result["rows"]) shown.push_back(row["learner"]);
    question.after = result["next"].is_string() ? result["next"].get<std::string>() : "";
    ASSERT_LT(++pages, 10);
  } while (!question.after.empty());
  EXPECT_GE(pages, 3);
  std::sort(shown.begin(), shown.end());
  EXPECT_EQ(shown.size(), 5U);
  EXPECT_EQ(std::unique(shown.begin(), shown.end()), shown.end());
}

TEST_F(ManyTest, WhatNobodyWasToldIsNoPlaceToGoOn) {
  Question question = OfController();
  for (const char* after : {"00", "nonsense",
                            "00000000000000000000000000000000000000000000000000000000000000000000"
                            "00000000000000000000000000000000000000000000"}) {
    question.after = after;
    const auto answer = ledger.node().desk().Answer(question, kOfficer);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().message, "FIELD_TYPE: after");
  }
}

TEST_F(ManyTest, AListOfManyHasNoEvidenceAndIsForOfficersAlone) {
  Question question = OfController();
  const std::uint64_t before = ledger.Size();
  question.evidence = true;
  auto answer = ledger.node().desk().Answer(question, kOfficer);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kPermissionDenied);
  EXPECT_EQ(answer.error().message.rfind("EVIDENCE_NOT_ALLOWED", 0), 0U);
  question.evidence = false;
  for (const Asker& asker : {Asker{"d", "DPO", events::OrganisationOid(8), "EDU"},
                             Asker{"t", "TEACHER", events::OrganisationOid(7), "EDU"},
                             Asker{tests::PersonId(kAino), "LEARNER", "", "EDU"}}) {
    answer = ledger.node().desk().Answer(question, asker);
    ASSERT_FALSE(answer.ok()) << asker.role;
    EXPECT_EQ(answer.error().code, Code::kPermissionDenied);
  }
  EXPECT_EQ(ledger.Size(), before);
  EXPECT_EQ(Answer(question, {"d", "DPO", question.controller, "EDU"})["result"]["rows"].size(), 5U);
}

TEST_F(ManyTest, OnePersonUnderTwoNamesIsShownOnce) {
  Event link = SchoolEvent(EventType::kIdentityPseudonymsLinked, 100, 60);
  link.controller = events::OrganisationOid(7);
  link.other_subjects = {tests::PersonId(101)};
  link.SetText("kept", tests::PersonId(100)).SetText("merged", tests::PersonId(101));
  const auto report = ledger.Publish("dvv", {link});
  ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
  std::map<std::string, int> rows;
  const Json answer = Answer(OfController());
  for (const Json& row : answer["result"]["rows"]) ++rows[row["learner"]];
  EXPECT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[tests::PersonId(100)], 2);
}

/// A road that takes nothing.
class ClosedRoad final : public consumers::Road {
 public:
  enum class How { kFails, kRefusesBatch, kRefusesItem };
  explicit ClosedRoad(How how) : how_(how) {}
  Result<consumers::BatchReport> Ingest(consumers::RawMessage) override { return Say(); }
  Result<consumers::BatchReport> Ingest(events::SignedBatch) override { return Say(); }
  Result<consumers::BatchReport> Ingest(OwnBatch) override { return Say(); }

 private:
  [[nodiscard]] Result<consumers::BatchReport> Say() const {
    if (how_ == How::kFails) return DataLoss("the writer has stopped");
    consumers::BatchReport report;
    if (how_ == How::kRefusesBatch) report.error = events::ErrorCode::kBadSignature;
    if (how_ == How::kRefusesItem) report.items.emplace_back();
    return report;
  }
  How how_;
};

TEST_F(DeskTest, WithoutARecordedAccessThereIsNoAnswer) {
  Node& node = ledger.node();
  for (const auto how :
       {ClosedRoad::How::kFails, ClosedRoad::How::kRefusesBatch, ClosedRoad::How::kRefusesItem}) {
    ClosedRoad road(how);
    consumers::LedgerDesk desk({node.stores(), node.runner(), node.registry(), node.decider(), road, node.clock(), node.entropy(),
                                [&node] { return node.View(); }, node.ledger_key(),
                                node.config().origin, node.config().organisation, {}});
    const auto answer = desk.Answer(About(Ask::kRecord), kOfficer);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().message.find("1.2.246.562.24"), std::string::npos);
  }
}

/// Decisions of callers that come at the same time share batches; each still has an event of its own,
/// which says what was answered and how much was known.
TEST_F(DeskTest, EveryAnsweredDecisionIsOneEventThatSaysTheSame) {
  constexpr int kCallers = 16;
  constexpr int kEach = 12;
  std::mutex mutex;
  std::map<std::string, int> answered;  // purpose, result, known size
  const auto told = [](const std::string& purpose, const std::string& result, std::uint64_t known) {
    return purpose + " " + result + " " + std::to_string(known);
  };
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < kEach; ++i) {
        Question decide = About(Ask::kDecide, i % 2 == 0 ? kAino : kEero);
        decide.controller = events::OrganisationOid(7);
        decide.purpose = "P" + std::to_string(c) + "-" + std::to_string(i);
        decide.recipient = "V1";
        decide.categories = {"LRN"};
        if (i % 5 == 0) decide.min_size = TreeSize(1'000'000'000);  // STALE
        const auto answer = ledger.node().desk().Answer(decide, kOfficer);
        ASSERT_TRUE(answer.ok()) << answer.error().message;
        const Json json = Json::parse(*answer);
        const std::scoped_lock lock(mutex);
        ++answered[told(decide.purpose, json["result"]["result"].get<std::string>(), json["view"]["size"].get<std::uint64_t>())];
      }
    });
  for (std::thread& caller : callers) caller.join();
  std::map<std::string, int> recorded;
  for (const auto& event : ledger.Events())
    if (event.event.type == EventType::kAccessDecisionMade)
      ++recorded[told(std::string(event.event.text("purpose")), std::string(event.event.text("result")),
                      static_cast<std::uint64_t>(event.event.number("known_size")))];
  EXPECT_EQ(answered.size(), static_cast<std::size_t>(kCallers * kEach));
  EXPECT_EQ(recorded, answered);
}

TEST_F(DeskTest, WhoIsNotPermittedGetsNoAnswer) {
  const std::string school = events::OrganisationOid(7);
  const std::string elsewhere = events::OrganisationOid(88);
  const std::uint64_t before = ledger.Size();
  const std::vector<std::pair<Asker, std::string>> refused = {
      {{"x", "", "*", "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"", "DPO", "*", "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"x", "JANITOR", "*", "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"x", "VENDOR", school, "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"x", "SYSTEM", "*", "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"x", "TEACHER", elsewhere, "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"x", "TEACHER", "*", "EDU"}, "ROLE_NOT_ALLOWED"},
      {{"x", "TEACHER", school, ""}, "PURPOSE_UNKNOWN"},
      {{"x", "AUDITOR", "*", "EDU"}, "REASON_MISSING"},
      {{tests::PersonId(kEero), "LEARNER", school, "EDU"}, "NOT_SUBJECT"},
      {{tests::PersonId(kEero), "GUARDIAN", school, "EDU"}, "NOT_GUARDIAN"},
  };
  for (const auto& [asker, code] : refused) {
    const auto answer = ledger.node().desk().Answer(About(Ask::kRecord), asker);
    ASSERT_FALSE(answer.ok()) << asker.role;
    EXPECT_EQ(answer.error().code, Code::kPermissionDenied) << asker.role;
    EXPECT_EQ(answer.error().message.rfind(code, 0), 0U)
        << asker.role << ": " << answer.error().message;
    EXPECT_EQ(answer.error().message.find("1.2.246.562.24"), std::string::npos);
  }
  EXPECT_EQ(ledger.Size(), before);
  EXPECT_FALSE(
      GradesIn(Answer(About(Ask::kRecord), {"teacher-1", "TEACHER", school, "EDU"})).empty());
  EXPECT_FALSE(
      GradesIn(Answer(About(Ask::kRecord), {tests::PersonId(kAino), "LEARNER", school, "EDU"}))
          .empty());
}

TEST_F(DeskTest, WhatIsNoPersonOrNoOrganisationIsRefusedByName) {
  Question question = About(Ask::kConsents);
  question.learner = "Aino Esimerkki";
  auto answer = ledger.node().desk().Answer(question, kOfficer);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "FIELD_TYPE: learner");
  question = About(Ask::kConsents);
  question.controller = "Kunta K";
  answer = ledger.node().desk().Answer(question, kOfficer);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "FIELD_TYPE: controller");
}

TEST_F(DeskTest, ARebuildGivesTheSameViewsByteForByte) {
  Answer(About(Ask::kRecord));
  ASSERT_TRUE(ledger.node().runner().WaitFor(ledger.node().View()->size()).ok());
  const auto report =
      projections::Rebuild(*ledger.node().View(), ledger.node().stores(), {}, nullptr);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->identical()) << report->first;
  EXPECT_GT(report->rows, 5U);
}

/// Rows of the views, changed while nobody looks.
class LyingViewsTest : public DeskTest {
 protected:
  template <class F>
  void ChangeViews(F&& change) {
    ledger.Close();
    {
      ledger::RocksDbOptions rocks;
      rocks.path = ledger.directory() + "/views";
      auto views = ledger::OpenRocksDb(rocks);
      ASSERT_TRUE(views.ok());
      ledger::WriteBatch writes;
      const Status scanned =
          (*views)->Scan(ledger::Table::kViews, {}, {}, [&](ByteView key, ByteView value) {
            if (key[0] == static_cast<char>(projections::Projection::kRecord))
              change(key, value, writes);
            return true;
          });
      ASSERT_TRUE(scanned.ok());
      ASSERT_FALSE(writes.empty());
      ASSERT_TRUE((*views)->Apply(writes, ledger::Durability::kSynced).ok());
    }
    ledger.Open();
  }
  projections::RebuildReport Rebuilt() {
    auto report = projections::Rebuild(*ledger.node().View(), ledger.node().stores(), {}, nullptr);
    EXPECT_TRUE(report.ok());
    return report.ok() ? *report : projections::RebuildReport{};
  }
};

TEST_F(LyingViewsTest, ADeletedRowIsMissedAndNeverAShorterAnswer) {
  ChangeViews([](ByteView key, ByteView, ledger::WriteBatch& writes) {
    if (writes.empty()) writes.Delete(ledger::Table::kViews, Bytes(key));
  });
  EXPECT_EQ(Rebuilt().missing, 1U);
  std::size_t answered = 0;
  for (const std::uint64_t learner : {kAino, kEero}) {
    const auto answer = ledger.node().desk().Answer(About(Ask::kRecord, learner), kOfficer);
    answered += answer.ok() ? 1 : 0;
    if (!answer.ok()) {
      EXPECT_EQ(answer.error().code, Code::kDataLoss);
    }
  }
  EXPECT_EQ(answered, 1U);
}

TEST_F(LyingViewsTest, AnAlteredRowIsFoundAndNeverAnswered) {
  ChangeViews([](ByteView key, ByteView value, ledger::WriteBatch& writes) {
    Bytes altered(value);
    altered[altered.size() / 2] = static_cast<char>(altered[altered.size() / 2] ^ 1);
    if (writes.empty()) writes.Put(ledger::Table::kViews, Bytes(key), altered);
  });
  EXPECT_EQ(Rebuilt().different, 1U);
  std::size_t answered = 0;
  for (const std::uint64_t learner : {kAino, kEero})
    answered += ledger.node().desk().Answer(About(Ask::kRecord, learner), kOfficer).ok() ? 1 : 0;
  EXPECT_EQ(answered, 1U);
}

TEST_F(LyingViewsTest, ARowMovedToAnotherPlaceIsFound) {
  ChangeViews([](ByteView key, ByteView value, ledger::WriteBatch& writes) {
    if (!writes.empty()) return;
    Bytes elsewhere(key);
    elsewhere.back() = static_cast<char>(elsewhere.back() ^ 1);
    writes.Put(ledger::Table::kViews, elsewhere, Bytes(value));
  });
  EXPECT_EQ(Rebuilt().unexpected, 1U);
}

}  // namespace
}  // namespace oppi::ops
