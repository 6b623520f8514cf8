#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "events/ids.h"
#include "ledger/fsck.h"
#include "ledger/rocksdb_store.h"
#include "ops/vault_master.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// Keys that are lost without an order: an incident, which no answer takes for an erasure or for nothing.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using events::Outcome;
using Json = nlohmann::json;
using projections::Ask;
using projections::Asker;
using projections::Question;

constexpr std::uint64_t kAino = 4711;
constexpr std::uint64_t kEero = 4712;
const Asker kOfficer{"dpo@example.fi", "DPO", "*", "EDU"};

class UnreadableTest : public testing::Test {
 protected:
  UnreadableTest() {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("anna", "DPO");
    ledger.Register("bertta", "DPO");
    for (const std::uint64_t learner : {kAino, kEero}) {
      Take(SchoolEvent(EventType::kIdentityLearnerRegistered, learner, 1));
      Take(SchoolEvent(EventType::kGradeCourseAssessed, learner, 2));
      Take(SchoolEvent(EventType::kGradeVerbalAssessed, learner, 3));
      Event informed = SchoolEvent(EventType::kConsentChildInformed, learner, 4);
      Take(informed);
    }
  }

  void Take(const Event& event) {
    const auto report = ledger.Publish("sis", std::vector<Event>{event});
    EXPECT_EQ(report.Count(Outcome::kAccepted), 1U) << event.info().name << consumers::ReportJson(report);
  }

  /// Takes keys out of the vault's rows while it is closed; the views go too when they are to be made again.
  void Lose(const std::vector<ledger::KeyClass>& classes, bool views) {
    const NodeConfig config = ledger.node().config();
    ledger.Close();
    {
      ledger::RocksDbOptions rocks;
      rocks.path = ledger.directory() + "/vault/rows";
      const auto rows = ledger::OpenRocksDb(rocks).value();
      SystemEntropy entropy;
      const auto vault = ledger::Vault::Open(*rows, entropy, {ledger.directory() + "/vault", OpenVaultMaster(config, ledger.directory()).value(), false}).value();
      ledger::KeyRing ring = *vault->FindRing(vault->FindHandles(tests::PersonId(kAino)).value().front()).value();
      for (const ledger::KeyClass key_class : classes) ring.Set(key_class, std::nullopt);
      ledger::WriteBatch changed;
      vault->PutRing(ring, changed);
      ASSERT_TRUE(rows->Apply(changed, ledger::Durability::kSynced).ok());
    }
    if (views) std::filesystem::remove_all(ledger.directory() + "/views");
    ledger.Open();
  }
  void LoseRing() {
    std::vector<ledger::KeyClass> all;
    for (std::size_t i = 0; i < ledger::kKeyClasses; ++i) all.push_back(static_cast<ledger::KeyClass>(i));
    Lose(all, false);
  }

  static Question About(Ask ask, std::uint64_t learner) {
    Question question;
    question.ask = ask;
    question.learner = tests::PersonId(learner);
    if (ask == Ask::kDecide || ask == Ask::kTimeline) {
      question.purpose = "EDU";
      question.recipient = "photo.example";
      question.categories = {"grades"};
      question.controller = events::OrganisationOid(7);
    }
    return question;
  }
  Result<std::string> Answer(Question question) { return ledger.node().desk().Answer(question, kOfficer); }
  void ExpectUnreadable(const Result<std::string>& answer, const std::string& what) {
    ASSERT_FALSE(answer.ok()) << what << ": " << *answer;
    EXPECT_EQ(answer.error().code, Code::kDataLoss) << what;
    EXPECT_TRUE(answer.error().message.starts_with("UNREADABLE: ")) << what << ": " << answer.error().message;
    EXPECT_EQ(answer.error().message.find("1.2.246"), std::string::npos) << what;
  }
  void ExpectRefused(std::uint64_t learner) {
    for (const Ask ask : {Ask::kConsents, Ask::kTimeline, Ask::kDecide, Ask::kAudit})
      ExpectUnreadable(Answer(About(ask, learner)), std::string(projections::AskName(ask)));
    for (const Ask ask : {Ask::kRecord, Ask::kConsents, Ask::kDecide}) {
      Question question = About(ask, learner);
      question.evidence = true;
      ExpectUnreadable(Answer(question), "evidence of " + std::string(projections::AskName(ask)));
    }
  }
  std::map<std::string, int> LostAndErased(std::uint64_t learner) {
    std::map<std::string, int> counts;
    const auto answer = Answer(About(Ask::kRecord, learner));
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    if (!answer.ok()) return counts;
    const Json result = Json::parse(*answer)["result"];
    for (const auto& item : result.value("erased", Json::array())) ++counts[item["status"].get<std::string>()];
    return counts;
  }
  std::size_t Damages() {
    const auto report = ledger::Fsck(ledger.node().log_store(), ledger.node().vault(), ledger.node().LogKey(), ledger.node().lock().Read().value());
    EXPECT_TRUE(report.ok());
    return report.ok() ? report->damages.size() : 0;
  }

