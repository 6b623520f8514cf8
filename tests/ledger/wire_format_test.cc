// The worked example of an entry in docs/wire-format.md, made by another program.

#include <gtest/gtest.h>

#include "events/tree_hash.h"
#include "ledger/leaf.h"

namespace oppi::ledger {
namespace {

TEST(WireFormat, EncodesAnEventEntryAsTheDocumentShows) {
  EventLeaf event;
  event.batch = LeafIndex(1);
  event.subjects = 1;
  event.commitment = *Commitment::From(*FromHex("15a52f2f32c5b3333acab1fa6df52c6044cd89fff6611edd0407996bfbbdf947"));
  const Leaf leaf{*ParseInstant("2026-01-15T08:00:00Z"), event};
  const Bytes bytes = EncodeLeaf(leaf);
  EXPECT_EQ(ToHex(bytes),
            "01000648689c84a00002000000000000000001000001000015a52f2f32c5b3333acab1fa6df52c6044cd89fff6611edd0407996b"
            "fbbdf947");
  EXPECT_EQ(HashLeaf(bytes).hex(), "17796af302cf6729d2ffc8a724865a22072f0cecc28f2c419334f6cedfa4a705");
  const auto again = DecodeLeaf(bytes);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, leaf);
}

}  // namespace
}  // namespace oppi::ledger
