#include "ledger/map_replay.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <variant>

#include "events/tree_hash.h"

namespace oppi::ledger {

std::size_t MapReplay::LabelHash::operator()(const Label& label) const {
  std::uint64_t v = 0;
  std::memcpy(&v, label.bytes.data(), sizeof(v));  // labels are as good as random
  return v;
}

Error MapReplay::Wrong(const char* what) const {
  return InvalidArgument("entry " + std::to_string(next_) + ": " + what);
}

Status MapReplay::Add(const Leaf& leaf, std::span<const StreamTransition> streams,
                      std::span<const EntryTransition> entries) {
  const auto* event = std::get_if<EventLeaf>(&leaf.body);
  const auto* state = std::get_if<StateLeaf>(&leaf.body);
  if (event == nullptr && !streams.empty())
    return Wrong("it is said to be in a stream, but is no event");
  if (state == nullptr && !entries.empty())
    return Wrong("an identifier is said to change there, but it is no state entry");
  if (event != nullptr) OPPI_RETURN_IF_ERROR(AddEvent(*event, streams));
  if (state != nullptr) OPPI_RETURN_IF_ERROR(AddState(*state, entries));
  ++next_;
  return {};
}

Status MapReplay::AddEvent(const EventLeaf& leaf, std::span<const StreamTransition> streams) {
  if (streams.size() != leaf.subjects)
    return InvalidArgument("entry " + std::to_string(next_) + ": it has " +
                           std::to_string(leaf.subjects) + " subjects and is in " +
                           std::to_string(streams.size()) + " streams");
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const auto [it, begun] = streams_.try_emplace(streams[i].label);
    Stream& stream = it->second;
    if (begun) stream.blind = streams[i].blind;
    if (stream.blind != streams[i].blind) return Wrong("its stream has another blind than before");
    for (std::size_t k = 0; k < i; ++k)
      if (streams[k].label == streams[i].label) return Wrong("it is twice in one stream");
    Bytes index;
    ByteWriter(index).U64(next_);
    stream.entries.Append(HashLeaf(index));
    if (!stream.touched) touched_.push_back(streams[i].label);
    stream.touched = true;
  }
  return {};
}

Status MapReplay::AddState(const StateLeaf& leaf, std::span<const EntryTransition> entries) {
  if (leaf.covers.value() != next_)
    return Wrong("it covers another number of entries than are before it");
  if (leaf.previous != newest_) return Wrong("it names another state entry than the one before");
  if (fold_ && *fold_ != leaf.fold)
    return Wrong("the labels are made with another key than before");
  fold_ = leaf.fold;
  std::map<Label, merkle::MapValue> values;
  for (const Label& label : touched_) {
    Stream& stream = streams_.at(label);
    stream.touched = false;
    values[label] =
        ValueOf(StreamHead{stream.entries.size().value(), stream.entries.Root()}, stream.blind);
  }
  touched_.clear();
  for (const EntryTransition& entry : entries) {
    if (streams_.contains(entry.label)) return Wrong("an identifier has the label of a stream");
    values[entry.label] = entry.value;
  }
  std::vector<merkle::MapEntry> changes;
  changes.reserve(values.size());
  for (const auto& [label, value] : values) changes.push_back({label, value});
  OPPI_TRY(const merkle::MapRoot root, map_.Prepare(changes));
  if (root != leaf.map_root)
    return Wrong("the map root in it is not what the entries before it give");
  map_.Commit();
  newest_ = LeafIndex(next_);
  return {};
}

}  // namespace oppi::ledger
