#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "events/ids.h"
#include "events/limits.h"
#include "ops/generate/generate.h"
#include "ops/generate/people.h"
#include "ops/key_files.h"
#include "ops/node.h"
#include "ops/system_clock.h"
#include "projections/rebuild.h"

/// The generated year on the real road: intake must say of every event what the generator expects, and the
/// views must be what the log gives, before and after a part of its learners is erased.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

class LedgerInAFolder {
 public:
  LedgerInAFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "oppi-year-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
    SystemClock clock;
    const Status made = Node::Create(
        {directory_ + "/ledger",
         {.origin = "year.test", .organisation = ControllerOid(), .erasure_delay_hours = 0}},
        entropy_, clock);
    EXPECT_TRUE(made.ok()) << made.error().message;
    Open();
  }
  ~LedgerInAFolder() {
    node_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  LedgerInAFolder(const LedgerInAFolder&) = delete;
  LedgerInAFolder& operator=(const LedgerInAFolder&) = delete;

  Node& node() { return *node_; }
  void Open() {
    node_.reset();
    auto opened = Node::Open({directory_ + "/ledger", {}});
    EXPECT_TRUE(opened.ok());
    if (opened.ok()) node_ = std::move(opened).value();
  }

  /// The key of a publisher; registrar and ledger have theirs from the beginning.
  const NamedSigningKey& KeyOf(const std::string& publisher) {
    const auto found = keys_.find(publisher);
    if (found != keys_.end()) return found->second;
    if (publisher == "registrar" || publisher == "ledger") {
      auto key = ReadKeyFile(node_->KeyPath(publisher));
      EXPECT_TRUE(key.ok());
      return keys_.emplace(publisher, std::move(key).value()).first->second;
    }
    return keys_.emplace(publisher, NamedSigningKey{publisher, SigningKey::Generate(entropy_)})
        .first->second;
  }

  void Register(const std::string& publisher, const char* role) {
    const NamedSigningKey& key = KeyOf(publisher);
    const auto about = [&](EventType type) {
      Event event = events::MakeEvent(type);
      event.id = events::MakeUuidV7(node_->clock().Now(), entropy_);
      event.source = "urn:oid:" + ControllerOid() + "/registrar";
      event.time = node_->clock().Now();
      event.SetText("publisher", publisher);
      return event;
    };
    Event registered = about(EventType::kRegistryPublisherRegistered);
    registered.SetText("role", role).SetText("organisation", ControllerOid());
    Event added = about(EventType::kRegistryKeyAdded);
    added.SetText("key", KeyIdText(key.verifier().id))
        .SetText("public_key", ToBase64(View(key.key.public_key())));
    auto report = node_->PublishAs(KeyOf("registrar"), {registered, added});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report->Count(events::Outcome::kAccepted), 2U);
  }

 private:
  SystemEntropy entropy_;
  std::string directory_;
  std::unique_ptr<Node> node_;
  std::map<std::string, NamedSigningKey> keys_;
};

/// Publishes a year; `each` sees every accepted event.
void Publish(LedgerInAFolder& ledger, const GenerateOptions& options, const std::function<void(const Event&)>& each) {
  for (const auto& [publisher, role] :
       std::vector<std::pair<std::string, const char*>>{{"sis", "PROVIDER"},
                                                        {"dvv", "IDENTITY"},
                                                        {"portal", "PORTAL"},
                                                        {"vendor-one", "VENDOR"},
                                                        {"gateway", "GATEWAY"},
                                                        {"dpo", "DPO"}})
    ledger.Register(publisher, role);

  std::string publisher;
  std::vector<Planned> waiting;
  std::map<std::string, int> surprises;
  const auto publish = [&] {
    if (waiting.empty()) return;
    std::vector<Event> batch;
    for (const Planned& planned : waiting) batch.push_back(planned.event);
    auto report = ledger.node().PublishAs(ledger.KeyOf(publisher), batch);
    ASSERT_TRUE(report.ok()) << report.error().message;
    ASSERT_EQ(report->items.size(), waiting.size()) << report->message;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const consumers::ItemReport& item = report->items[i];
      if (item.outcome == events::Outcome::kAccepted) each(waiting[i].event);
      if (item.outcome == waiting[i].expected && item.code == waiting[i].code) continue;
      ++surprises[std::string(waiting[i].event.info().name) + ": " +
                  std::string(OutcomeName(item.outcome)) + " " + std::string(ErrorName(item.code)) +
                  " " + item.member + ", expected " +
                  std::string(OutcomeName(waiting[i].expected)) + " " +
                  std::string(ErrorName(waiting[i].code))];
    }
    waiting.clear();
  };
  const auto summary = GeneratePlanned(options, [&](const Planned& planned) {
    if (planned.publisher != publisher || waiting.size() == kBatchEventsMax) publish();
    publisher = planned.publisher;
    waiting.push_back(planned);
    return Status();
  });
  publish();
  ASSERT_TRUE(summary.ok());
  EXPECT_GT(summary->events, 150 * options.pupils);
  for (const auto& [what, times] : surprises) ADD_FAILURE() << times << " times " << what;
}

