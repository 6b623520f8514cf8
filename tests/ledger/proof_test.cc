#include "ledger/merkle/proof.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "ledger/merkle/compact_range.h"
#include "tests/ledger/test_tree.h"

namespace oppi::ledger::merkle {
namespace {

using tests::Path;
using tests::ReaderOf;
using tests::RootOf;
using tests::SomeLeaves;
using tests::SubProof;

TEST(MerkleProof, TheRootOfEverySizeIsThatOfTheRecursiveDefinition) {
  const auto leaves = SomeLeaves(100);
  for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
    const auto root = RootAt(TreeSize(size), ReaderOf(leaves));
    ASSERT_TRUE(root.ok());
    EXPECT_EQ(*root, RootOf(leaves, size));
  }
}

TEST(MerkleProof, EveryInclusionProofIsTheRecursivePathAndVerifies) {
  const auto leaves = SomeLeaves(70);
  for (std::uint64_t size = 1; size <= leaves.size(); ++size)
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = InclusionProof(LeafIndex(index), TreeSize(size), ReaderOf(leaves));
      ASSERT_TRUE(proof.ok());
      ASSERT_EQ(*proof, Path(leaves, index, 0, size)) << index << " in " << size;
      const auto root = RootOf(leaves, size);
      ASSERT_TRUE(
          VerifyInclusion(LeafIndex(index), TreeSize(size), leaves[index], *proof, root).ok())
          << index << " in " << size;
    }
}

TEST(MerkleProof, EveryConsistencyProofIsTheRecursiveSubproofAndVerifies) {
  const auto leaves = SomeLeaves(70);
  for (std::uint64_t to = 1; to <= leaves.size(); ++to)
    for (std::uint64_t from = 1; from <= to; ++from) {
      const auto proof = ConsistencyProof(TreeSize(from), TreeSize(to), ReaderOf(leaves));
      ASSERT_TRUE(proof.ok());
      ASSERT_EQ(*proof, SubProof(leaves, from, 0, to, true)) << from << " to " << to;
      ASSERT_TRUE(VerifyConsistency(TreeSize(from), TreeSize(to), *proof, RootOf(leaves, from),
                                    RootOf(leaves, to))
                      .ok())
          << from << " to " << to;
    }
}

TEST(MerkleProof, NothingIsProvedOfALeafOutsideTheTree) {
  const auto leaves = SomeLeaves(8);
  const auto proof = InclusionProof(LeafIndex(8), TreeSize(8), ReaderOf(leaves));
  ASSERT_FALSE(proof.ok());
  EXPECT_EQ(proof.error().code, Code::kInvalidArgument);
  EXPECT_FALSE(InclusionProof(LeafIndex(0), TreeSize(0), ReaderOf(leaves)).ok());
  EXPECT_FALSE(VerifyInclusion(LeafIndex(1), TreeSize(1), leaves[0], {}, AsRoot(leaves[0])).ok());
  EXPECT_FALSE(VerifyInclusion(LeafIndex(0), TreeSize(0), leaves[0], {}, EmptyRoot()).ok());
}

TEST(MerkleProof, ConsistencyFromSizeZeroAndBackwardsAreErrors) {
  const auto leaves = SomeLeaves(8);
  EXPECT_FALSE(ConsistencyProof(TreeSize(0), TreeSize(8), ReaderOf(leaves)).ok());
  EXPECT_FALSE(ConsistencyProof(TreeSize(5), TreeSize(4), ReaderOf(leaves)).ok());
  EXPECT_FALSE(VerifyConsistency(TreeSize(0), TreeSize(0), {}, EmptyRoot(), EmptyRoot()).ok());
  EXPECT_FALSE(
      VerifyConsistency(TreeSize(0), TreeSize(8), {}, EmptyRoot(), RootOf(leaves, 8)).ok());
  EXPECT_FALSE(
      VerifyConsistency(TreeSize(5), TreeSize(4), {}, RootOf(leaves, 5), RootOf(leaves, 4)).ok());
}

TEST(MerkleProof, AnErrorOfTheReaderIsPassedOn) {
  const NodeReader broken = [](unsigned, std::uint64_t) -> Result<NodeHash> {
    return DataLoss("gone");
  };
  const auto inclusion = InclusionProof(LeafIndex(3), TreeSize(8), broken);
  ASSERT_FALSE(inclusion.ok());
  EXPECT_EQ(inclusion.error().code, Code::kDataLoss);
  const auto consistency = ConsistencyProof(TreeSize(3), TreeSize(8), broken);
  ASSERT_FALSE(consistency.ok());
  EXPECT_EQ(consistency.error().code, Code::kDataLoss);
  EXPECT_FALSE(RootAt(TreeSize(8), broken).ok());
}

/// One thing done to a list of hashes that changes it; false when it cannot be done to this list.
bool Mutate(std::vector<NodeHash>& proof) {
  const auto before = proof;
  const auto kind = *rc::gen::inRange(0, 5);
  const auto any = [&](std::size_t n) { return *rc::gen::inRange<std::size_t>(0, n); };
  NodeHash stranger;
  stranger.bytes[0] = 0xaa;
  if (kind == 0) {
    proof.insert(proof.begin() + static_cast<std::ptrdiff_t>(any(proof.size() + 1)), stranger);
  } else if (proof.empty()) {
    return false;
  } else if (kind == 1) {
    proof[any(proof.size())].bytes[any(kDigestBytes)] ^= static_cast<unsigned char>(1U << any(8));
  } else if (kind == 2) {
    proof.erase(proof.begin() + static_cast<std::ptrdiff_t>(any(proof.size())));
  } else if (kind == 3) {
    std::swap(proof[any(proof.size())], proof[any(proof.size())]);
  } else {
    const NodeHash copy = proof[any(proof.size())];
    proof.insert(proof.begin() + static_cast<std::ptrdiff_t>(any(proof.size() + 1)), copy);
  }
  return proof != before;
}