  TempLedger ledger{true, 0};
};

TEST_F(UnreadableTest, ALostRingIsListedInTheRecordAndRefusedByEveryOtherAnswer) {
  ASSERT_EQ(Damages(), 0U);
  EXPECT_TRUE(Answer(About(Ask::kDecide, kAino)).ok());
  const std::size_t entries = 5;  // the decision is one of them
  LoseRing();
  EXPECT_EQ(LostAndErased(kAino), (std::map<std::string, int>{{"UNREADABLE", entries}}));
  ExpectRefused(kAino);
  EXPECT_GE(Damages(), entries);
  // Nobody else is touched by it.
  EXPECT_TRUE(LostAndErased(kEero).empty());
  EXPECT_TRUE(Answer(About(Ask::kDecide, kEero)).ok());
}

TEST_F(UnreadableTest, IntakeGoesOnAndWhatComesNextIsReadable) {
  LoseRing();
  Take(SchoolEvent(EventType::kGradeCourseAssessed, kAino, 20));
  Take(SchoolEvent(EventType::kGradeCourseAssessed, kEero, 21));
  ledger.Close();
  ledger.Open();
  const auto answer = Answer(About(Ask::kRecord, kAino));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const Json result = Json::parse(*answer)["result"];
  EXPECT_EQ(result["course_grades"].size(), 1U);
  EXPECT_EQ(result["erased"].size(), 4U);
  ExpectRefused(kAino);
}

TEST_F(UnreadableTest, AClassKeyThatIsLostIsToldOnceTheViewsAreMadeAgain) {
  Lose({ledger::KeyClass::kS3}, true);
  EXPECT_EQ(LostAndErased(kAino), (std::map<std::string, int>{{"UNREADABLE", 1}}));
  Question evidence = About(Ask::kRecord, kAino);
  evidence.evidence = true;
  ExpectUnreadable(Answer(evidence), "evidence");
  EXPECT_EQ(Damages(), 1U);
}

TEST_F(UnreadableTest, EvidenceIsRefusedWhileTheViewsStillKnow) {
  Lose({ledger::KeyClass::kS2}, false);
  EXPECT_TRUE(LostAndErased(kAino).empty());  // answered from the views
  Question evidence = About(Ask::kRecord, kAino);
  evidence.evidence = true;
  ExpectUnreadable(Answer(evidence), "evidence");
}

TEST_F(UnreadableTest, AnErasureOfWhatIsLostIsRefusedInItsOwnWords) {
  consumers::ErasureDesk& desk = ledger.node().erasures();
  const consumers::ErasureAsk ask{tests::PersonId(kAino), {}, {"S3"}, {}, "REQUEST", false};
  const auto requested = desk.Request(ask, {"anna", nullptr});
  ASSERT_TRUE(requested.ok()) << requested.error().message;
  const std::string id = Json::parse(*requested)["request"];
  ASSERT_TRUE(desk.Decide(id, true, "", {"bertta", nullptr}).ok());
  // Another learner's, which is carried out all the same.
  const auto other = desk.Request({tests::PersonId(kEero), {}, {"S3"}, {}, "REQUEST", false}, {"anna", nullptr});
  ASSERT_TRUE(desk.Decide(Json::parse(*other)["request"], true, "", {"bertta", nullptr}).ok());
  LoseRing();
  const auto run = ledger.node().erasures().Run();
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(Json::parse(*run)["executed"].size(), 1U);
  ExpectUnreadable(ledger.node().erasures().Request(ask, {"anna", nullptr}), "request");
  // Erased and unreadable are two answers.
  EXPECT_EQ(LostAndErased(kEero), (std::map<std::string, int>{{"ERASED", 1}}));
  EXPECT_EQ(LostAndErased(kAino).count("ERASED"), 0U);
}

}  // namespace
}  // namespace oppi::ops
