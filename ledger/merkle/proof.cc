#include "ledger/merkle/proof.h"

#include <algorithm>
#include <bit>
#include <string>

#include "events/tree_hash.h"

namespace oppi::ledger::merkle {
namespace {

/// Tree hash of the leaves [begin, end), not empty, where `begin` is a multiple of a power of two
/// that is at least end - begin: true of every subtree of RFC 6962's definition.
Result<NodeHash> SubtreeHash(std::uint64_t begin, std::uint64_t end, const NodeReader& read) {
  std::vector<NodeHash> perfect;  // largest first, as in a compact range
  while (begin < end) {
    const auto level = static_cast<unsigned>(std::bit_width(end - begin) - 1);
    OPPI_TRY(const NodeHash node, read(level, begin >> level));
    perfect.push_back(node);
    begin += std::uint64_t{1} << level;
  }
  NodeHash hash = perfect.back();
  for (std::size_t i = perfect.size() - 1; i-- > 0;) hash = HashChildren(perfect[i], hash);
  return hash;
}

/// Where RFC 6962 splits the leaves [begin, end) of more than one: largest power of two below the
/// count.
std::uint64_t Split(std::uint64_t begin, std::uint64_t end) {
  return begin + std::bit_floor(end - begin - 1);
}

/// How many hashes the path from `index` to the root of `size` leaves has: those below the level
/// where it leaves the right edge of the tree, and those on the right edge.
struct PathLength {
  unsigned inner;
  unsigned border;
};
PathLength LengthOfPath(std::uint64_t index, std::uint64_t size) {
  const auto inner = static_cast<unsigned>(std::bit_width(index ^ (size - 1)));
  const std::uint64_t above = inner < 64 ? index >> inner : 0;
  return {inner, static_cast<unsigned>(std::popcount(above))};
}

Error WrongLength(const char* what, std::size_t got, std::size_t expected) {
  return InvalidArgument(std::string(what) + " proof: " + std::to_string(got) +
                         " hashes, expected " + std::to_string(expected));
}

}  // namespace

Result<RootHash> RootAt(TreeSize size, const NodeReader& read) {
  if (size.value() == 0) return EmptyRoot();
  OPPI_TRY(const NodeHash root, SubtreeHash(0, size.value(), read));
  return AsRoot(root);
}

Result<std::vector<NodeHash>> InclusionProof(LeafIndex index, TreeSize size,
                                             const NodeReader& read) {
  if (!Contains(size, index))
    return InvalidArgument("inclusion proof: leaf " + std::to_string(index.value()) +
                           " is not in a tree of size " + std::to_string(size.value()));
  // PATH(m, D[n]) of RFC 6962 section 2.1.1, from the root down, turned round at the end.
  std::vector<NodeHash> path;
  std::uint64_t begin = 0;
  std::uint64_t end = size.value();
  while (end - begin > 1) {
    const std::uint64_t middle = Split(begin, end);
    const bool left = index.value() < middle;
    OPPI_TRY(const NodeHash sibling,
             left ? SubtreeHash(middle, end, read) : SubtreeHash(begin, middle, read));
    path.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Result<std::vector<NodeHash>> ConsistencyProof(TreeSize from, TreeSize to, const NodeReader& read) {
  if (from.value() == 0 || from > to)
    return InvalidArgument("consistency proof: from size " + std::to_string(from.value()) +
                           " to size " + std::to_string(to.value()));
  // SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2, from the root down; b is `begin == 0`.
  std::vector<NodeHash> path;
  std::uint64_t begin = 0;
  std::uint64_t end = to.value();
  while (from.value() < end) {
    const std::uint64_t middle = Split(begin, end);
    const bool left = from.value() <= middle;
    OPPI_TRY(const NodeHash sibling,
             left ? SubtreeHash(middle, end, read) : SubtreeHash(begin, middle, read));
    path.push_back(sibling);
    (left ? end : begin) = middle;
  }
  if (begin != 0) {
    OPPI_TRY(const NodeHash old_edge, SubtreeHash(begin, end, read));
    path.push_back(old_edge);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Status VerifyInclusion(LeafIndex index, TreeSize size, const NodeHash& leaf,
                       const std::vector<NodeHash>& proof, const RootHash& root) {
  if (!Contains(size, index))
    return InvalidArgument("inclusion proof: leaf " + std::to_string(index.value()) +
                           " is not in a tree of size " + std::to_string(size.value()));
  const auto [inner, border] = LengthOfPath(index.value(), size.value());
  if (proof.size() != inner + border) return WrongLength("inclusion", proof.size(), inner + border);

  // RFC 9162 section 2.1.3.2; its test for a proof that is too long or short was made above.
  std::uint64_t fn = index.value();
  std::uint64_t sn = size.value() - 1;
  NodeHash hash = leaf;
  for (const NodeHash& sibling : proof) {
    if ((fn & 1) != 0 || fn == sn) {
      hash = HashChildren(sibling, hash);
      for (; (fn & 1) == 0 && fn != 0; fn >>= 1, sn >>= 1) {
      }
    } else {
      hash = HashChildren(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (AsRoot(hash) != root) return InvalidArgument("inclusion proof: leads to another root");
  return {};
}

Status VerifyConsistency(TreeSize from, TreeSize to, const std::vector<NodeHash>& proof,
                         const RootHash& from_root, const RootHash& to_root) {
  if (from.value() == 0 || from > to)
    return InvalidArgument("consistency proof: from size " + std::to_string(from.value()) +
                           " to size " + std::to_string(to.value()));
  if (from == to) {
    if (!proof.empty()) return WrongLength("consistency", proof.size(), 0);
    if (from_root != to_root) return InvalidArgument("consistency proof: one size, two roots");
    return {};
  }
  // The path starts at the largest subtree that ends the old tree; if that is the whole old tree,
  // its root is known and left out of the proof.
  const auto shift = static_cast<unsigned>(std::countr_zero(from.value()));
  const bool whole = std::has_single_bit(from.value());
  const auto [inner, border] = LengthOfPath(from.value() - 1, to.value());
  const std::size_t expected = inner - shift + border + (whole ? 0 : 1);
  if (proof.size() != expected) return WrongLength("consistency", proof.size(), expected);

  // RFC 9162 section 2.1.4.2.
  std::uint64_t fn = (from.value() - 1) >> shift;
  std::uint64_t sn = (to.value() - 1) >> shift;
  NodeHash old_hash = whole ? AsNode(from_root) : proof.front();
  NodeHash new_hash = old_hash;
  for (std::size_t i = whole ? 0 : 1; i < proof.size(); ++i) {
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = HashChildren(proof[i], old_hash);
      new_hash = HashChildren(proof[i], new_hash);
      for (; (fn & 1) == 0 && fn != 0; fn >>= 1, sn >>= 1) {
      }
    } else {
      new_hash = HashChildren(new_hash, proof[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (AsRoot(old_hash) != from_root)
    return InvalidArgument("consistency proof: leads to another old root");
  if (AsRoot(new_hash) != to_root)
    return InvalidArgument("consistency proof: leads to another new root");
  return {};
}

}  // namespace oppi::ledger::merkle
