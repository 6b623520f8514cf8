#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/tree_hash.h"
#include "ledger/merkle/proof.h"

/// Merkle trees by RFC 6962's recursive definition, word for word: slow, and plainly right.

namespace oppi::tests {

/// Tree hash of leaves[begin, end); requires one or more.
inline NodeHash Mth(const std::vector<NodeHash>& leaves, std::uint64_t begin, std::uint64_t end) {
  if (end - begin == 1) return leaves[begin];
  std::uint64_t k = 1;
  while (2 * k < end - begin) k *= 2;
  return HashChildren(Mth(leaves, begin, begin + k), Mth(leaves, begin + k, end));
}

inline RootHash RootOf(const std::vector<NodeHash>& leaves, std::uint64_t size) {
  return size == 0 ? EmptyRoot() : AsRoot(Mth(leaves, 0, size));
}

/// PATH(m, D[begin:end]) of section 2.1.1.
inline std::vector<NodeHash> Path(const std::vector<NodeHash>& leaves, std::uint64_t m,
                                  std::uint64_t begin, std::uint64_t end) {
  if (end - begin == 1) return {};
  std::uint64_t k = 1;
  while (2 * k < end - begin) k *= 2;
  std::vector<NodeHash> path;
  if (m < k) {
    path = Path(leaves, m, begin, begin + k);
    path.push_back(Mth(leaves, begin + k, end));
  } else {
    path = Path(leaves, m - k, begin + k, end);
    path.push_back(Mth(leaves, begin, begin + k));
  }
  return path;
}

/// SUBPROOF(m, D[begin:end], whole) of section 2.1.2.
inline std::vector<NodeHash> SubProof(const std::vector<NodeHash>& leaves, std::uint64_t m,
                                      std::uint64_t begin, std::uint64_t end, bool whole) {
  if (m == end - begin) {
    if (whole) return {};
    return {Mth(leaves, begin, end)};
  }
  std::uint64_t k = 1;
  while (2 * k < end - begin) k *= 2;
  std::vector<NodeHash> path;
  if (m <= k) {
    path = SubProof(leaves, m, begin, begin + k, whole);
    path.push_back(Mth(leaves, begin + k, end));
  } else {
    path = SubProof(leaves, m - k, begin + k, end, false);
    path.push_back(Mth(leaves, begin, begin + k));
  }
  return path;
}

/// Leaf hashes of the entries "<salt>/0", "<salt>/1", ...
inline std::vector<NodeHash> SomeLeaves(std::uint64_t count, std::uint32_t salt = 0) {
  std::vector<NodeHash> leaves;
  for (std::uint64_t i = 0; i < count; ++i)
    leaves.push_back(HashLeaf(std::to_string(salt) + "/" + std::to_string(i)));
  return leaves;
}

/// Reads complete nodes of the tree of all `leaves`; kNotFound beyond it. Keeps a reference.
inline ledger::merkle::NodeReader ReaderOf(const std::vector<NodeHash>& leaves) {
  return [&leaves](unsigned level, std::uint64_t index) -> Result<NodeHash> {
    const std::uint64_t width = std::uint64_t{1} << level;
    if ((index + 1) * width > leaves.size()) return NotFound("no such node");
    return Mth(leaves, index * width, (index + 1) * width);
  };
}

}  // namespace oppi::tests
