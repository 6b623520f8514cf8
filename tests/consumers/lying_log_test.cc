#include <gtest/gtest.h>

#include "consumers/monitor.h"
#include "events/tree_hash.h"
#include "ledger/leaf.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_ledger.h"

/// A server that holds the log's key and lies with it, one way at a time: what the monitor says.

namespace oppi::consumers {
namespace {

using Kind = MonitorAlarm::Kind;
using ledger::merkle::TileId;

/// Signs and serves whatever its entries are. What it serves as entries may be something else again.
class LyingLog {
 public:
  LyingLog(const NamedSigningKey& key, std::vector<Bytes> what) : entries(std::move(what)), key_(key) {}

  [[nodiscard]] std::string Note(std::size_t size) const {
    ledger::merkle::CompactRange range;
    for (std::size_t i = 0; i < size; ++i) range.Append(HashLeaf(entries[i]));
    return ledger::SignCheckpoint({key_.name, TreeSize(size), range.Root(), {}}, key_);
  }
  [[nodiscard]] TileSource Source() const { return Source(entries); }
  /// The signed tree's tiles, and other entries.
  [[nodiscard]] TileSource Source(const std::vector<Bytes>& shown) const {
    TileSource source;
    source.checkpoint = [this]() -> Result<std::string> { return Note(entries.size()); };
    source.tile = [this, shown](const TileId& id) -> Result<Bytes> {
      if (!id.entries) return Hashes(id);
      Bytes bundle;
      for (std::size_t i = id.index * 256; i < id.index * 256 + id.width && i < shown.size(); ++i) ledger::merkle::AppendEntry(bundle, shown[i]);
      return bundle;
    };
    return source;
  }

  std::vector<Bytes> entries;

 private:
  [[nodiscard]] Result<Bytes> Hashes(const TileId& id) const {
    std::vector<NodeHash> row;
    for (const Bytes& entry : entries) row.push_back(HashLeaf(entry));
    for (unsigned level = 0; level < 8 * id.level; ++level) {
      for (std::size_t i = 0; i + 1 < row.size(); i += 2) row[i / 2] = HashChildren(row[i], row[i + 1]);
      row.resize(row.size() / 2);
    }
    if (row.size() < id.index * 256 + id.width) return NotFound("no such tile");
    Bytes tile;
    for (std::size_t i = id.index * 256; i < id.index * 256 + id.width; ++i) tile += row.at(i).view();
    return tile;
  }
  const NamedSigningKey& key_;
};

class Lies : public testing::Test {
 protected:
  Lies() : publisher_(ledger_.Register("sis", events::Role::kProvider)) {
    Say(310);
    seen_ = Entries();
    receipt_ = ledger_.View()->Receipt(LeafIndex(100)).value();
    Say(30);
  }
  void Say(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; i += 10) {
      std::vector<events::Event> some;
      for (int k = 0; k < 10; ++k) some.push_back(tests::SampleEvent(events::EventType::kAttendanceMarked, tests::Fill::kRequired, ++said_));
      ASSERT_TRUE(ledger_.Publish(publisher_, some).ok());
    }
  }
  std::vector<Bytes> Entries() const {
    std::vector<Bytes> entries;
    EXPECT_TRUE(ledger_.View()
                    ->ScanLeaves(LeafIndex(0), ledger_.View()->size(),
                                 [&](LeafIndex, ByteView entry) {
                                   entries.emplace_back(entry);
                                   return true;
                                 })
                    .ok());
    return entries;
  }
  [[nodiscard]] LyingLog Honest() const { return {ledger_.parts.log_key, Entries()}; }
  [[nodiscard]] ledger::TlogPolicy Trust() const { return ledger::PolicyOf(ledger_.parts.log_key.verifier()); }

