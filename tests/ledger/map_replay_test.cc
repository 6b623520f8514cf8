#include "ledger/map_replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "ledger/label_prover.h"
#include "ledger/merkle/mpt.h"

namespace oppi::ledger {
namespace {

/// A log as it lies, commit by commit, with what it says belongs to which label.
struct Story {
  struct Commit {
    std::vector<Leaf> leaves;
    Transitions transitions;
  };
  std::vector<Commit> commits{1};
  std::uint64_t size = 0;

  static Transitions::Stream Stream(unsigned char n) {
    Transitions::Stream stream;
    stream.label.bytes.fill(n);
    stream.blind.bytes.fill(static_cast<unsigned char>(n + 100));
    return stream;
  }
  static Transitions::Entry Identifier(unsigned char n, unsigned char value) {
    Transitions::Entry entry;
    entry.label.bytes.fill(n);
    entry.value.bytes.fill(value);
    return entry;
  }

  template <class Body>
  void Add(Body body) {
    commits.back().leaves.push_back({{static_cast<std::int64_t>(size++)}, std::move(body)});
  }
  void Event(const std::vector<unsigned char>& streams) {
    for (const unsigned char n : streams)
      commits.back().transitions.events.push_back({LeafIndex(size), Stream(n).label});
    EventLeaf leaf;
    leaf.subjects = static_cast<std::uint8_t>(streams.size());
    Add(leaf);
  }
  void Begin(unsigned char n) { commits.back().transitions.streams.push_back(Stream(n)); }
  /// Ends the commit: the root of what came so far, computed plainly from the definition.
  void State(LeafIndex previous, std::vector<Transitions::Entry> changed = {}) {
    commits.back().transitions.entries = std::move(changed);
    std::map<Label, merkle::MapValue> values;
    std::map<Label, std::vector<LeafIndex>> streams;
    std::map<Label, Blind> blinds;
    for (const Commit& commit : commits) {
      for (const auto& stream : commit.transitions.streams) blinds[stream.label] = stream.blind;
      for (const auto& event : commit.transitions.events)
        streams[event.label].push_back(event.index);
      for (const auto& entry : commit.transitions.entries) values[entry.label] = entry.value;
    }
    for (const auto& [label, entries] : streams)
      values[label] = ValueOf(HeadOf(entries), blinds.at(label));
    std::vector<merkle::MapEntry> sorted;
    for (const auto& [label, value] : values) sorted.push_back({label, value});
    Add(StateLeaf{TreeSize(size), *merkle::RootOfMap(sorted), {}, previous});
    commits.emplace_back();
  }

