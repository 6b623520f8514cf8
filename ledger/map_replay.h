#pragma once

#include <optional>
#include <span>
#include <unordered_map>

#include "events/result.h"
#include "ledger/leaf.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/merkle/map_tree.h"
#include "ledger/transitions.h"

/// Computes the stream map of a log again, commit by commit, from the entries and from what the log
/// says belongs to which label. So somebody who knows no name sees that every state leaf follows
/// from the entries before it, and that no event is missing from a stream: an entry says how many
/// subjects its event has.

namespace oppi::ledger {

/// One thread. About 250 bytes a label.
class MapReplay {
 public:
  /// The entries from next() up to and with a state leaf, the only one among them, and what they
  /// change. Errors: kInvalidArgument, with the entry and what is wrong; nothing more can be added
  /// then.
  [[nodiscard]] Status Add(std::span<const Leaf> leaves, const Transitions& transitions);

  /// The first entry that was not added.
  [[nodiscard]] LeafIndex next() const { return LeafIndex(next_); }
  /// Of the newest state leaf.
  [[nodiscard]] merkle::MapRoot root() const { return map_.PreparedRoot(); }
  /// Labels of streams so far.
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

 private:
  struct Stream {
    merkle::CompactRange entries;
    Blind blind;
  };
  struct LabelHash {
    std::size_t operator()(const Label& label) const;
  };
  [[nodiscard]] Status AddStreams(const Transitions& transitions);
  [[nodiscard]] Status AddEvents(std::span<const Leaf> leaves, const Transitions& transitions);
  [[nodiscard]] Status CheckState(const StateLeaf& leaf, std::uint64_t index) const;
  [[nodiscard]] Result<merkle::MapRoot> NewRoot(const Transitions& transitions);

  std::uint64_t next_ = 0;
  LeafIndex newest_{0};
  std::optional<Sha256Digest> fold_;
  std::unordered_map<Label, Stream, LabelHash> streams_;
  merkle::MapTree map_;
};

}  // namespace oppi::ledger