  /// The only alarm of a monitor that saw the log as it was, or never saw it.
  MonitorAlarm Alarm(const TileSource& source, bool saw_it_before) {
    MonitorState state;
    if (saw_it_before) {
      const LyingLog before(ledger_.parts.log_key, seen_);
      Monitor honest(Trust(), before.Source(), {}, {});
      EXPECT_TRUE(honest.Look()->alarms.empty());
      state = honest.state();
    }
    Monitor monitor(Trust(), source, state, {});
    const auto look = monitor.Look();
    if (!look.ok() || look->alarms.size() != 1) {
      ADD_FAILURE() << (look.ok() ? std::to_string(look->alarms.size()) + " alarms" : look.error().message);
      return {};
    }
    EXPECT_EQ(monitor.state().note, state.note) << "a state that follows a lie";
    return look->alarms[0];
  }
  /// Index of the n-th entry of this kind.
  template <class Body>
  static std::size_t Find(const std::vector<Bytes>& entries, std::size_t n) {
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (std::holds_alternative<Body>(ledger::DecodeLeaf(entries[i])->body) && n-- == 0) return i;
    return entries.size();
  }
  template <class Change>
  static void Alter(Bytes& entry, Change&& change) {
    auto leaf = ledger::DecodeLeaf(entry).value();
    change(leaf);
    entry = EncodeLeaf(leaf);
  }

  tests::TestLedger ledger_;
  const NamedSigningKey publisher_;
  std::uint64_t said_ = 0;
  std::vector<Bytes> seen_;
  std::string receipt_;
};

TEST_F(Lies, NoneIsNoAlarm) {
  const LyingLog honest = Honest();
  Monitor monitor(Trust(), honest.Source(), {}, {{"mine", receipt_}});
  const auto look = monitor.Look();
  ASSERT_TRUE(look.ok()) << look.error().message;
  EXPECT_TRUE(look->alarms.empty()) << look->alarms[0].words;
  EXPECT_NE(monitor.state().state_index, 0U) << "the log has state entries";
  EXPECT_EQ(DecodeMonitorState(EncodeMonitorState(monitor.state()))->state_index, monitor.state().state_index);
}

TEST_F(Lies, AnEventThatIsSignedAndHiddenIsNamed) {
  const LyingLog log = Honest();
  for (const std::size_t hidden : {std::size_t{20}, std::size_t{300}}) {
    auto shown = log.entries;
    shown.erase(shown.begin() + static_cast<std::ptrdiff_t>(hidden));
    shown.push_back(shown.back());
    const MonitorAlarm alarm = Alarm(log.Source(shown), false);
    EXPECT_EQ(alarm.kind, Kind::kEntries);
    auto replaced = log.entries;
    Alter(replaced[hidden], [](ledger::Leaf& leaf) { leaf.recorded.micros -= 1; });
    const MonitorAlarm other = Alarm(log.Source(replaced), false);
    EXPECT_EQ(other.kind, Kind::kEntries);
    EXPECT_NE(other.words.find("entry " + std::to_string(hidden) + " "), std::string::npos) << other.words;
  }
}

TEST_F(Lies, AnEventThatIsLeftOutOfANewTreeConvictsTheLog) {
  LyingLog log = Honest();
  log.entries.erase(log.entries.begin() + 100);
  const MonitorAlarm alarm = Alarm(log.Source(), true);
  EXPECT_EQ(alarm.kind, Kind::kEquivocation);
  ASSERT_TRUE(alarm.proof);
  EXPECT_TRUE(ProveEquivocation(*alarm.proof, Trust()).ok());
}

TEST_F(Lies, WhoHoldsAReceiptConvictsALogThatNobodyWatched) {
  LyingLog log = Honest();
  // Every state entry is made to fit, so that the tree by itself is without fault.
  log.entries.erase(log.entries.begin() + 100);
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < log.entries.size(); ++i)
    Alter(log.entries[i], [&](ledger::Leaf& leaf) {
      if (auto* state = std::get_if<ledger::StateLeaf>(&leaf.body)) {
        state->covers = TreeSize(i);
        state->previous = LeafIndex(previous);
        previous = i;
      }
    });
  Monitor monitor(Trust(), log.Source(), {}, {{"mine", receipt_}});
  const auto look = monitor.Look();
  ASSERT_TRUE(look.ok());
  ASSERT_EQ(look->alarms.size(), 1U) << look->alarms[0].words;
  EXPECT_EQ(look->alarms[0].kind, Kind::kPromise);
  ASSERT_TRUE(look->alarms[0].proof);
  EXPECT_TRUE(ProveEquivocation(*look->alarms[0].proof, Trust()).ok());
}

