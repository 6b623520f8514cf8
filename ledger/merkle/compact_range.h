#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"

/// The roots of the perfect subtrees of a tree of some size, largest first: all that appending and
/// the root need. At most 64 hashes.

namespace oppi::ledger::merkle {

class CompactRange {
 public:
  CompactRange() = default;
  /// From stored state. Errors: kInvalidArgument unless there is one hash per set bit of `size`.
  [[nodiscard]] static Result<CompactRange> From(TreeSize size, std::vector<NodeHash> hashes);

  /// Appends one leaf hash. `on_node(level, index, hash)`, if given, sees every node that became
  /// complete, the leaf (level 0) included: what a tile writer stores.
  void Append(const NodeHash& leaf,
              const std::function<void(unsigned level, std::uint64_t index, const NodeHash&)>& on_node = {});
  [[nodiscard]] TreeSize size() const { return size_; }
  [[nodiscard]] const std::vector<NodeHash>& hashes() const { return hashes_; }
  [[nodiscard]] RootHash Root() const;

  friend bool operator==(const CompactRange&, const CompactRange&) = default;

 private:
  TreeSize size_{0};
  std::vector<NodeHash> hashes_;
};

}  // namespace oppi::ledger::merkle