  [[nodiscard]] std::string Replayed() const {
    MapReplay replay;
    for (std::size_t i = 0; i + 1 < commits.size(); ++i)
      if (const Status added = replay.Add(commits[i].leaves, commits[i].transitions); !added.ok())
        return added.error().message;
    return "";
  }
};

Story SomeStory() {
  Story story;
  story.Add(GenesisLeaf{"log", "a", "b", "c"});
  story.State(LeafIndex(0));
  story.Add(BatchLeaf{"header", {}});
  story.Begin(1);
  story.Begin(2);
  story.Event({1});
  story.Event({1, 2});
  story.Event({});
  story.State(LeafIndex(1), {Story::Identifier(50, 1), Story::Identifier(51, 1)});
  story.Add(BatchLeaf{"header", {}});
  story.Event({2});
  story.State(LeafIndex(6), {Story::Identifier(51, 3)});
  return story;
}

TEST(MapReplay, FollowsALogThatIsWhatItSays) { EXPECT_EQ(SomeStory().Replayed(), ""); }

TEST(MapReplay, NamesWhatIsWrong) {
  struct Case {
    const char* says;
    std::function<void(Story&)> change;
  };
  const auto state = [](Story& story) -> StateLeaf& {
    return std::get<StateLeaf>(story.commits[2].leaves.back().body);
  };
  const std::vector<Case> cases = {
      {"entry 4: it has 2 subjects and is in 1 streams",
       [](Story& s) { s.commits[1].transitions.events.pop_back(); }},
      {"entry 5: it has 0 subjects and is in 1 streams",
       [](Story& s) {
         s.commits[1].transitions.events.push_back({LeafIndex(5), Story::Stream(1).label});
       }},
      {"entry 2: it has 0 subjects and is in 1 streams",
       [](Story& s) {
         auto& events = s.commits[1].transitions.events;
         events.insert(events.begin(), {LeafIndex(2), Story::Stream(1).label});
       }},
      {"entry 9: it is not of this commit",
       [](Story& s) {
         s.commits[1].transitions.events.push_back({LeafIndex(9), Story::Stream(1).label});
       }},
      {"entry 3: it is in a stream that has not begun",
       [](Story& s) { s.commits[1].transitions.events[0].label = Story::Stream(3).label; }},
      {"entry 6: the map root",
       [](Story& s) { s.commits[1].transitions.events[0].label = Story::Stream(2).label; }},
      {"entry 2: a stream begins and has no entry",
       [](Story& s) { s.commits[1].transitions.streams.push_back(Story::Stream(3)); }},
      {"entry 7: a stream begins that was there already",
       [](Story& s) { s.commits[2].transitions.streams.push_back(Story::Stream(1)); }},
      {"entry 6: the map root",
       [](Story& s) { s.commits[1].transitions.streams[0].blind.bytes[0] ^= 1; }},
      {"entry 6: the map root",
       [](Story& s) { s.commits[1].transitions.entries[0].value.bytes[0] ^= 1; }},
      {"entry 6: the map root", [](Story& s) { s.commits[1].transitions.entries.pop_back(); }},
      {"entry 2: an identifier has the label of a stream",
       [](Story& s) { s.commits[1].transitions.entries[0].label = Story::Stream(1).label; }},
      {"entry 9: the map root", [&](Story& s) { state(s).map_root.bytes[3] ^= 1; }},
      {"entry 9: it names another state entry",
       [&](Story& s) { state(s).previous = LeafIndex(1); }},
      {"entry 9: it covers another number", [&](Story& s) { state(s).covers = TreeSize(8); }},
      {"entry 9: the labels are made with another key",
       [&](Story& s) { state(s).fold.bytes[0] ^= 1; }},
      {"entry 1: a commit ends in its one state entry",
       [](Story& s) {
         auto& first = s.commits[0].leaves;
         first.insert(first.end(), s.commits[1].leaves.begin(), s.commits[1].leaves.end());
       }},
      {"entry 8: a commit ends in its one state entry",
       [](Story& s) { s.commits[2].leaves.pop_back(); }},
      {"a commit has entries", [](Story& s) { s.commits[2].leaves.clear(); }},
  };
  for (const Case& one : cases) {
    Story story = SomeStory();
    one.change(story);
    EXPECT_NE(story.Replayed().find(one.says), std::string::npos)
        << one.says << " - but: " << story.Replayed();
  }
}

TEST(Transitions, RoundTripAndRefuseWhatIsCutOrOutOfOrder) {
  const Transitions some = SomeStory().commits[1].transitions;
  const Bytes bytes = EncodeTransitions(some);
  ASSERT_TRUE(DecodeTransitions(bytes).ok());
  EXPECT_EQ(*DecodeTransitions(bytes), some);
  EXPECT_EQ(*DecodeTransitions(EncodeTransitions({})), Transitions());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(DecodeTransitions(ByteView(bytes).substr(0, size)).ok()) << size;
  EXPECT_FALSE(DecodeTransitions(bytes + 'x').ok());
  // Two events that changed places, and one that is there twice.
  Bytes turned = bytes;
  std::swap_ranges(turned.begin() + 4, turned.begin() + 44, turned.begin() + 44);
  EXPECT_FALSE(DecodeTransitions(turned).ok());
  Bytes twice = bytes;
  std::copy(bytes.begin() + 4, bytes.begin() + 44, twice.begin() + 44);
  EXPECT_FALSE(DecodeTransitions(twice).ok());
  EXPECT_FALSE(DecodeTransitions(Bytes(4, '\xff')).ok());
}

}  // namespace
}  // namespace oppi::ledger
