#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"
#include "ledger/merkle/map_tree.h"
#include "ledger/merkle/proof.h"
#include "ledger/merkle/tile.h"
#include "ledger/store.h"

/// What is published: an immutable view {checkpoint, size, frozen store} that never mixes sizes.
/// Everything here may be called by any thread, without locks.

namespace oppi::ledger {

class LogView {
 public:
  /// `map`: the stream map of the checkpoint's last entry; none where nothing is proved of streams.
  LogView(const Store& store, std::shared_ptr<const Snapshot> snapshot, Checkpoint checkpoint, std::string note,
          std::shared_ptr<const merkle::MapTree::View> map = nullptr);

  [[nodiscard]] const Checkpoint& checkpoint() const { return checkpoint_; }
  /// The signed note, cosignatures included.
  [[nodiscard]] const std::string& note() const { return note_; }
  [[nodiscard]] TreeSize size() const { return checkpoint_.size; }
  /// The same frozen store at a checkpoint that is not newer than this one: `note` says so. The map
  /// comes along if the size is the same.
  [[nodiscard]] std::shared_ptr<const LogView> As(Checkpoint checkpoint, std::string note) const;

  /// Errors: kNotFound at or beyond size().
  [[nodiscard]] Result<Bytes> LeafBytes(LeafIndex index) const;
  [[nodiscard]] Result<Leaf> ReadLeaf(LeafIndex index) const;
  /// Calls `each(index, leaf bytes)` for [from, to) in order until it returns false.
  [[nodiscard]] Status ScanLeaves(LeafIndex from, TreeSize to,
                                  const std::function<bool(LeafIndex, ByteView)>& each) const;
  /// Calls `each(index of a state entry, its row of transitions)` for those from `from` on, in order,
  /// until it returns false.
  [[nodiscard]] Status ScanTransitions(LeafIndex from, const std::function<bool(LeafIndex, ByteView)>& each) const;
  /// Bytes of a C2SP tile or entry bundle of this size, or of any smaller width. kNotFound otherwise.
  [[nodiscard]] Result<Bytes> Tile(const merkle::TileId& id) const;

  /// Proofs in the tree of `size` (at most size()).
  [[nodiscard]] Result<std::vector<NodeHash>> Inclusion(LeafIndex index, TreeSize size) const;
  /// One proof for many entries, ascending, in the tree of size() (ledger/merkle/multi_proof.h).
  [[nodiscard]] Result<std::vector<NodeHash>> InclusionOfMany(std::span<const std::uint64_t> indices) const;
  [[nodiscard]] Result<std::vector<NodeHash>> Consistency(TreeSize from, TreeSize to) const;
  [[nodiscard]] Result<RootHash> Root(TreeSize size) const;
  /// C2SP tlog-proof text: the receipt of the leaf at `index`, against this view's checkpoint. Its
  /// `extra` is the leaf itself, so that the receipt says what it is a receipt of.
  [[nodiscard]] Result<std::string> Receipt(LeafIndex index) const;

  /// nullptr before a writer is open.
  [[nodiscard]] const merkle::MapTree::View* map() const { return map_.get(); }

  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] const Snapshot* snapshot() const { return snapshot_.get(); }

 private:
  [[nodiscard]] merkle::NodeReader NodesOf(TreeSize in) const;

  const Store& store_;
  std::shared_ptr<const Snapshot> snapshot_;
  Checkpoint checkpoint_;
  std::string note_;
  std::shared_ptr<const merkle::MapTree::View> map_;
};

}  // namespace oppi::ledger
