#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "events/result.h"
#include "ledger/label.h"
#include "ledger/leaf.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/merkle/map_tree.h"

/// Computes the stream map of a log again, entry by entry, from the entries and from what the log
/// says belongs to which label. So somebody who knows no name sees that every state leaf follows
/// from the entries before it, and that no event is missing from a stream: an entry says how many
/// subjects its event has.

namespace oppi::ledger {

/// An event is the next one of this stream.
struct StreamTransition {
  Label label;
  Blind blind;
  friend bool operator==(const StreamTransition&, const StreamTransition&) = default;
};

/// An identifier has this value from a state leaf on.
struct EntryTransition {
  Label label;
  merkle::MapValue value;
  friend bool operator==(const EntryTransition&, const EntryTransition&) = default;
};

/// One thread.
class MapReplay {
 public:
  /// The entry at `next()`. `streams`: one for each subject of an event; `entries`: what a state
  /// leaf's map has new of identifiers, of one label in order. Errors: kInvalidArgument, with the
  /// entry and what is wrong; nothing more can be added then.
  [[nodiscard]] Status Add(const Leaf& leaf, std::span<const StreamTransition> streams,
                           std::span<const EntryTransition> entries);

  [[nodiscard]] LeafIndex next() const { return LeafIndex(next_); }
  /// Of the newest state leaf.
  [[nodiscard]] merkle::MapRoot root() const { return map_.PreparedRoot(); }
  /// Labels of streams so far.
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

 private:
  struct Stream {
    merkle::CompactRange entries;
    Blind blind;
    bool touched = false;
  };
  struct LabelHash {
    std::size_t operator()(const Label& label) const;
  };
  [[nodiscard]] Status AddEvent(const EventLeaf& leaf, std::span<const StreamTransition> streams);
  [[nodiscard]] Status AddState(const StateLeaf& leaf, std::span<const EntryTransition> entries);
  [[nodiscard]] Error Wrong(const char* what) const;

  std::uint64_t next_ = 0;
  LeafIndex newest_{0};
  std::optional<Sha256Digest> fold_;
  std::unordered_map<Label, Stream, LabelHash> streams_;
  std::vector<Label> touched_;
  merkle::MapTree map_;
};

}  // namespace oppi::ledger
