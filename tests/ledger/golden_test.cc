#include <gtest/gtest.h>

#include "ledger/merkle/mpt.h"
#include "ledger/merkle/proof.h"
#include "ledger/merkle/tile.h"
#include "ledger/tlog_policy.h"
#include "ledger/tlog_proof.h"
#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"
#include "tests/support/vectors.h"

/// Files under tests/vectors/tlog were made by a program that shares no code with us
/// (tests/interop/make_tlog_vectors.py). What the log writes must be these bytes, today and in
/// every later version: logs and receipts outlive versions.

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kOrigin[] = "oppiloki.example/golden";
constexpr std::uint64_t kSize = 300;
constexpr std::uint64_t kIndex = 257;

std::string Golden(const std::string& name) {
  return tests::ReadFile(std::filesystem::path(OPPI_SOURCE_DIR) / "tests/vectors/tlog" / name);
}

NamedSigningKey LogKey() { return TestKey(kOrigin, 1); }
NamedSigningKey WitnessKey(unsigned char number) {
  return TestKey("witness.example/w" + std::to_string(number),
                 static_cast<unsigned char>(number + 1));
}

std::string Checkpoint300() {
  const auto leaves = tests::SomeLeaves(kSize);
  const std::string text =
      CheckpointText({kOrigin, TreeSize(kSize), tests::RootOf(leaves, kSize), {}});
  return FormatNote({text,
                     {SignNote(text, LogKey()), Cosign(text, WitnessKey(1), 1'767'225'600),
                      Cosign(text, WitnessKey(3), 1'767'225'601)}});
}

TlogProof Receipt257() {
  const auto leaves = tests::SomeLeaves(kSize);
  return {"oppiloki", LeafIndex(kIndex),
          *merkle::InclusionProof(LeafIndex(kIndex), TreeSize(kSize), tests::ReaderOf(leaves)),
          Checkpoint300()};
}

TlogPolicy TwoOfThree() {
  TlogPolicy policy = PolicyOf(LogKey().verifier());
  policy.logs[0].url = "https://oppiloki.example/golden/";
  for (unsigned char number = 1; number <= 3; ++number)
    policy.witnesses.push_back(
        {"w" + std::to_string(number), WitnessKey(number).verifier(kCosignatureType), ""});
  policy.groups.push_back({"two-of-three", 2, {"w1", "w2", "w3"}});
  policy.quorum = "two-of-three";
  return policy;
}

TEST(Golden, TheCheckpointIsWrittenAsEver) { EXPECT_EQ(Checkpoint300(), Golden("checkpoint")); }

TEST(Golden, TheReceiptIsWrittenAsEver) {
  EXPECT_EQ(FormatTlogProof(Receipt257()), Golden("receipt.tlog-proof"));
}

TEST(Golden, ThePolicyIsWrittenAsEver) {
  EXPECT_EQ(FormatTlogPolicy(TwoOfThree()), Golden("policy"));
}

TEST(Golden, TheOldReceiptVerifiesUnderTheOldPolicy) {
  const auto policy = ParseTlogPolicy(Golden("policy"));
  const auto proof = ParseTlogProof(Golden("receipt.tlog-proof"));
  ASSERT_TRUE(policy.ok() && proof.ok());
  const auto trusted = VerifyTlogProof(*proof, HashLeaf("0/257"), *policy);
  ASSERT_TRUE(trusted.ok()) << trusted.error().message;
  EXPECT_EQ(trusted->checkpoint.size, TreeSize(kSize));
  EXPECT_EQ(trusted->cosignatures.size(), 2U);
}

TEST(Golden, TheMapProofsAreWrittenAsEver) {
  std::vector<merkle::MapEntry> entries;
  for (int i = 0; i < 20; ++i)
    entries.push_back({HashOf<merkle::MapKey>("key " + std::to_string(i)),
                       HashOf<merkle::MapValue>("value " + std::to_string(i))});
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  const auto root = *merkle::RootOfMap(entries);
  const auto there = HashOf<merkle::MapKey>("key 7");
  const auto missing = HashOf<merkle::MapKey>("key 20");
  std::string text = "root " + root.hex() + "\n";
  text += "inclusion " + ToHex(EncodeMapPath(*ProveMapInclusion(entries, there))) + "\n";
  text += "absence " + ToHex(EncodeMapAbsence(*ProveMapAbsence(entries, missing))) + "\n";
  EXPECT_EQ(text, Golden("map"));
}

}  // namespace
}  // namespace oppi::ledger
