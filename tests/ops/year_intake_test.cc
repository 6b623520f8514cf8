#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
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

/// The generated year on the real road: intake must say of every event what the generator expects.

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
        {directory_ + "/ledger", {.origin = "year.test", .organisation = ControllerOid()}},
        entropy_, clock);
    EXPECT_TRUE(made.ok()) << made.error().message;
    auto opened = Node::Open({directory_ + "/ledger", {}});
    EXPECT_TRUE(opened.ok());
    if (opened.ok()) node_ = std::move(opened).value();
  }
  ~LedgerInAFolder() {
    node_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  LedgerInAFolder(const LedgerInAFolder&) = delete;
  LedgerInAFolder& operator=(const LedgerInAFolder&) = delete;

  Node& node() { return *node_; }

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

TEST(YearIntake, SaysOfEveryEventWhatTheGeneratorExpects) {
  LedgerInAFolder ledger;
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
      if (item.outcome == waiting[i].expected && item.code == waiting[i].code) continue;
      ++surprises[std::string(waiting[i].event.info().name) + ": " +
                  std::string(OutcomeName(item.outcome)) + " " + std::string(ErrorName(item.code)) +
                  " " + item.member + ", expected " +
                  std::string(OutcomeName(waiting[i].expected)) + " " +
                  std::string(ErrorName(waiting[i].code))];
    }
    waiting.clear();
  };
  const auto summary =
      GeneratePlanned({.pupils = 120, .days = 190, .seed = 11, .now = SystemClock().Now()},
                      [&](const Planned& planned) {
                        if (planned.publisher != publisher || waiting.size() == kBatchEventsMax)
                          publish();
                        publisher = planned.publisher;
                        waiting.push_back(planned);
                        return Status();
                      });
  publish();
  ASSERT_TRUE(summary.ok());
  EXPECT_GT(summary->events, 20'000U);
  for (const auto& [what, times] : surprises) ADD_FAILURE() << times << " times " << what;
}

}  // namespace
}  // namespace oppi::ops
