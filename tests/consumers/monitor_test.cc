#include "consumers/monitor.h"

#include <gtest/gtest.h>

#include "tests/support/sample_events.h"
#include "tests/support/test_ledger.h"

/// What a monitor says of an honest log, and of each way to lie.

namespace oppi::consumers {
namespace {

using Kind = MonitorAlarm::Kind;

/// A ledger with a publisher who says things of learners. All of them have the same keys.
class Log {
 public:
  Log() : key_(ledger_.Register("sis", events::Role::kProvider)) {}
  void Say(std::uint64_t first, std::uint64_t count) {
    std::vector<events::Event> some;
    for (std::uint64_t i = first; i < first + count; ++i)
      some.push_back(tests::SampleEvent(events::EventType::kAttendanceMarked, tests::Fill::kRequired, i));
    ASSERT_TRUE(ledger_.Publish(key_, some).ok());
  }
  [[nodiscard]] std::shared_ptr<const ledger::LogView> View() const { return ledger_.View(); }
  [[nodiscard]] ledger::TlogPolicy Trust() const { return ledger::PolicyOf(ledger_.parts.log_key.verifier()); }
  [[nodiscard]] TileSource Source() const {
    return TilesOf([this] { return View(); });
  }

 private:
  tests::TestLedger ledger_;
  const NamedSigningKey key_;
};

/// Trust in a log of the same name with another key.
ledger::TlogPolicy StrangersTrust(const Log& log) {
  const NamedSigningKey stranger{log.View()->checkpoint().origin, SigningKey::FromSeed({7})};
  return ledger::PolicyOf(stranger.verifier());
}

std::vector<Kind> KindsOf(const MonitorLook& look) {
  std::vector<Kind> kinds;
  for (const MonitorAlarm& alarm : look.alarms) kinds.push_back(alarm.kind);
  return kinds;
}

TEST(Monitor, AnHonestLogHoldsAndIsReadOnce) {
  Log log;
  log.Say(1, 300);
  Monitor monitor(log.Trust(), log.Source(), {}, {{"mine", log.View()->Receipt(LeafIndex(3)).value()}});
  const auto first = monitor.Look();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_TRUE(first->alarms.empty()) << first->alarms[0].words;
  EXPECT_EQ(first->entries_read, log.View()->size().value());
  log.Say(1000, 7);
  const std::string kept = EncodeMonitorState(monitor.state());
  Monitor again(log.Trust(), log.Source(), DecodeMonitorState(kept).value(), {});
  const auto second = again.Look();
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(second->alarms.empty());
  EXPECT_LT(second->entries_read, 20U);
  EXPECT_EQ(again.Look()->entries_read, 0U);
}

/// Sees the first log, then the second one in its place.
MonitorLook LookAtFork(const Log& first, const Log& second, std::string receipt = {}) {
  Monitor honest(first.Trust(), first.Source(), {}, {});
  EXPECT_TRUE(honest.Look()->alarms.empty());
  std::vector<std::pair<std::string, std::string>> receipts;
  if (!receipt.empty()) receipts.emplace_back("mine", std::move(receipt));
  Monitor forked(first.Trust(), second.Source(), honest.state(), receipts);
  auto look = forked.Look();
  EXPECT_TRUE(look.ok());
  EXPECT_EQ(forked.state().note, honest.state().note) << "a state that follows a lie";
  return look.ok() ? *look : MonitorLook{};
}

void ExpectConvicts(const MonitorLook& look, const ledger::TlogPolicy& trust) {
  ASSERT_EQ(KindsOf(look).front(), Kind::kEquivocation) << look.alarms[0].words;
  ASSERT_TRUE(look.alarms[0].proof.has_value());
  const std::string text = FormatEquivocation(*look.alarms[0].proof);
  const auto parsed = ledger::ParseEquivocation(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(FormatEquivocation(*parsed), text);
  const auto proved = ProveEquivocation(*parsed, trust);
  EXPECT_TRUE(proved.ok()) << proved.error().message;
}

TEST(Monitor, TwoTreesOfOneSizeAreProved) {
  Log one;
  Log two;
  one.Say(1, 40);
  two.Say(2, 40);
  ASSERT_EQ(one.View()->size(), two.View()->size());
  ExpectConvicts(LookAtFork(one, two), one.Trust());
}

TEST(Monitor, ALargerTreeThatDoesNotContinueIsProved) {
  Log one;
  Log two;
  one.Say(1, 40);
  two.Say(2, 300);
  const MonitorLook look = LookAtFork(one, two, one.View()->Receipt(LeafIndex(20)).value());
  ExpectConvicts(look, one.Trust());
  EXPECT_EQ(KindsOf(look).back(), Kind::kPromise);
}

TEST(Monitor, ASmallerTreeThatWasNeverPartIsProved) {
  Log one;
  Log two;
  one.Say(1, 300);
  two.Say(2, 40);
  // The larger tree's tiles are gone with the fork; the proof is made as long as somebody serves them.
  Monitor honest(one.Trust(), one.Source(), {}, {});
  ASSERT_TRUE(honest.Look()->alarms.empty());
  TileSource mixed = one.Source();
  mixed.checkpoint = two.Source().checkpoint;
  Monitor forked(one.Trust(), mixed, honest.state(), {});
  ExpectConvicts(forked.Look().value(), one.Trust());
}

TEST(Monitor, AnOlderTreeIsARollback) {
  Log log;
  log.Say(1, 10);
  const std::string old = log.View()->note();
  log.Say(100, 10);
  Monitor monitor(log.Trust(), log.Source(), {}, {});
  ASSERT_TRUE(monitor.Look()->alarms.empty());
  TileSource stale = log.Source();
  stale.checkpoint = [old] { return Result<std::string>(old); };
  Monitor behind(log.Trust(), stale, monitor.state(), {});
  EXPECT_EQ(KindsOf(behind.Look().value()), std::vector<Kind>{Kind::kRollback});
}

TEST(Monitor, EntriesThatAreNotTheTreesAreNamed) {
  Log log;
  log.Say(1, 300);
  TileSource altered = log.Source();
  altered.tile = [honest = log.Source()](const ledger::merkle::TileId& id) -> Result<Bytes> {
    auto tile = honest.tile(id);
    if (id.entries && id.index == 1 && tile.ok()) tile->back() = static_cast<char>(tile->back() ^ 1);
    return tile;
  };
  Monitor monitor(log.Trust(), altered, {}, {});
  EXPECT_EQ(KindsOf(monitor.Look().value()), std::vector<Kind>{Kind::kEntries});
  EXPECT_TRUE(monitor.state().note.empty());
}

TEST(Monitor, AStrangersLogIsNotTrusted) {
  Log log;
  Monitor monitor(StrangersTrust(log), log.Source(), {}, {});
  EXPECT_EQ(KindsOf(monitor.Look().value()), std::vector<Kind>{Kind::kUntrusted});
}

TEST(Monitor, AStateIsStrict) {
  Log log;
  log.Say(1, 5);
  Monitor monitor(log.Trust(), log.Source(), {}, {});
  ASSERT_TRUE(monitor.Look()->alarms.empty());
  const std::string text = EncodeMonitorState(monitor.state());
  ASSERT_TRUE(DecodeMonitorState(text).ok());
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::string bad = text.substr(0, i);
    EXPECT_FALSE(DecodeMonitorState(bad).ok()) << i;
  }
  EXPECT_FALSE(DecodeMonitorState("x" + text).ok());
}

TEST(Equivocation, ConsistentOrForeignCheckpointsConvictNobody) {
  Log log;
  log.Say(1, 5);
  const std::string first = log.View()->note();
  log.Say(100, 5);
  const auto second = log.View();
  const auto from = ledger::OpenCheckpoint(first, log.Trust())->checkpoint;
  const ledger::Equivocation consistent{first, second->note(), from.root, second->Consistency(from.size, second->size()).value()};
  EXPECT_FALSE(ProveEquivocation(consistent, log.Trust()).ok());
  EXPECT_FALSE(ProveEquivocation({first, first, {}, {}}, log.Trust()).ok());
  EXPECT_FALSE(ProveEquivocation({first, second->note(), {}, {}}, log.Trust()).ok());
  EXPECT_FALSE(ProveEquivocation({first, second->note(), from.root, {}}, log.Trust()).ok());
  Log other;
  other.Say(2, 5);
  const ledger::Equivocation contradiction{first, other.View()->note(), {}, {}};
  EXPECT_TRUE(ProveEquivocation(contradiction, log.Trust()).ok());
  EXPECT_FALSE(ProveEquivocation(contradiction, StrangersTrust(log)).ok());
}

}  // namespace
}  // namespace oppi::consumers
