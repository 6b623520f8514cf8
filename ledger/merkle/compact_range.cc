#include "ledger/merkle/compact_range.h"

#include <utility>

namespace oppi::ledger::merkle {

Result<CompactRange> CompactRange::From(TreeSize size, std::vector<NodeHash> hashes) {
  const auto expected = static_cast<std::size_t>(std::popcount(size.value()));
  if (hashes.size() != expected)
    return InvalidArgument("compact range: " + std::to_string(hashes.size()) + " hashes, size " +
                           std::to_string(size.value()) + " has " + std::to_string(expected));
  CompactRange range;
  range.size_ = size;
  range.hashes_ = std::move(hashes);
  return range;
}

RootHash CompactRange::Root() const {
  if (hashes_.empty()) return EmptyRoot();
  NodeHash node = hashes_.back();
  for (std::size_t i = hashes_.size() - 1; i-- > 0;) node = HashChildren(hashes_[i], node);
  return AsRoot(node);
}

}  // namespace oppi::ledger::merkle
