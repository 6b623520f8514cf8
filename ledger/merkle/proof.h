#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"

/// Inclusion and consistency proofs: RFC 6962 section 2.1, verified as in RFC 9162 section 2.1.3.2
/// and 2.1.4.2, lengths checked before anything is hashed. Pure functions, any thread.
///
/// A proof binds leaf, index and root, but not the size: the same path may lead to the same root in
/// trees of two sizes. So size and root must come from one signed checkpoint, never from the
/// proof's bearer.

namespace oppi::ledger::merkle {

/// The hash of a complete node: `level` 0 is leaf hashes; node (l, i) covers leaves [i*2^l,
/// (i+1)*2^l).
using NodeReader = std::function<Result<NodeHash>(unsigned level, std::uint64_t index)>;

/// Root of the first `size` leaves, from complete nodes.
[[nodiscard]] Result<RootHash> RootAt(TreeSize size, const NodeReader& read);
/// Leaf sibling first, up to the root's child. Errors: kInvalidArgument if index >= size.
[[nodiscard]] Result<std::vector<NodeHash>> InclusionProof(LeafIndex index, TreeSize size,
                                                           const NodeReader& read);
/// Empty when from == to. Errors: kInvalidArgument unless 0 < from <= to.
[[nodiscard]] Result<std::vector<NodeHash>> ConsistencyProof(TreeSize from, TreeSize to,
                                                             const NodeReader& read);

[[nodiscard]] Status VerifyInclusion(LeafIndex index, TreeSize size, const NodeHash& leaf,
                                     const std::vector<NodeHash>& proof, const RootHash& root);
/// Strict: from == 0 is an error even when the roots are equal (a witness handles 0 itself).
[[nodiscard]] Status VerifyConsistency(TreeSize from, TreeSize to,
                                       const std::vector<NodeHash>& proof,
                                       const RootHash& from_root, const RootHash& to_root);

}  // namespace oppi::ledger::merkle