projections::RebuildReport Rebuilt(Node& node) {
  const auto view = node.View();
  EXPECT_TRUE(node.runner().WaitFor(view->size()).ok());
  const auto report = projections::Rebuild(*view, node.stores(), {}, nullptr);
  EXPECT_TRUE(report.ok()) << report.error().message;
  return report.ok() ? *report : projections::RebuildReport{};
}

TEST(YearIntake, SaysOfEveryEventWhatTheGeneratorExpects) {
  LedgerInAFolder ledger;
  Publish(ledger, {.pupils = 120, .days = 190, .seed = 11, .now = SystemClock().Now()}, [](const Event&) {});
}

TEST(YearIntake, AfterErasingATwentiethOfTheLearnersARebuildGivesTheSameViews) {
  LedgerInAFolder ledger;
  std::vector<std::string> pupils;
  Publish(ledger, {.pupils = 200, .days = 190, .seed = 20261123, .now = SystemClock().Now()}, [&](const Event& event) {
    if (event.type == EventType::kIdentityLearnerRegistered) pupils.push_back(event.subject);
  });
  ASSERT_GE(pupils.size(), 200U);
  const projections::RebuildReport before = Rebuilt(ledger.node());
  EXPECT_TRUE(before.identical()) << before.first;

  ledger.Register("anna", "DPO");
  ledger.Register("bertta", "DPO");
  consumers::ErasureDesk& desk = ledger.node().erasures();
  std::size_t ordered = 0;
  for (std::size_t i = 0; i < pupils.size() && ordered < 10; i += 17, ++ordered) {
    // A learner in three is asked to go as a whole, evidence of consent and all.
    std::vector<std::string> classes = {"S1", "S2", "S3", "S4"};
    if (i % 3 == 0) classes.push_back("C");
    const auto request = desk.Request({pupils[i], {}, classes, {}, "REQUEST", false}, {"anna", nullptr});
    ASSERT_TRUE(request.ok()) << request.error().message;
    const std::string id = nlohmann::json::parse(*request)["request"];
    const auto decision = desk.Decide(id, true, "", {"bertta", nullptr});
    ASSERT_TRUE(decision.ok()) << decision.error().message;
  }
  const auto run = desk.Run();
  ASSERT_TRUE(run.ok()) << run.error().message;
  const auto report = nlohmann::json::parse(*run);
  EXPECT_EQ(report["executed"].size() + report["skipped"].size(), ordered);
  EXPECT_EQ(report["executed"].size(), 10U) << *run;
  std::uint64_t covered = 0;
  for (const auto& executed : report["executed"]) covered += executed["covered"].get<std::uint64_t>();
  EXPECT_GT(covered, 10U * 100);

  const projections::RebuildReport after = Rebuilt(ledger.node());
  EXPECT_TRUE(after.identical()) << after.first;
  EXPECT_NE(after.digest, before.digest);
  ledger.Open();
  const projections::RebuildReport reopened = Rebuilt(ledger.node());
  EXPECT_TRUE(reopened.identical()) << reopened.first;
  EXPECT_EQ(reopened.digest, after.digest);
}

}  // namespace
}  // namespace oppi::ops
