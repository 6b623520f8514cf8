#include "consumers/access_log.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <set>
#include <thread>

#include "tests/support/ledger_parts.h"
#include "tests/support/sample_events.h"

/// Many callers, few batches: nobody waits without need, nobody is told of a success that was not.

namespace oppi::consumers {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;

/// A road that keeps what came, one batch after the other as the writer does, and holds each back until it
/// is let go.
class KeepingRoad final : public Road {
 public:
  Result<BatchReport> Ingest(RawMessage) override { return Unavailable("not this way"); }
  Result<BatchReport> Ingest(events::SignedBatch) override { return Unavailable("not this way"); }
  Result<BatchReport> Ingest(OwnBatch make) override {
    const std::scoped_lock writer(writer_);
    if (stopped_) return DataLoss("the writer has stopped");
    const ledger::PreparedBatch batch = make();
    std::unique_lock lock(mutex_);
    BatchReport report;
    std::vector<std::string> ids;
    for (const ledger::PreparedItem& item : batch.items) {
      ids.push_back(item.item.decoded.event.id);
      const bool refused = refused_.contains(ids.back());
      report.items.push_back({static_cast<std::uint16_t>(report.items.size()),
                              refused ? Outcome::kRejected : Outcome::kAccepted,
                              refused ? ErrorCode::kPurposeUnknown : ErrorCode::kNone, {}, {}, {}});
    }
    batches_.push_back(ids);
    headers_.push_back(batch.header);
    verified_.push_back(VerifySignature(*key_, batch.header_bytes, batch.signature));
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (!broken_) return report;
    stopped_ = true;
    return DataLoss("the writer has stopped");
  }

  void Close() { Set(open_, false); }
  void Open() { Set(open_, true); }
  void Break() { Set(broken_, true); }
  void Refuse(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    refused_.insert(id);
  }
  void AwaitBatches(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() >= n; });
  }
  std::vector<std::vector<std::string>> batches() {
    const std::scoped_lock lock(mutex_);
    return batches_;
  }

  std::optional<PublicKey> key_;
  std::vector<events::BatchHeader> headers_;
  std::vector<bool> verified_;

 private:
  void Set(bool& flag, bool value) {
    {
      const std::scoped_lock lock(mutex_);
      flag = value;
    }
    changed_.notify_all();
  }
  std::mutex writer_;  // held while a batch is written
  bool stopped_ = false;  // guarded by writer_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<std::string>> batches_;
  std::set<std::string> refused_;
  bool open_ = true;
  bool broken_ = false;
};

struct WithVault : tests::LedgerParts {
  WithVault() : LedgerParts(1) { EXPECT_TRUE(OpenVault().ok()); }
};

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() { road.key_ = key.key.public_key(); }

  static Event Decision(std::uint64_t number) {
    return tests::SampleEvent(EventType::kAccessDecisionMade, tests::Fill::kRequired, number);
  }
  /// Calls from a thread of its own; its outcome is in `outcomes` when it is joined.
  void Call(std::uint64_t number) {
    callers.emplace_back([this, number] {
      const Status status = accesses.Record(Decision(number));
      const std::scoped_lock lock(mutex);
      outcomes[number] = status.ok() ? "" : status.error().message;
    });
  }
  /// A batch is being written; whoever calls now must wait for the next.
  void FillTheRoad() {
    road.Close();
    Call(1);
    road.AwaitBatches(1);
  }
  void Join() {
    for (std::thread& caller : callers) caller.join();
    callers.clear();
  }

  WithVault parts;
  SystemEntropy entropy;
  NamedSigningKey key{"ledger", SigningKey::Generate(entropy)};
  KeepingRoad road;
  AccessLog accesses{{road, *parts.vault, key, entropy, "here/log", {}}};
  std::vector<std::thread> callers;
  std::mutex mutex;
  std::map<std::uint64_t, std::string> outcomes;
};

