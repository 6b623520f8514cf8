#include "ledger/map_replay.h"

#include <cstring>
#include <map>
#include <string>
#include <variant>

#include "events/tree_hash.h"

namespace oppi::ledger {
namespace {

Error At(std::uint64_t index, const std::string& what) {
  return InvalidArgument("entry " + std::to_string(index) + ": " + what);
}

}  // namespace

std::size_t MapReplay::LabelHash::operator()(const Label& label) const {
  std::uint64_t v = 0;
  std::memcpy(&v, label.bytes.data(), sizeof(v));  // labels are as good as random
  return v;
}

Status MapReplay::Add(std::span<const Leaf> leaves, const Transitions& transitions) {
  for (std::size_t i = 0; i < leaves.size(); ++i)
    if (std::holds_alternative<StateLeaf>(leaves[i].body) != (i + 1 == leaves.size()))
      return At(next_ + i, "a commit ends in its one state entry");
  if (leaves.empty()) return InvalidArgument("a commit has entries");
  const std::uint64_t last = next_ + leaves.size() - 1;
  const auto& state = std::get<StateLeaf>(leaves.back().body);
  OPPI_RETURN_IF_ERROR(CheckState(state, last));
  OPPI_RETURN_IF_ERROR(AddStreams(transitions));
  OPPI_RETURN_IF_ERROR(AddEvents(leaves, transitions));
  OPPI_TRY(const merkle::MapRoot root, NewRoot(transitions));
  if (root != state.map_root)
    return At(last, "the map root in it is not what the entries before it give");
  map_.Commit();
  fold_ = state.fold;
  newest_ = LeafIndex(last);
  next_ = last + 1;
  return {};
}

Status MapReplay::CheckState(const StateLeaf& leaf, std::uint64_t index) const {
  if (leaf.covers.value() != index)
    return At(index, "it covers another number of entries than are before it");
  if (leaf.previous != newest_)
    return At(index, "it names another state entry than the one before");
  if (fold_ && *fold_ != leaf.fold)
    return At(index, "the labels are made with another key than before");
  return {};
}

Status MapReplay::AddStreams(const Transitions& transitions) {
  for (const auto& [label, blind] : transitions.streams)
    if (!streams_.try_emplace(label, Stream{{}, blind}).second)
      return At(next_, "a stream begins that was there already");
  return {};
}

Status MapReplay::AddEvents(std::span<const Leaf> leaves, const Transitions& transitions) {
  auto event = transitions.events.begin();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::uint64_t index = next_ + i;
    const auto* leaf = std::get_if<EventLeaf>(&leaves[i].body);
    std::size_t in = 0;
    for (; event != transitions.events.end() && event->index.value() == index; ++event, ++in) {
      const auto stream = streams_.find(event->label);
      if (stream == streams_.end()) return At(index, "it is in a stream that has not begun");
      Bytes bytes;
      ByteWriter(bytes).U64(index);
      stream->second.entries.Append(HashLeaf(bytes));
    }
    const std::size_t subjects = leaf == nullptr ? 0 : leaf->subjects;
    if (in != subjects)
      return At(index, "it has " + std::to_string(subjects) + " subjects and is in " +
                           std::to_string(in) + " streams");
  }
  if (event != transitions.events.end())
    return At(event->index.value(), "it is not of this commit, though a stream has it there");
  return {};
}

Result<merkle::MapRoot> MapReplay::NewRoot(const Transitions& transitions) {
  std::map<Label, merkle::MapValue> values;
  for (const auto& event : transitions.events) values.try_emplace(event.label);
  for (auto& [label, value] : values) {
    const Stream& stream = streams_.at(label);
    value = ValueOf(StreamHead{stream.entries.size().value(), stream.entries.Root()}, stream.blind);
  }
  for (const auto& [label, blind] : transitions.streams)
    if (!values.contains(label)) return At(next_, "a stream begins and has no entry");
  for (const auto& [label, value] : transitions.entries) {
    if (streams_.contains(label)) return At(next_, "an identifier has the label of a stream");
    values[label] = value;
  }
  std::vector<merkle::MapEntry> changes;
  changes.reserve(values.size());
  for (const auto& [label, value] : values) changes.push_back({label, value});
  return map_.Prepare(changes);
}

}  // namespace oppi::ledger