TEST_F(Lies, AnEventThatIsBackdatedIsNamed) {
  LyingLog log = Honest();
  const std::size_t event = Find<ledger::EventLeaf>(log.entries, 200);
  Alter(log.entries[event], [](ledger::Leaf& leaf) { leaf.recorded.micros -= 3600 * kMicrosPerSecond; });
  const MonitorAlarm alarm = Alarm(log.Source(), false);
  EXPECT_EQ(alarm.kind, Kind::kEntries);
  EXPECT_EQ(alarm.words, "entry " + std::to_string(event) + " was recorded before the entry that precedes it");
}

TEST_F(Lies, AnOldRootIsARollback) {
  const LyingLog log = Honest();
  const LyingLog old(ledger_.parts.log_key, {log.entries.begin(), log.entries.begin() + 50});
  TileSource stale = log.Source();
  stale.checkpoint = old.Source().checkpoint;
  EXPECT_EQ(Alarm(stale, true).kind, Kind::kRollback);
  EXPECT_EQ(Alarm(old.Source(), true).kind, Kind::kRollback) << "the tiles of the larger tree are gone, too";
}

TEST_F(Lies, TilesThatAreNoTreeAreNoProofOfAPromise) {
  const LyingLog log = Honest();
  TileSource source = log.Source();
  source.tile = [honest = log.Source()](const TileId& id) -> Result<Bytes> {
    auto tile = honest.tile(id);
    return id.entries || !tile.ok() ? std::move(tile) : Bytes(tile->size(), '\0');
  };
  Monitor monitor(Trust(), source, {}, {{"mine", receipt_}});
  const auto look = monitor.Look();
  ASSERT_TRUE(look.ok()) << look.error().message;
  ASSERT_EQ(look->alarms.size(), 1U);
  EXPECT_EQ(look->alarms[0].kind, Kind::kPromise);
}

TEST_F(Lies, AStateThatTheEntriesDoNotSupportIsNamed) {
  const std::vector<std::pair<std::string, std::function<void(ledger::StateLeaf&)>>> lies = {
      {"not of those before it", [](ledger::StateLeaf& state) { state.covers = TreeSize(state.covers.value() - 1); }},
      {"does not follow the one before it", [](ledger::StateLeaf& state) { state.previous = LeafIndex(state.previous.value() - 1); }},
  };
  for (const auto& [words, lie] : lies) {
    LyingLog log = Honest();
    const std::size_t at = Find<ledger::StateLeaf>(log.entries, 5);
    ASSERT_LT(at, log.entries.size());
    Alter(log.entries[at], [&lie = lie](ledger::Leaf& leaf) { lie(std::get<ledger::StateLeaf>(leaf.body)); });
    const MonitorAlarm alarm = Alarm(log.Source(), false);
    EXPECT_EQ(alarm.kind, Kind::kEntries);
    EXPECT_NE(alarm.words.find("entry " + std::to_string(at) + " is a state"), std::string::npos) << alarm.words;
    EXPECT_NE(alarm.words.find(words), std::string::npos) << alarm.words;
  }
}

TEST_F(Lies, ALogBeginsOnce) {
  LyingLog log = Honest();
  Alter(log.entries[30], [&](ledger::Leaf& leaf) { leaf.body = ledger::DecodeLeaf(log.entries[0])->body; });
  EXPECT_EQ(Alarm(log.Source(), false).words, "entry 30 is a second genesis");
}

}  // namespace
}  // namespace oppi::consumers
