#include <gtest/gtest.h>

#include "events/tree_hash.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/merkle/mpt.h"
#include "ledger/merkle/proof.h"
#include "tests/support/vectors.h"

namespace oppi::ledger::merkle {
namespace {

using tests::FilesBelow;
using tests::FromVector;
using tests::ReadJson;
using tests::VectorPath;

/// The hashes of a proof; nullopt when one is not 32 bytes, which a caller must refuse.
std::optional<std::vector<NodeHash>> Hashes(const nlohmann::json& proof) {
  std::vector<NodeHash> hashes;
  if (proof.is_null()) return hashes;
  for (const auto& element : proof) {
    const auto hash = NodeHash::From(FromVector(element));
    if (!hash) return std::nullopt;
    hashes.push_back(*hash);
  }
  return hashes;
}

TEST(MerkleVectors, EveryInclusionProbeGetsItsVerdict) {
  OPPI_NEEDS_VECTORS("transparency-dev-merkle");
  int probes = 0;
  for (const auto& file : FilesBelow(VectorPath("transparency-dev-merkle/testdata/inclusion"))) {
    SCOPED_TRACE(file);
    const auto probe = ReadJson(file);
    const auto leaf = NodeHash::From(FromVector(probe.at("leafHash")));
    const auto root = RootHash::From(FromVector(probe.at("root")));
    const auto proof = Hashes(probe.at("proof"));
    const bool good =
        leaf && root && proof &&
        VerifyInclusion(LeafIndex(probe.at("leafIdx").get<std::uint64_t>()),
                        TreeSize(probe.at("treeSize").get<std::uint64_t>()), *leaf, *proof, *root)
            .ok();
    EXPECT_EQ(good, !probe.at("wantErr").get<bool>());
    ++probes;
  }
  EXPECT_GT(probes, 30);
}

TEST(MerkleVectors, EveryConsistencyProbeGetsItsVerdict) {
  OPPI_NEEDS_VECTORS("transparency-dev-merkle");
  int probes = 0;
  for (const auto& file : FilesBelow(VectorPath("transparency-dev-merkle/testdata/consistency"))) {
    SCOPED_TRACE(file);
    const auto probe = ReadJson(file);
    const auto root1 = RootHash::From(FromVector(probe.at("root1")));
    const auto root2 = RootHash::From(FromVector(probe.at("root2")));
    const auto proof = Hashes(probe.at("proof"));
    const bool good =
        root1 && root2 && proof &&
        VerifyConsistency(TreeSize(probe.at("size1").get<std::uint64_t>()),
                          TreeSize(probe.at("size2").get<std::uint64_t>()), *proof, *root1, *root2)
            .ok();
    EXPECT_EQ(good, !probe.at("wantErr").get<bool>());
    ++probes;
  }
  EXPECT_GT(probes, 30);
}

TEST(MerkleVectors, TheReferenceTreeHasTheRootsOfRfc6962) {
  OPPI_NEEDS_VECTORS("transparency-dev-merkle");
  const auto reference =
      ReadJson(VectorPath("transparency-dev-merkle/rfc6962-reference-8-leaf.json"));
  CompactRange range;
  EXPECT_EQ(range.Root().hex(), reference.at("empty_root_hex"));
  const auto& leaves = reference.at("leaves_hex");
  const auto& roots = reference.at("roots_hex_by_size_1_to_8");
  ASSERT_EQ(leaves.size(), 8U);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    range.Append(HashLeaf(*FromHex(leaves[i].get<std::string>())));
    EXPECT_EQ(range.Root().hex(), roots[i]) << "size " << i + 1;
  }
}

std::vector<MapEntry> SortedEntries(const nlohmann::json& leaves) {
  std::vector<MapEntry> entries;
  for (const auto& leaf : leaves)
    entries.push_back(
        {*MapKey::From(FromVector(leaf.at("key"))), *MapValue::From(FromVector(leaf.at("value")))});
  std::sort(entries.begin(), entries.end(),
            [](const MapEntry& a, const MapEntry& b) { return a.key < b.key; });
  return entries;
}

std::vector<nlohmann::json> MapVectors(const std::string& name) {
  std::vector<nlohmann::json> vectors;
  const auto file = VectorPath("waict-mpt/merkle-patricia-tree-tests/" + name);
  for (const std::string& line : tests::Lines(tests::ReadFile(file)))
    vectors.push_back(nlohmann::json::parse(line));
  return vectors;
}

TEST(MapVectors, EveryKnownRootIsComputed) {
  OPPI_NEEDS_VECTORS("waict-mpt");
  const auto vectors = MapVectors("mpt_root_kats.jsonl");
  EXPECT_EQ(vectors.size(), 24U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.at("label"));
    const auto root = RootOfMap(SortedEntries(vector.at("leaves")));
    ASSERT_TRUE(root.ok());
    EXPECT_EQ(root->base64(), vector.at("root"));
  }
}

TEST(MapVectors, EveryKnownInclusionProofIsMadeByteForByteAndVerifies) {
  OPPI_NEEDS_VECTORS("waict-mpt");
  const auto vectors = MapVectors("mpt_inclusion_kats.jsonl");
  EXPECT_EQ(vectors.size(), 36U);
  for (const auto& vector : vectors) {
    SCOPED_TRACE(vector.at("label"));
    const auto& leaf = vector.at("leaves").at(vector.at("target_index").get<std::size_t>());
    const MapEntry target{*MapKey::From(FromVector(leaf.at("key"))),
                          *MapValue::From(FromVector(leaf.at("value")))};
    const auto path = ProveMapInclusion(SortedEntries(vector.at("leaves")), target.key);
    ASSERT_TRUE(path.ok());
    // The vectors put a header and the value before the path.
    EXPECT_EQ("mptproof\x01" + Bytes(target.value.view()) + EncodeMapPath(*path),
              FromVector(vector.at("proof")));
    const auto root = *MapRoot::From(FromVector(vector.at("root")));
    EXPECT_TRUE(VerifyMapInclusion(target, *path, root).ok());
  }
}

}  // namespace
}  // namespace oppi::ledger::merkle
