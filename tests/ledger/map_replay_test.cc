#include "ledger/map_replay.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "ledger/label_prover.h"
#include "ledger/merkle/mpt.h"

namespace oppi::ledger {
namespace {

/// A log as it lies, with what it says belongs to which label.
struct Story {
  struct Entry {
    Leaf leaf;
    std::vector<StreamTransition> streams;
    std::vector<EntryTransition> entries;
  };
  std::vector<Entry> entries;

  static StreamTransition Stream(unsigned char n) {
    StreamTransition stream;
    stream.label.bytes.fill(n);
    stream.blind.bytes.fill(static_cast<unsigned char>(n + 100));
    return stream;
  }
  static EntryTransition Identifier(unsigned char n, unsigned char value) {
    EntryTransition entry;
    entry.label.bytes.fill(n);
    entry.value.bytes.fill(value);
    return entry;
  }

  void Add(std::variant<GenesisLeaf, BatchLeaf, EventLeaf, StateLeaf> body,
           std::vector<StreamTransition> streams = {}, std::vector<EntryTransition> changed = {}) {
    entries.push_back({{{static_cast<std::int64_t>(entries.size())}, std::move(body)},
                       std::move(streams),
                       std::move(changed)});
  }
  void Event(std::vector<StreamTransition> streams) {
    EventLeaf leaf;
    leaf.subjects = static_cast<std::uint8_t>(streams.size());
    Add(leaf, std::move(streams));
  }
  /// The root of what came so far, computed plainly from the definition.
  void State(LeafIndex previous, std::vector<EntryTransition> changed = {}) {
    std::map<Label, merkle::MapValue> values;
    std::map<Label, std::pair<Blind, std::vector<LeafIndex>>> streams;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      for (const auto& stream : entries[i].streams) {
        streams[stream.label].first = stream.blind;
        streams[stream.label].second.push_back(LeafIndex(i));
      }
      for (const auto& entry : entries[i].entries) values[entry.label] = entry.value;
    }
    for (const auto& entry : changed) values[entry.label] = entry.value;
    for (const auto& [label, stream] : streams)
      values[label] = ValueOf(HeadOf(stream.second), stream.first);
    std::vector<merkle::MapEntry> sorted;
    for (const auto& [label, value] : values) sorted.push_back({label, value});
    Add(StateLeaf{TreeSize(entries.size()), *merkle::RootOfMap(sorted), {}, previous}, {}, changed);
  }

  [[nodiscard]] std::string Replayed() const {
    MapReplay replay;
    for (const Entry& entry : entries)
      if (const Status added = replay.Add(entry.leaf, entry.streams, entry.entries); !added.ok())
        return added.error().message;
    return "";
  }
};

Story SomeStory() {
  Story story;
  story.Add(GenesisLeaf{"log", "a", "b", "c"});
  story.State(LeafIndex(0));
  story.Add(BatchLeaf{"header", {}});
  story.Event({Story::Stream(1)});
  story.Event({Story::Stream(1), Story::Stream(2)});
  story.Event({});
  story.State(LeafIndex(1), {Story::Identifier(50, 1), Story::Identifier(51, 1)});
  story.Add(BatchLeaf{"header", {}});
  story.Event({Story::Stream(2)});
  story.State(LeafIndex(6), {Story::Identifier(51, 2), Story::Identifier(51, 3)});
  return story;
}

TEST(MapReplay, FollowsALogThatIsWhatItSays) { EXPECT_EQ(SomeStory().Replayed(), ""); }

TEST(MapReplay, NamesWhatIsWrong) {
  struct Case {
    const char* says;
    std::function<void(Story&)> change;
  };
  const auto state = [](Story& story, std::size_t at) -> StateLeaf& {
    return std::get<StateLeaf>(story.entries[at].leaf.body);
  };
  const std::vector<Case> cases = {
      {"entry 4: it has 2 subjects and is in 1 streams",
       [](Story& s) { s.entries[4].streams.pop_back(); }},
      {"entry 5: it has 0 subjects and is in 1 streams",
       [](Story& s) { s.entries[5].streams = {Story::Stream(1)}; }},
      {"entry 4: it is twice in one stream",
       [](Story& s) { s.entries[4].streams[1] = s.entries[4].streams[0]; }},
      {"entry 6: the map root", [](Story& s) { s.entries[3].streams = {Story::Stream(3)}; }},
      {"entry 8: its stream has another blind",
       [](Story& s) { s.entries[8].streams[0].blind.bytes[0] ^= 1; }},
      {"entry 6: the map root", [](Story& s) { s.entries[6].entries[0].value.bytes[0] ^= 1; }},
      {"entry 6: the map root", [](Story& s) { s.entries[6].entries.pop_back(); }},
      {"entry 6: an identifier has the label of a stream",
       [](Story& s) { s.entries[6].entries[0].label = Story::Stream(1).label; }},
      {"entry 9: the map root", [&](Story& s) { state(s, 9).map_root.bytes[3] ^= 1; }},
      {"entry 9: it names another state entry",
       [&](Story& s) { state(s, 9).previous = LeafIndex(1); }},
      {"entry 9: it covers another number", [&](Story& s) { state(s, 9).covers = TreeSize(8); }},
      {"entry 9: the labels are made with another key",
       [&](Story& s) { state(s, 9).fold.bytes[0] ^= 1; }},
      {"entry 2: it is said to be in a stream",
       [](Story& s) { s.entries[2].streams = {Story::Stream(1)}; }},
      {"entry 3: an identifier is said to change",
       [](Story& s) { s.entries[3].entries = {Story::Identifier(1, 1)}; }},
  };
  for (const Case& one : cases) {
    Story story = SomeStory();
    one.change(story);
    EXPECT_NE(story.Replayed().find(one.says), std::string::npos)
        << one.says << " - but: " << story.Replayed();
  }
}

}  // namespace
}  // namespace oppi::ledger
