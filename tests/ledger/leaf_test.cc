#include "ledger/leaf.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace oppi::ledger {
namespace {

std::vector<Leaf> SomeLeaves() {
  events::BatchItem clear;
  clear.salt.fill(3);
  clear.bytes = "{}";
  const Commitment commitment = HashOf<Commitment>("c");
  BatchLeaf batch;
  batch.header = "header bytes";
  batch.signature.fill(8);
  return {
      {{5}, GenesisLeaf{"origin", "log key", "registrar key", "ledger key"}},
      {{6}, batch},
      {{7},
       EventLeaf{LeafIndex(1), 2, 3, events::Outcome::kAccepted, events::ErrorCode::kNone,
                 commitment, std::nullopt}},
      {{-8},
       EventLeaf{LeafIndex(~0ULL), 65535, 255, events::Outcome::kQuarantined,
                 events::ErrorCode::kLate, commitment, clear}},
      {{9},
       StateLeaf{TreeSize(7), HashOf<merkle::MapRoot>("map"), HashOf("fold"), LeafIndex(3)}},
  };
}

TEST(Leaf, RoundTripsEveryKind) {
  for (const Leaf& leaf : SomeLeaves()) {
    const Bytes bytes = EncodeLeaf(leaf);
    const auto back = DecodeLeaf(bytes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, leaf);
  }
}

TEST(Leaf, IsRefusedWhenItIsCutOrLonger) {
  for (const Leaf& leaf : SomeLeaves()) {
    const Bytes bytes = EncodeLeaf(leaf);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(DecodeLeaf(ByteView(bytes).substr(0, size)).ok()) << size;
    EXPECT_FALSE(DecodeLeaf(bytes + '\0').ok());
  }
}

TEST(Leaf, GivesItsOwnBytesAgainAfterAnyChangeOfOneByteOrIsRefused) {
  for (const Leaf& leaf : SomeLeaves()) {
    const Bytes bytes = EncodeLeaf(leaf);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        Bytes changed = bytes;
        changed[at] = static_cast<char>(value);
        const auto decoded = DecodeLeaf(changed);
        if (!decoded.ok()) continue;
        EXPECT_EQ(EncodeLeaf(*decoded), changed) << at << " " << value;
      }
    }
  }
}

TEST(Leaf, RefusesAnUnknownVersionKindFlagOutcomeReasonAndEncoding) {
  const Bytes event = EncodeLeaf(SomeLeaves()[3]);
  const auto with = [&](std::size_t at, char value) {
    Bytes changed = event;
    changed[at] = value;
    return DecodeLeaf(changed).ok();
  };
  EXPECT_TRUE(with(0, 1));
  EXPECT_FALSE(with(0, 2));                                                 // version
  EXPECT_FALSE(with(9, 3));                                                 // kind
  EXPECT_FALSE(with(9, 4));                                                 // a kind of other length
  EXPECT_FALSE(with(10, 2));                                                // flags
  EXPECT_FALSE(with(22, static_cast<char>(events::Outcome::kDuplicate)));   // outcome
  EXPECT_FALSE(with(22, static_cast<char>(events::Outcome::kRejected)));    // outcome
  EXPECT_FALSE(with(23, static_cast<char>(events::ErrorCode::kLate) + 1));  // reason
  EXPECT_FALSE(with(56, 0));                                                // encoding
  EXPECT_FALSE(with(56, 3));                                                // encoding
}

TEST(Leaf, AStateEntryCoversGenesisAndTheStateEntryBeforeIt) {
  const auto of = [](std::uint64_t covers, std::uint64_t previous) {
    Bytes bytes = EncodeLeaf(SomeLeaves()[4]);
    bytes.replace(10, 8, Bytes());
    Bytes number;
    ByteWriter(number).U64(covers);
    bytes.insert(10, number);
    bytes.resize(bytes.size() - 8);
    ByteWriter(bytes).U64(previous);
    return DecodeLeaf(bytes);
  };
  EXPECT_TRUE(of(1, 0).ok());
  EXPECT_TRUE(of(8, 7).ok());
  EXPECT_FALSE(of(0, 0).ok());
  EXPECT_FALSE(of(7, 7).ok());
  const auto refused = of(7, 8);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("does not cover"), std::string::npos);
}

RC_GTEST_PROP(LeafProperty, ArbitraryBytesAreRefusedOrGiveThemselvesAgain, ()) {
  Bytes bytes = *rc::gen::container<Bytes>(rc::gen::arbitrary<char>());
  if (!bytes.empty()) bytes[0] = 1;
  if (bytes.size() > 9) bytes[9] = *rc::gen::inRange<char>(0, 6);
  const auto decoded = DecodeLeaf(bytes);
  if (decoded.ok()) RC_ASSERT(EncodeLeaf(*decoded) == bytes);
}

}  // namespace
}  // namespace oppi::ledger
