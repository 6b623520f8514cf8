#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "events/check.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "events/tree_hash.h"

/// The roots of the perfect subtrees of a tree of some size, largest first: all that appending and
/// the root need (RFC 6962 section 2.1). At most 64 hashes.

namespace oppi::ledger::merkle {

/// A value. One thread at a time.
/// I1. hashes_ has one hash per set bit of size_, that of the highest bit first.
class CompactRange {
 public:
  CompactRange() = default;
  /// From stored state. Errors: kInvalidArgument unless there is one hash per set bit of `size`.
  [[nodiscard]] static Result<CompactRange> From(TreeSize size, std::vector<NodeHash> hashes);

  /// Appends one leaf hash. Requires size() < 2^64 - 1.
  void Append(const NodeHash& leaf) {
    Append(leaf, [](unsigned, std::uint64_t, const NodeHash&) {});
  }
  /// The same; `on_node(level, index, hash)` sees every node that became complete, the leaf (level
  /// 0) included, leaf first: what a tile writer stores. A template, so that the call is inlined.
  template <class OnNode>
  void Append(const NodeHash& leaf, OnNode&& on_node);

  [[nodiscard]] TreeSize size() const { return size_; }
  [[nodiscard]] const std::vector<NodeHash>& hashes() const { return hashes_; }
  /// Merkle tree hash of everything appended; EmptyRoot() of nothing.
  [[nodiscard]] RootHash Root() const;

  friend bool operator==(const CompactRange&, const CompactRange&) = default;

 private:
  TreeSize size_{0};
  std::vector<NodeHash> hashes_;
};

template <class OnNode>
void CompactRange::Append(const NodeHash& leaf, OnNode&& on_node) {
  OPPI_CHECK(size_.value() < std::numeric_limits<std::uint64_t>::max());
  std::uint64_t index = size_.value();
  NodeHash node = leaf;
  on_node(0U, index, static_cast<const NodeHash&>(node));
  // The new leaf completes one subtree for every trailing set bit of the old size.
  for (unsigned level = 1; (index & 1) != 0; ++level) {
    node = HashChildren(hashes_.back(), node);
    hashes_.pop_back();
    index >>= 1;
    on_node(level, index, static_cast<const NodeHash&>(node));
  }
  hashes_.push_back(node);
  size_ = TreeSize(size_.value() + 1);
}

}  // namespace oppi::ledger::merkle
