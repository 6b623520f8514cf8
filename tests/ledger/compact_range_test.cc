#include "ledger/merkle/compact_range.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/ledger/test_tree.h"

namespace oppi::ledger::merkle {
namespace {

using tests::Mth;
using tests::RootOf;
using tests::SomeLeaves;

TEST(CompactRange, TheEmptyRangeHasTheRootOfTheEmptyTree) {
  EXPECT_EQ(CompactRange().Root(), EmptyRoot());
  EXPECT_EQ(CompactRange().size(), TreeSize(0));
}

TEST(CompactRange, EverySizeHasTheRootOfTheRecursiveDefinition) {
  const auto leaves = SomeLeaves(300);
  CompactRange range;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    range.Append(leaves[i]);
    ASSERT_EQ(range.Root(), RootOf(leaves, i + 1)) << "size " << i + 1;
    ASSERT_EQ(range.hashes().size(), static_cast<std::size_t>(std::popcount(i + 1)));
  }
}

RC_GTEST_PROP(CompactRange, ReportsEveryCompleteNodeOnceChildrenFirst, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(1, 200);
  const auto leaves = SomeLeaves(size, *rc::gen::arbitrary<std::uint32_t>());
  std::vector<std::vector<NodeHash>> nodes(64);
  CompactRange range;
  for (const NodeHash& leaf : leaves)
    range.Append(leaf, [&](unsigned level, std::uint64_t index, const NodeHash& node) {
      RC_ASSERT(nodes[level].size() == index);
      RC_ASSERT((level == 0 || nodes[level - 1].size() == 2 * index + 2));
      nodes[level].push_back(node);
    });
  for (unsigned level = 0; level < nodes.size(); ++level) {
    RC_ASSERT(nodes[level].size() == size >> level);
    for (std::uint64_t index = 0; index < nodes[level].size(); ++index)
      RC_ASSERT(nodes[level][index] == Mth(leaves, index << level, (index + 1) << level));
  }
}

RC_GTEST_PROP(CompactRange, ContinuesFromStoredStateAsIfItHadNeverStopped, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(0, 200);
  const auto stop = *rc::gen::inRange<std::uint64_t>(0, size + 1);
  const auto leaves = SomeLeaves(size);
  CompactRange straight;
  CompactRange resumed;
  for (std::uint64_t i = 0; i < size; ++i) {
    if (i == stop) {
      auto stored = CompactRange::From(straight.size(), straight.hashes());
      RC_ASSERT(stored.ok());
      resumed = *stored;
    }
    straight.Append(leaves[i]);
    if (i >= stop) resumed.Append(leaves[i]);
  }
  RC_ASSERT((stop == size || resumed == straight));
  RC_ASSERT(straight.Root() == RootOf(leaves, size));
}

TEST(CompactRange, RefusesStateWithTheWrongNumberOfHashes) {
  EXPECT_FALSE(CompactRange::From(TreeSize(3), std::vector<NodeHash>(1)).ok());
  EXPECT_FALSE(CompactRange::From(TreeSize(3), std::vector<NodeHash>(3)).ok());
  EXPECT_FALSE(CompactRange::From(TreeSize(0), std::vector<NodeHash>(1)).ok());
  const auto refused = CompactRange::From(TreeSize(8), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_TRUE(CompactRange::From(TreeSize(UINT64_MAX), std::vector<NodeHash>(64)).ok());
}

}  // namespace
}  // namespace oppi::ledger::merkle
