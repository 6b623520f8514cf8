#include "ledger/state_receipt.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/entropy.h"
#include "events/tree_hash.h"
#include "ledger/label_prover.h"
#include "ledger/label_rows.h"
#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"
#include "tests/support/vectors.h"

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kOrigin[] = "oppiloki.example/state";
constexpr std::uint64_t kIndex = 40;

/// A log of 41 entries whose last is a state entry, and what proves it.
struct SomeLog {
  SomeLog() {
    const Labelled name = LabelFor(key, LearnerStream(Handle{}));
    const StreamHead head = HeadOf(std::vector{LeafIndex(3)});
    EXPECT_TRUE(tree.Prepare(std::vector{merkle::MapEntry{name.label, ValueOf(head, name.blind)}}).ok());
    map = tree.Commit();
    state = {TreeSize(kIndex), map->root(), FoldOf(key.public_key()), LeafIndex(20)};
  }

  [[nodiscard]] StateReceipt Receipt() const {
    return {EncodeLeaf({{1}, state}), key.public_key(), {*ProveEntry(*map, key, "nobody", {})}};
  }

  /// `more` entries come after the state entry.
  [[nodiscard]] TlogProof Proof(const StateReceipt& receipt, std::uint64_t more = 0) const {
    std::vector<NodeHash> leaves;
    for (std::uint64_t i = 0; i < kIndex; ++i)
      leaves.push_back(HashLeaf("entry " + std::to_string(i)));
    leaves.push_back(HashLeaf(receipt.leaf));
    for (std::uint64_t i = 0; i < more; ++i)
      leaves.push_back(HashLeaf("later " + std::to_string(i)));
    const Checkpoint checkpoint{
        kOrigin, TreeSize(leaves.size()), tests::RootOf(leaves, leaves.size()), {}};
    return {EncodeStateReceipt(receipt), LeafIndex(kIndex),
            *merkle::InclusionProof(LeafIndex(kIndex), checkpoint.size, tests::ReaderOf(leaves)),
            SignCheckpoint(checkpoint, log_key)};
  }

  VrfSecretKey key = [] {
    SeededEntropy entropy(5);
    return VrfSecretKey::Generate(entropy);
  }();
  NamedSigningKey log_key = TestKey(kOrigin, 1);
  merkle::MapTree tree;
  std::shared_ptr<const merkle::MapTree::View> map;
  StateLeaf state;
};

TEST(StateReceipt, ProvesTheMapAndWhatIsNotInIt) {
  const SomeLog log;
  // As a text, as it is handed over.
  const auto proof = ParseTlogProof(FormatTlogProof(log.Proof(log.Receipt())));
  ASSERT_TRUE(proof.ok());
  const auto state = VerifyStateReceipt(*proof, log.log_key.verifier());
  ASSERT_TRUE(state.ok()) << state.error().message;
  EXPECT_EQ(state->leaf, log.state);
  EXPECT_EQ(state->index, LeafIndex(kIndex));
  EXPECT_TRUE(state->current);
  ASSERT_EQ(state->proofs.size(), 1U);
  const auto entry =
      VerifyEntryProof(state->proofs[0], "nobody", state->vrf_key, state->leaf.map_root);
  ASSERT_TRUE(entry.ok()) << entry.error().message;
  EXPECT_FALSE(entry->entry);
  const auto by_policy = VerifyStateReceipt(*proof, PolicyOf(log.log_key.verifier()));
  ASSERT_TRUE(by_policy.ok());
  EXPECT_EQ(by_policy->leaf, state->leaf);
}

// What was handed out once verifies for ever (tests/ledger/verify_absence.cc does).
TEST(StateReceipt, IsWrittenAsEver) {
  const SomeLog log;
  const auto golden = tests::ReadFile(std::filesystem::path(OPPI_SOURCE_DIR) /
                                      "tests/vectors/state/absence.tlog-proof");
  EXPECT_EQ(FormatTlogProof(log.Proof(log.Receipt())), golden);
}

TEST(StateReceipt, SaysWhenEntriesCameAfterTheMap) {
  const SomeLog log;
  const auto state = VerifyStateReceipt(log.Proof(log.Receipt(), 3), log.log_key.verifier());
  ASSERT_TRUE(state.ok());
  EXPECT_FALSE(state->current);
  EXPECT_EQ(state->checkpoint.size, TreeSize(kIndex + 4));
}

TEST(StateReceipt, OfAnotherLogKeyIndexOrLeafIsRefused) {
  const SomeLog log;
  const auto log_key = log.log_key.verifier();
  const TlogProof good = log.Proof(log.Receipt());
  EXPECT_FALSE(VerifyStateReceipt(good, TestKey(kOrigin, 2).verifier()).ok());
  EXPECT_FALSE(VerifyStateReceipt(good, PolicyOf(TestKey(kOrigin, 2).verifier())).ok());
  TlogProof changed = good;
  changed.index = LeafIndex(kIndex - 1);
  EXPECT_FALSE(VerifyStateReceipt(changed, log_key).ok());
  changed = good;
  changed.extra.reset();
  EXPECT_FALSE(VerifyStateReceipt(changed, log_key).ok());
  StateReceipt other = log.Receipt();
  StateLeaf state = log.state;
  state.map_root = merkle::EmptyMapRoot();
  other.leaf = EncodeLeaf({{1}, state});
  changed = good;
  changed.extra = EncodeStateReceipt(other);
  EXPECT_FALSE(VerifyStateReceipt(changed, log_key).ok());
}

