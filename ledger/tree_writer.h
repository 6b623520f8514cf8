#pragma once

#include <vector>

#include "events/ordinal.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/leaf.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/store.h"

/// Appends leaves: entry bundles, hash tiles, tree state. Owned by the writer thread.

namespace oppi::ledger {

class TreeWriter {
 public:
  /// From the store's tree state; an empty store gives an empty tree. Re-reads the right edge and
  /// hashes it again: kDataLoss when it does not give the stored root.
  [[nodiscard]] static Result<TreeWriter> Open(const Store& store);

  [[nodiscard]] TreeSize size() const { return range_.size(); }
  [[nodiscard]] RootHash Root() const { return range_.Root(); }
  [[nodiscard]] Instant last_recorded() const { return last_recorded_; }
  [[nodiscard]] LeafIndex next() const { return NextIndex(size()); }
  /// R of the next leaf: max(clock, previous R + 1 us).
  [[nodiscard]] Instant NextRecorded(Instant clock) const;

  /// Rows of full bundles and tiles go to `writes` at once.
  LeafIndex Append(const Leaf& leaf, WriteBatch& writes);
  /// The partial right edge and the tree state: call once, at the end of a commit.
  void Finish(WriteBatch& writes);

 private:
  TreeWriter() = default;
  void FlushBundle(WriteBatch& writes);

  merkle::CompactRange range_;
  Instant last_recorded_{kInstantMin};
  std::vector<Bytes> edge_;        // hashes of the partial tile of each level
  std::vector<bool> edge_dirty_;
  std::uint64_t chunk_start_ = 0;  // leaves appended since the last flush
  Bytes chunk_;
};

/// Tree state row, for the log view and fsck.
struct TreeState {
  TreeSize size{0};
  Instant last_recorded{};
  RootHash root{};
};
[[nodiscard]] Result<std::optional<TreeState>> ReadTreeState(const Store& store);
[[nodiscard]] Bytes TileKey(unsigned level, std::uint64_t index);

}  // namespace oppi::ledger
