#include "ledger/merkle/multi_proof.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/ledger/test_tree.h"

/// One proof for many leaves, against trees by the recursive definition.

namespace oppi::ledger::merkle {
namespace {

std::vector<ProvedLeaf> Pick(const std::vector<NodeHash>& leaves, const std::vector<std::uint64_t>& indices) {
  std::vector<ProvedLeaf> picked;
  for (const std::uint64_t index : indices) picked.push_back({index, leaves[index]});
  return picked;
}

TEST(MultiProof, EverySetOfLeavesOfEverySmallTree) {
  const auto leaves = tests::SomeLeaves(9);
  for (std::uint64_t size = 1; size <= 9; ++size) {
    const std::vector<NodeHash> some(leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(size));
    for (std::uint64_t set = 1; set < (std::uint64_t{1} << size); ++set) {
      std::vector<std::uint64_t> indices;
      for (std::uint64_t i = 0; i < size; ++i)
        if ((set >> i & 1) != 0) indices.push_back(i);
      const auto proof = MultiProof(indices, TreeSize(size), oppi::tests::ReaderOf(some));
      ASSERT_TRUE(proof.ok()) << proof.error().message;
      const auto root = RootOfMultiProof(Pick(some, indices), TreeSize(size), *proof);
      ASSERT_TRUE(root.ok()) << root.error().message;
      EXPECT_EQ(*root, tests::RootOf(some, size));
    }
  }
}

TEST(MultiProof, OfOneLeafHasTheHashesOfItsPath) {
  const auto leaves = tests::SomeLeaves(100);
  for (const std::uint64_t index : {0U, 17U, 64U, 99U}) {
    auto proof = MultiProof(std::vector<std::uint64_t>{index}, TreeSize(100), oppi::tests::ReaderOf(leaves)).value();
    auto path = tests::Path(leaves, index, 0, 100);
    std::sort(proof.begin(), proof.end());
    std::sort(path.begin(), path.end());
    EXPECT_EQ(proof, path);
  }
}

TEST(MultiProof, WhatIsAlteredGivesNoRootOrAnother) {
  const auto leaves = tests::SomeLeaves(1000);
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < 1000; ++i)
    if (random() % 20 == 0) indices.push_back(i);
  const auto picked = Pick(leaves, indices);
  const auto proof = MultiProof(indices, TreeSize(1000), oppi::tests::ReaderOf(leaves)).value();
  const RootHash root = tests::RootOf(leaves, 1000);
  const auto refused = [&](const std::vector<ProvedLeaf>& some, const std::vector<NodeHash>& hashes, std::uint64_t size) {
    const auto got = RootOfMultiProof(some, TreeSize(size), hashes);
    return !got.ok() || *got != root;
  };
  ASSERT_FALSE(refused(picked, proof, 1000));
  for (std::size_t i = 0; i < proof.size(); ++i) {
    auto bad = proof;
    bad[i].bytes[random() % 32] ^= 1;
    EXPECT_TRUE(refused(picked, bad, 1000));
    bad = proof;
    bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refused(picked, bad, 1000));
    bad = proof;
    bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(i), bad[i]);
    EXPECT_TRUE(refused(picked, bad, 1000));
  }
  for (std::size_t i = 0; i < picked.size(); ++i) {
    auto bad = picked;
    bad[i].hash.bytes[0] ^= 1;
    EXPECT_TRUE(refused(bad, proof, 1000));
    bad = picked;
    bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refused(bad, proof, 1000));
  }
}

TEST(MultiProof, IndicesOutOfOrderOrBeyondTheTreeAreRefused) {
  const auto leaves = tests::SomeLeaves(8);
  for (const auto& indices : {std::vector<std::uint64_t>{8}, {3, 3}, {4, 2}}) {
    EXPECT_FALSE(MultiProof(indices, TreeSize(8), oppi::tests::ReaderOf(leaves)).ok());
    std::vector<ProvedLeaf> picked;
    for (const std::uint64_t index : indices) picked.push_back({index, leaves[index % 8]});
    EXPECT_FALSE(RootOfMultiProof(picked, TreeSize(8), {}).ok());
  }
  EXPECT_FALSE(MultiProof({}, TreeSize(0), oppi::tests::ReaderOf(leaves)).ok());
  EXPECT_FALSE(RootOfMultiProof({}, TreeSize(0), {}).ok());
}

}  // namespace
}  // namespace oppi::ledger::merkle