TEST_F(AccessLogTest, WhoComesAloneIsSentAtOnceAndAlone) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(accesses.Record(Decision(i)).ok());
    ASSERT_EQ(road.batches().size(), i);
    EXPECT_EQ(road.batches().back(), std::vector<std::string>{Decision(i).id});
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(road.verified_[i]);
    EXPECT_EQ(road.headers_[i].publisher, "ledger");
    EXPECT_EQ(road.headers_[i].origin, "here/log");
  }
}

TEST_F(AccessLogTest, WhoComesWhileTheRoadIsFullSharesOneBatch) {
  FillTheRoad();
  for (std::uint64_t i = 2; i <= 22; ++i) Call(i);
  // Nothing tells from outside that somebody queues; a batch of fewer would only prove less.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(road.batches().size(), 1U);
  road.Open();
  Join();
  std::multiset<std::string> sent;
  for (const auto& batch : road.batches()) sent.insert(batch.begin(), batch.end());
  std::multiset<std::string> called;
  for (std::uint64_t i = 1; i <= 22; ++i) called.insert(Decision(i).id);
  EXPECT_EQ(sent, called);
  EXPECT_LE(road.batches().size(), 4U);
  for (const auto& [number, error] : outcomes) EXPECT_EQ(error, "") << number;
}

TEST_F(AccessLogTest, AGroupHasALimit) {
  AccessLog small({road, *parts.vault, key, entropy, "here/log", {}}, {.group_events_max = 4});
  road.Close();
  for (std::uint64_t i = 1; i <= 9; ++i)
    callers.emplace_back([&small, i] { EXPECT_TRUE(small.Record(Decision(i)).ok()); });
  road.AwaitBatches(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(road.batches().size(), 1U);
  road.Open();
  Join();
  std::size_t events = 0;
  for (const auto& batch : road.batches()) {
    EXPECT_LE(batch.size(), 4U);
    events += batch.size();
  }
  EXPECT_EQ(events, 9U);
}

TEST_F(AccessLogTest, WhenTheCommitFailsEveryCallerIsTold) {
  FillTheRoad();
  for (std::uint64_t i = 2; i <= 12; ++i) Call(i);
  road.Break();
  road.Open();
  Join();
  ASSERT_EQ(outcomes.size(), 12U);
  for (const auto& [number, error] : outcomes) EXPECT_EQ(error, "the writer has stopped") << number;
}

TEST_F(AccessLogTest, ARefusedEventIsItsOwnCallersAffair) {
  road.Refuse(Decision(7).id);
  FillTheRoad();
  for (std::uint64_t i = 2; i <= 12; ++i) Call(i);
  road.Open();
  Join();
  for (const auto& [number, error] : outcomes)
    EXPECT_EQ(error.find("PURPOSE_UNKNOWN") != std::string::npos, number == 7) << number << error;
}

TEST_F(AccessLogTest, AnEventThatBreaksARuleIsNeverSigned) {
  Event bad = Decision(1);
  bad.SetText("result", "MAYBE");
  const Status status = accesses.Record(bad);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_NE(status.error().message.find("result"), std::string::npos);
  EXPECT_EQ(status.error().message.find("MAYBE"), std::string::npos);
  EXPECT_TRUE(road.batches().empty());
}

TEST_F(AccessLogTest, ManyCallersManyTimes) {
  constexpr std::uint64_t kCallers = 32;
  constexpr std::uint64_t kEach = 50;
  for (std::uint64_t c = 0; c < kCallers; ++c)
    callers.emplace_back([this, c] {
      for (std::uint64_t i = 0; i < kEach; ++i) EXPECT_TRUE(accesses.Record(Decision(1 + c * kEach + i)).ok());
    });
  Join();
  std::set<std::string> sent;
  std::size_t count = 0;
  for (const auto& batch : road.batches()) {
    sent.insert(batch.begin(), batch.end());
    count += batch.size();
  }
  EXPECT_EQ(count, kCallers * kEach);
  EXPECT_EQ(sent.size(), kCallers * kEach);
}

}  // namespace
}  // namespace oppi::consumers
