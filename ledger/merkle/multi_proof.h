#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/merkle/proof.h"

/// One inclusion proof for many leaves of one RFC 6962 tree: the hashes of the greatest subtrees
/// that hold none of them, left to right. What two leaves share is there once, and no hash is there
/// that the leaves give (docs/wire-format.md, evidence). Pure functions, any thread.
///
/// As with every inclusion proof, size and root must come from one signed checkpoint.

namespace oppi::ledger::merkle {

struct ProvedLeaf {
  std::uint64_t index = 0;
  NodeHash hash;
};

/// Errors: kInvalidArgument unless the indices strictly ascend and lie below `size`.
[[nodiscard]] Result<std::vector<NodeHash>> MultiProof(std::span<const std::uint64_t> indices,
                                                       TreeSize size, const NodeReader& read);
/// The root that leaves and proof give. Errors: kInvalidArgument as above, for an empty tree, and
/// unless every hash of the proof is used and none is missing.
[[nodiscard]] Result<RootHash> RootOfMultiProof(std::span<const ProvedLeaf> leaves, TreeSize size,
                                                std::span<const NodeHash> proof);

}  // namespace oppi::ledger::merkle
