#include "ledger/checkpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/limits.h"
#include "events/tree_hash.h"
#include "tests/ledger/test_keys.h"

namespace oppi::ledger {
namespace {

using tests::TestKey;

const RootHash kRoot = HashOf<RootHash>("a root");

std::string Text(const std::string& origin, const std::string& size, const std::string& root,
                 const std::string& rest = "") {
  return origin + "\n" + size + "\n" + root + "\n" + rest;
}

TEST(Checkpoint, IsWrittenAsTheSpecificationSays) {
  EXPECT_EQ(CheckpointText({"example.com/behind-the-sofa", TreeSize(20852163), kRoot, {}}),
            Text("example.com/behind-the-sofa", "20852163", kRoot.base64()));
  EXPECT_EQ(CheckpointText({"o", TreeSize(0), EmptyRoot(), {"ext 1", "ext 2"}}),
            Text("o", "0", EmptyRoot().base64(), "ext 1\next 2\n"));
}

RC_GTEST_PROP(Checkpoint, EveryCheckpointRoundTrips,
              (std::uint64_t size, std::uint8_t extensions)) {
  Checkpoint checkpoint{"go.sum database tree", TreeSize(size), kRoot, {}};
  for (int i = 0; i < extensions % 5; ++i) checkpoint.extensions.push_back("e" + std::to_string(i));
  const auto parsed = ParseCheckpointText(CheckpointText(checkpoint));
  RC_ASSERT(parsed.ok());
  RC_ASSERT(*parsed == checkpoint);
}

TEST(Checkpoint, MalformedTextsAreRefused) {
  const std::string root = kRoot.base64();
  ASSERT_TRUE(ParseCheckpointText(Text("o", "7", root)).ok());
  for (const std::string& bad : {
           std::string(),
           std::string("\n"),
           std::string("o\n"),
           std::string("o\n7\n"),
           Text("", "7", root),                      // no origin
           Text("o", "", root),                      // no size
           Text("o", "7", ""),                       // no root
           Text("o", "07", root),                    // leading zero
           Text("o", "00", root),                    //
           Text("o", "+7", root),                    //
           Text("o", "-7", root),                    //
           Text("o", "7 ", root),                    //
           Text("o", "0x7", root),                   //
           Text("o", "18446744073709551616", root),  // 2^64
           Text("o", "7", root.substr(0, 43)),       // padding is missing
           Text("o", "7", root + "="),               //
           Text("o", "7", " " + root),               //
           Text("o", "7", ToBase64(std::string(31, 'r'))),
           Text("o", "7", ToBase64(std::string(33, 'r'))),
           Text("o", "7", root, "\n"),     // empty extension line
           Text("o", "7", root, "e\n\n"),  //
           Text("o", "7", root, "e"),      // not terminated
           Text("o", "7", root, "e\r\n"),  // control character
           Text("o\xff", "7", root),       // not UTF-8
           "\n" + Text("o", "7", root),
           Text(std::string(kOriginBytesMax + 1, 'o'), "7", root),
       }) {
    const auto parsed = ParseCheckpointText(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
  }
  EXPECT_TRUE(ParseCheckpointText(Text(std::string(kOriginBytesMax, 'o'), "7", root)).ok());
  EXPECT_EQ(ParseCheckpointText(Text("o", "18446744073709551615", root))->size,
            TreeSize(UINT64_MAX));
}

TEST(Checkpoint, OpensUnderTheKeyOfItsOrigin) {
  const auto key = TestKey("oppiloki.example/demo");
  const Checkpoint checkpoint{"oppiloki.example/demo", TreeSize(5), kRoot, {}};
  const auto opened = OpenCheckpoint(SignCheckpoint(checkpoint, key), key.verifier());
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(*opened, checkpoint);
}

TEST(Checkpoint, DoesNotOpenUnderAnotherKeyOrOrigin) {
  const auto key = TestKey("log.example/a", 1);
  const std::string note = SignCheckpoint({"log.example/a", TreeSize(5), kRoot, {}}, key);
  const auto stranger = OpenCheckpoint(note, TestKey("log.example/a", 2).verifier());
  ASSERT_FALSE(stranger.ok());
  EXPECT_EQ(stranger.error().code, Code::kUnauthenticated);

  // A key that is good for log b signs a checkpoint that says it is of log a.
  const auto other = TestKey("log.example/b", 2);
  const std::string text = CheckpointText({"log.example/a", TreeSize(5), kRoot, {}});
  const auto foreign =
      OpenCheckpoint(FormatNote({text, {SignNote(text, other)}}), other.verifier());
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, Code::kUnauthenticated);
}

TEST(Checkpoint, ASignedTextThatIsNoCheckpointDoesNotOpen) {
  const auto key = TestKey("log.example/a");
  const std::string text = "log.example/a\nsix\n";
  const auto opened = OpenCheckpoint(FormatNote({text, {SignNote(text, key)}}), key.verifier());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kInvalidArgument);
}

TEST(Checkpoint, OfSizeZeroHasTheRootOfTheEmptyTreeOrDoesNotOpen) {
  const auto key = TestKey("log.example/a");
  const std::string good = SignCheckpoint({"log.example/a", TreeSize(0), EmptyRoot(), {}}, key);
  EXPECT_TRUE(OpenCheckpoint(good, key.verifier()).ok());
  const std::string text = CheckpointText({"log.example/a", TreeSize(0), kRoot, {}});
  EXPECT_FALSE(OpenCheckpoint(FormatNote({text, {SignNote(text, key)}}), key.verifier()).ok());
}

}  // namespace
}  // namespace oppi::ledger
