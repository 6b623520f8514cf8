#include "ledger/merkle/multi_proof.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "events/tree_hash.h"

namespace oppi::ledger::merkle {
namespace {

/// Where RFC 6962 splits the leaves [begin, end) of more than one.
std::uint64_t Split(std::uint64_t begin, std::uint64_t end) {
  return begin + std::bit_floor(end - begin - 1);
}

template <class Leaf, class IndexOf>
Status CheckOrder(std::span<const Leaf> leaves, TreeSize size, const IndexOf& index_of) {
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (index_of(leaves[i]) >= size.value())
      return InvalidArgument("inclusion proof: an index beyond the tree");
    if (i > 0 && index_of(leaves[i]) <= index_of(leaves[i - 1]))
      return InvalidArgument("inclusion proof: indices are not in order");
  }
  return {};
}

/// Depth 64 at most: a subtree has at most half as many leaves as the one above, rounded up to a
/// power of two.
class Prover {
 public:
  Prover(const NodeReader& read, std::vector<NodeHash>& proof) : read_(read), proof_(proof) {}

  Status Cover(std::uint64_t begin, std::uint64_t end, std::span<const std::uint64_t> wanted) {
    if (wanted.empty()) {
      OPPI_TRY(const NodeHash hash, Hash(begin, end));
      proof_.push_back(hash);
      return {};
    }
    if (end - begin == 1) return {};
    const std::uint64_t split = Split(begin, end);
    const auto right = static_cast<std::size_t>(
        std::lower_bound(wanted.begin(), wanted.end(), split) - wanted.begin());
    OPPI_RETURN_IF_ERROR(Cover(begin, split, wanted.first(right)));
    return Cover(split, end, wanted.subspan(right));
  }

 private:
  Result<NodeHash> Hash(std::uint64_t begin, std::uint64_t end) {
    if (std::has_single_bit(end - begin)) {
      const auto level = static_cast<unsigned>(std::countr_zero(end - begin));
      return read_(level, begin >> level);
    }
    const std::uint64_t split = Split(begin, end);
    OPPI_TRY(const NodeHash left, Hash(begin, split));
    OPPI_TRY(const NodeHash right, Hash(split, end));
    return HashChildren(left, right);
  }

  const NodeReader& read_;
  std::vector<NodeHash>& proof_;
};

class Folder {
 public:
  explicit Folder(std::span<const NodeHash> proof) : proof_(proof) {}

  Result<NodeHash> Root(std::uint64_t begin, std::uint64_t end,
                        std::span<const ProvedLeaf> leaves) {
    if (leaves.empty()) {
      if (next_ == proof_.size()) return InvalidArgument("inclusion proof: a hash is missing");
      return proof_[next_++];
    }
    if (end - begin == 1) return leaves.front().hash;
    const std::uint64_t split = Split(begin, end);
    const auto right = static_cast<std::size_t>(
        std::lower_bound(leaves.begin(), leaves.end(), split,
                         [](const ProvedLeaf& leaf, std::uint64_t at) { return leaf.index < at; }) -
        leaves.begin());
    OPPI_TRY(const NodeHash left_hash, Root(begin, split, leaves.first(right)));
    OPPI_TRY(const NodeHash right_hash, Root(split, end, leaves.subspan(right)));
    return HashChildren(left_hash, right_hash);
  }
  [[nodiscard]] bool done() const { return next_ == proof_.size(); }

 private:
  std::span<const NodeHash> proof_;
  std::size_t next_ = 0;
};

}  // namespace

Result<std::vector<NodeHash>> MultiProof(std::span<const std::uint64_t> indices, TreeSize size,
                                         const NodeReader& read) {
  OPPI_RETURN_IF_ERROR(CheckOrder(indices, size, [](std::uint64_t index) { return index; }));
  if (size.value() == 0) return InvalidArgument("inclusion proof: of an empty tree");
  std::vector<NodeHash> proof;
  OPPI_RETURN_IF_ERROR(Prover(read, proof).Cover(0, size.value(), indices));
  return proof;
}

Result<RootHash> RootOfMultiProof(std::span<const ProvedLeaf> leaves, TreeSize size,
                                  std::span<const NodeHash> proof) {
  OPPI_RETURN_IF_ERROR(CheckOrder(leaves, size, [](const ProvedLeaf& leaf) { return leaf.index; }));
  if (size.value() == 0) return InvalidArgument("inclusion proof: of an empty tree");
  Folder folder(proof);
  OPPI_TRY(const NodeHash root, folder.Root(0, size.value(), leaves));
  if (!folder.done()) return InvalidArgument("inclusion proof: more hashes than it needs");
  return AsRoot(root);
}

}  // namespace oppi::ledger::merkle