RC_GTEST_PROP(MerkleProof, AnInclusionProofThatIsChangedDoesNotVerify, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(1, 300);
  const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
  const auto leaves = SomeLeaves(size, *rc::gen::arbitrary<std::uint32_t>());
  const auto root = RootOf(leaves, size);
  auto proof = *InclusionProof(LeafIndex(index), TreeSize(size), ReaderOf(leaves));
  RC_ASSERT(VerifyInclusion(LeafIndex(index), TreeSize(size), leaves[index], proof, root).ok());

  // Another position, leaf or root.
  const auto other = *rc::gen::inRange<std::uint64_t>(0, size);
  if (other != index) {
    RC_ASSERT(!VerifyInclusion(LeafIndex(other), TreeSize(size), leaves[index], proof, root).ok());
    RC_ASSERT(!VerifyInclusion(LeafIndex(index), TreeSize(size), leaves[other], proof, root).ok());
  }
  RootHash other_root = root;
  other_root.bytes[*rc::gen::inRange<std::size_t>(0, kDigestBytes)] ^= 0x10;
  RC_ASSERT(
      !VerifyInclusion(LeafIndex(index), TreeSize(size), leaves[index], proof, other_root).ok());
  RC_PRE(Mutate(proof));
  RC_ASSERT(!VerifyInclusion(LeafIndex(index), TreeSize(size), leaves[index], proof, root).ok());
}

RC_GTEST_PROP(MerkleProof, AConsistencyProofThatIsChangedDoesNotVerify, ()) {
  const auto to = *rc::gen::inRange<std::uint64_t>(1, 300);
  const auto from = *rc::gen::inRange<std::uint64_t>(1, to + 1);
  const auto leaves = SomeLeaves(to, *rc::gen::arbitrary<std::uint32_t>());
  const auto old_root = RootOf(leaves, from);
  const auto new_root = RootOf(leaves, to);
  auto proof = *ConsistencyProof(TreeSize(from), TreeSize(to), ReaderOf(leaves));
  RC_ASSERT(VerifyConsistency(TreeSize(from), TreeSize(to), proof, old_root, new_root).ok());

  // A log whose history was rewritten.
  auto rewritten = leaves;
  rewritten[*rc::gen::inRange<std::uint64_t>(0, from)].bytes[3] ^= 1;
  RC_ASSERT(
      !VerifyConsistency(TreeSize(from), TreeSize(to), proof, RootOf(rewritten, from), new_root)
           .ok());
  RC_ASSERT(!VerifyConsistency(TreeSize(from), TreeSize(to), proof, old_root, RootOf(rewritten, to))
                 .ok());
  RC_PRE(Mutate(proof));
  RC_ASSERT(!VerifyConsistency(TreeSize(from), TreeSize(to), proof, old_root, new_root).ok());
}

/// Proofs in trees too large to build: all leaves are equal, so a node depends on its level alone.
class UniformTree {
 public:
  UniformTree() {
    nodes_[0] = HashLeaf("same");
    for (std::size_t level = 1; level < nodes_.size(); ++level)
      nodes_[level] = HashChildren(nodes_[level - 1], nodes_[level - 1]);
  }
  [[nodiscard]] NodeReader reader() const {
    return [this](unsigned level, std::uint64_t) -> Result<NodeHash> { return nodes_.at(level); };
  }
  [[nodiscard]] const NodeHash& leaf() const { return nodes_[0]; }

 private:
  std::array<NodeHash, 64> nodes_;
};

/// A size around a power of two, where sums could overflow, or any other up to 2^64 - 1.
std::uint64_t SomeLargeSize() {
  const auto shift = *rc::gen::inRange(0, 64);
  const auto noise = *rc::gen::arbitrary<std::uint64_t>();
  const auto near = (std::uint64_t{1} << shift) + *rc::gen::inRange<std::uint64_t>(0, 3) - 1;
  const auto size = *rc::gen::element(near, noise >> shift, UINT64_MAX);
  return std::max<std::uint64_t>(size, 1);
}

RC_GTEST_PROP(MerkleProof, WorksUpToTheLargestSize, ()) {
  const UniformTree tree;
  const std::uint64_t size = SomeLargeSize();
  const std::uint64_t index = *rc::gen::arbitrary<std::uint64_t>() % size;
  const auto root = *RootAt(TreeSize(size), tree.reader());
  const auto proof = *InclusionProof(LeafIndex(index), TreeSize(size), tree.reader());
  RC_ASSERT(proof.size() <= 64U);
  RC_ASSERT(VerifyInclusion(LeafIndex(index), TreeSize(size), tree.leaf(), proof, root).ok());

  const std::uint64_t from = SomeLargeSize() % size + 1;
  const auto consistency = *ConsistencyProof(TreeSize(from), TreeSize(size), tree.reader());
  const auto old_root = *RootAt(TreeSize(from), tree.reader());
  RC_ASSERT(VerifyConsistency(TreeSize(from), TreeSize(size), consistency, old_root, root).ok());
}

}  // namespace
}  // namespace oppi::ledger::merkle
