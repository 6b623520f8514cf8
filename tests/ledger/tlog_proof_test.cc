#include "ledger/tlog_proof.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/limits.h"
#include "tests/ledger/test_keys.h"
#include "tests/ledger/test_tree.h"

namespace oppi::ledger {
namespace {

using tests::TestKey;

constexpr char kOrigin[] = "oppiloki.example/demo";

/// A receipt of leaf `index` in a tree of `size`.
TlogProof Receipt(std::uint64_t index, std::uint64_t size) {
  const auto leaves = tests::SomeLeaves(size);
  const Checkpoint checkpoint{kOrigin, TreeSize(size), tests::RootOf(leaves, size), {}};
  return {std::nullopt, LeafIndex(index), tests::Path(leaves, index, 0, size),
          SignCheckpoint(checkpoint, TestKey(kOrigin))};
}

TEST(TlogProof, IsWrittenAsTheSpecificationSays) {
  TlogProof proof = Receipt(2, 3);
  ASSERT_EQ(proof.path.size(), 1U);
  EXPECT_EQ(FormatTlogProof(proof), "c2sp.org/tlog-proof@v1\nindex 2\n" + proof.path[0].base64() +
                                        "\n\n" + proof.checkpoint);
  proof.extra = "\x01\x02";
  EXPECT_EQ(FormatTlogProof(proof), "c2sp.org/tlog-proof@v1\nextra AQI=\nindex 2\n" +
                                        proof.path[0].base64() + "\n\n" + proof.checkpoint);
}

RC_GTEST_PROP(TlogProof, EveryReceiptReadsBackAndVerifies, (std::string extra, bool has_extra)) {
  const auto size = *rc::gen::inRange<std::uint64_t>(1, 40);
  const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
  TlogProof proof = Receipt(index, size);
  if (has_extra) proof.extra = extra;
  const std::string text = FormatTlogProof(proof);
  const auto parsed = ParseTlogProof(text);
  RC_ASSERT(parsed.ok());
  RC_ASSERT(*parsed == proof);
  const auto leaves = tests::SomeLeaves(size);
  const auto log = TestKey(kOrigin).verifier();
  const auto checkpoint = VerifyTlogProof(*parsed, leaves[index], log);
  RC_ASSERT(checkpoint.ok());
  RC_ASSERT(checkpoint->size == TreeSize(size));
  RC_ASSERT(!VerifyTlogProof(*parsed, HashLeaf("another"), log).ok());
  RC_ASSERT(!VerifyTlogProof(*parsed, leaves[index], TestKey(kOrigin, 9).verifier()).ok());
}

RC_GTEST_PROP(TlogProof, AnyChangedByteIsNoticed, ()) {
  const TlogProof proof = Receipt(5, 11);
  const std::string good = FormatTlogProof(proof);
  std::string bytes = good;
  const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << *rc::gen::inRange(0, 8)));
      break;
    case 1:
      bytes.erase(at, *rc::gen::inRange<std::size_t>(1, 4));
      break;
    default:
      bytes.insert(at, 1, static_cast<char>(*rc::gen::inRange(0, 256)));
      break;
  }
  RC_PRE(bytes != good);
  const auto parsed = ParseTlogProof(bytes);
  if (!parsed.ok()) return;
  RC_ASSERT(FormatTlogProof(*parsed) == bytes);
  RC_ASSERT(!VerifyTlogProof(*parsed, tests::SomeLeaves(11)[5], TestKey(kOrigin).verifier()).ok());
}

TEST(TlogProof, MalformedTextsAreRefused) {
  const TlogProof proof = Receipt(2, 3);
  const std::string hash = proof.path[0].base64();
  const std::string header = "c2sp.org/tlog-proof@v1\n";
  const std::string note = "\n" + proof.checkpoint;
  ASSERT_TRUE(ParseTlogProof(header + "index 2\n" + hash + "\n" + note).ok());
  ASSERT_TRUE(ParseTlogProof(header + "extra \nindex 2\n" + note).ok());
  for (const std::string& bad : {
           std::string(),
           header,
           header + "index 2\n",
           header + "index 2\n\n",
           "c2sp.org/tlog-proof@v2\nindex 2\n" + note,
           "c2sp.org/tlog-proof@v1 \nindex 2\n" + note,
           "\n" + header + "index 2\n" + note,
           header + note,                                           // no index
           header + "index\n" + note,                               //
           header + "index \n" + note,                              //
           header + "index 02\n" + note,                            // leading zero
           header + "index -2\n" + note,                            //
           header + "index 18446744073709551616\n" + note,          // 2^64
           header + "index 2\nextra AQI=\n" + note,                 // wrong order
           header + "extra AQI=\nextra AQI=\nindex 2\n" + note,     // twice
           header + "extra AQI\nindex 2\n" + note,                  // padding
           header + "extra  AQI=\nindex 2\n" + note,                //
           header + "extra\nindex 2\n" + note,                      //
           header + "Index 2\n" + note,                             //
           header + "index 2\n" + ToBase64("short") + "\n" + note,  // no hash
           header + "index 2\n" + hash + "=\n" + note,              //
           header + "index 2\n" + hash + proof.checkpoint,          // no empty line
           header + "index 2\n" + note.substr(0, note.size() - 1),  // cut off
           header + "index 2\n\n" + note,                           // two empty lines
           header + "index 2\n\nnot a note\n",                      //
           header + "index 2\n\nno checkpoint\n\n\xe2\x80\x94 k AAAAAAAA\n",
       }) {
    const auto parsed = ParseTlogProof(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
  }
}

TEST(TlogProof, HasLimitsThatAreNamed) {
  TlogProof proof = Receipt(2, 3);
  proof.path.assign(kTlogProofHashesMax, NodeHash{});
  const std::string most = FormatTlogProof(proof);
  EXPECT_TRUE(ParseTlogProof(most).ok());
  std::string more = most;
  more.insert(more.find("\n\n") + 1, NodeHash{}.base64() + "\n");
  EXPECT_FALSE(ParseTlogProof(more).ok());
  proof.extra = Bytes(kTlogProofBytesMax / 4 * 3, 'x');
  EXPECT_FALSE(ParseTlogProof(FormatTlogProof(proof)).ok());
}

}  // namespace
}  // namespace oppi::ledger