TEST(StateReceipt, ALeafThatCoversMoreOrLessThanWhatIsBeforeItIsRefused) {
  for (const std::uint64_t covers : {kIndex - 1, kIndex + 1}) {
    SomeLog log;
    log.state.covers = TreeSize(covers);
    const auto state = VerifyStateReceipt(log.Proof(log.Receipt()), log.log_key.verifier());
    ASSERT_FALSE(state.ok());
    EXPECT_NE(state.error().message.find("covers"), std::string::npos);
  }
}

TEST(StateReceipt, OfAnotherVrfKeyIsRefused) {
  const SomeLog log;
  StateReceipt receipt = log.Receipt();
  SeededEntropy entropy(6);
  receipt.vrf_key = VrfSecretKey::Generate(entropy).public_key();
  const auto decoded = DecodeStateReceipt(EncodeStateReceipt(receipt));
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("VRF key"), std::string::npos);
}

TEST(StateReceipt, GivesItsBytesAgainAndIsRefusedWhenCutOrLonger) {
  const SomeLog log;
  StateReceipt receipt = log.Receipt();
  for (std::size_t proofs = 0; proofs <= 2; ++proofs) {
    receipt.proofs.assign(proofs, log.Receipt().proofs[0]);
    const Bytes bytes = EncodeStateReceipt(receipt);
    const auto back = DecodeStateReceipt(bytes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, receipt);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(DecodeStateReceipt(ByteView(bytes).substr(0, size)).ok()) << size;
    EXPECT_FALSE(DecodeStateReceipt(bytes + '\0').ok());
  }
  receipt.proofs.assign(kReceiptProofsMax, log.Receipt().proofs[0]);
  Bytes bytes = EncodeStateReceipt(receipt);
  EXPECT_TRUE(DecodeStateReceipt(bytes).ok());
  bytes[1 + kStateLeafBytes + 32] = static_cast<char>(kReceiptProofsMax + 1);
  EXPECT_FALSE(DecodeStateReceipt(bytes).ok());
}

TEST(StateReceipt, OfAnEntryThatIsNoStateIsRefused) {
  StateReceipt receipt = SomeLog().Receipt();
  Bytes bytes = EncodeStateReceipt(receipt);
  const auto genesis = EncodeLeaf({{1}, GenesisLeaf{Bytes(67, 'o'), "", "", ""}});
  ASSERT_EQ(genesis.size(), kStateLeafBytes);
  bytes.replace(1, kStateLeafBytes, genesis);
  const auto decoded = DecodeStateReceipt(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("no state"), std::string::npos);
}

TEST(StateReceipt, NoBitCanBeChangedInWhatVerifies) {
  const SomeLog log;
  const TlogProof good = log.Proof(log.Receipt());
  for (std::size_t at = 0; at < good.extra->size(); ++at) {
    TlogProof changed = good;
    (*changed.extra)[at] = static_cast<char>((*changed.extra)[at] ^ (1 << (at % 8)));
    const auto state = VerifyStateReceipt(changed, log.log_key.verifier());
    if (!state.ok()) continue;
    ASSERT_EQ(state->proofs.size(), 1U);
    EXPECT_FALSE(
        VerifyEntryProof(state->proofs[0], "nobody", state->vrf_key, state->leaf.map_root).ok())
        << at;
  }
}

// The worked example of docs/wire-format.md: a map of the stream and the identifier of
// label_test.cc.
TEST(StateLeafFormat, IsWhatTheDocumentShows) {
  StateLeaf state;
  state.covers = TreeSize(7);
  state.map_root = *merkle::RootOfMap(std::vector{
      merkle::MapEntry{*Label::From(*FromHex(
                           "265559f1d1d8c5a9abf9b6103fe3211565e8cbe9c91d020a87ee72efddb7fa3b")),
                       *merkle::MapValue::From(*FromHex(
                           "dbea6df93247495086b570599060ac49b576e5b1625b9cd57b18c05bdf36317e"))},
      merkle::MapEntry{*Label::From(*FromHex(
                           "f878ff279b23bc1d916b6cbddffc9541564397d4126aa759147762abc3f25770")),
                       *merkle::MapValue::From(*FromHex(
                           "084bda9c2471f4560f843f2d40678eb5d0ac85a46247101b1b0509a23c9bd999"))}});
  EXPECT_EQ(state.map_root.hex(),
            "bf3b4bfb8c976ca12af353835a1a0556a932621e89698a21133b34dd1ba4ccb5");
  state.fold = *Sha256Digest::From(
      *FromHex("511af515eb31c6d88267a7548ef5156be46270c54d67b0ae502b4c31fe4477a9"));
  state.previous = LeafIndex(3);
  const Bytes bytes = EncodeLeaf({*ParseInstant("2026-01-15T08:00:00Z"), state});
  EXPECT_EQ(bytes.size(), kStateLeafBytes);
  EXPECT_EQ(
      ToHex(bytes),
      "01000648689c84a000040000000000000007bf3b4bfb8c976ca12af353835a1a0556a932621e89698a21133b34dd"
      "1ba4ccb5511af515eb31c6d88267a7548ef5156be46270c54d67b0ae502b4c31fe4477a90000000000000003");
  EXPECT_EQ(HashLeaf(bytes).hex(),
            "068c240b2625b395956059ddfb48b5ff9c3bb8da45319dfda57ff4682eae1b16");
}

}  // namespace
}  // namespace oppi::ledger
