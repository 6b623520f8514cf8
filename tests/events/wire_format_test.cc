// The worked examples of docs/wire-format.md, made by another program.

#include <gtest/gtest.h>

#include "events/batch.h"
#include "events/commitment.h"

namespace oppi::events {
namespace {

constexpr std::string_view kEvent = R"({"id":"a","data":{"grade":"9"}})";

Salt CountingSalt() {
  Salt salt;
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<unsigned char>(i);
  return salt;
}

TEST(WireFormat, CutsAnEventBeforeEachMemberName) {
  EXPECT_EQ(Segments(kEvent, Encoding::kJson), (std::vector<std::uint32_t>{0, 1, 10, 18}));
  EXPECT_EQ(Segments(kEvent, Encoding::kFlatBuffers), (std::vector<std::uint32_t>{0}));
}

TEST(WireFormat, CutsOnlyTheTopAndItsDataAndNothingInsideTexts) {
  EXPECT_EQ(Segments(R"({"a":{"b":1},"data":{"c":{"d":1},"e":[{"f":1}]}})", Encoding::kJson),
            (std::vector<std::uint32_t>{0, 1, 13, 21, 33}));
  EXPECT_EQ(Segments(R"({"a":"x\"},\"data\":{\"b","c":1})", Encoding::kJson).size(), 3U);
  EXPECT_EQ(Segments(R"({"a":"unterminated)", Encoding::kJson), (std::vector<std::uint32_t>{0, 1}));
}

TEST(WireFormat, CommitsAsTheDocumentSays) {
  EXPECT_EQ(Commit(kEvent, Encoding::kJson, CountingSalt()).hex(),
            "15a52f2f32c5b3333acab1fa6df52c6044cd89fff6611edd0407996bfbbdf947");
}

TEST(WireFormat, SignsTheHeaderThatTheDocumentShows) {
  BatchHeader header;
  header.origin = "example.fi/log";
  header.publisher = "sis";
  header.key = "01234567";
  for (std::size_t i = 0; i < header.id.size(); ++i) header.id[i] = static_cast<unsigned char>(i);
  header.count = 1;
  header.root = BatchRoot({Commit(kEvent, Encoding::kJson, CountingSalt())});
  EXPECT_EQ(header.root.hex(), "9cd6a82dae774362faba8e386a0ecb26898ffd8aefdddf01580c50bba7fe6a70");
  const Bytes bytes = EncodeHeader(header);
  EXPECT_EQ(bytes.size(), 137U);
  EXPECT_EQ(ToHex(bytes),
            "6f7070696c6f6b692f62617463682f76310a0e6578616d706c652e66692f6c6f67037369730830313233343536370000"
            "0102030405060708090a0b0c0d0e0f00000000000000000000000000000000000000000000000000000000000000000000"
            "00000000000000019cd6a82dae774362faba8e386a0ecb26898ffd8aefdddf01580c50bba7fe6a70");
  const auto again = DecodeHeader(bytes);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, header);
}

TEST(WireFormat, OneByteMoreOrLessIsNoHeader) {
  BatchHeader header;
  header.origin = "o";
  header.publisher = "p";
  header.key = "k";
  const Bytes bytes = EncodeHeader(header);
  EXPECT_FALSE(DecodeHeader(bytes + "x").ok());
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeHeader(ByteView(bytes).substr(0, n)).ok());
}

}  // namespace
}  // namespace oppi::events
