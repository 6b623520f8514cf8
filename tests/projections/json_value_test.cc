#include "projections/json_value.h"

#include <gtest/gtest.h>

#include <string>

#include "events/limits.h"

namespace oppi::projections {
namespace {

TEST(JsonValue, ReadsWhatItWrites) {
  const std::string text =
      R"({"b":[1,-2,true,false,null,"x"],"a":{"n":0.50,"big":9223372036854775807},"c":[]})";
  const auto value = ParseJson(text);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->Text(), text);
  EXPECT_EQ(value->Find("a")->Find("n")->string(), "0.50");
  EXPECT_EQ(value->Find("a")->Find("big")->integer(), 9223372036854775807);
}

TEST(JsonValue, CanonicalTextDoesNotDependOnTheOrderOfMembers) {
  const auto a = ParseJson(R"({"x":1,"y":{"q":2,"p":3}})");
  const auto b = ParseJson(R"( {"y":{"p":3,"q":2}, "x":1} )");
  ASSERT_TRUE(a.ok());
  ASSERT_TRUE(b.ok());
  EXPECT_EQ(a->Canonical(), R"({"x":1,"y":{"p":3,"q":2}})");
  EXPECT_EQ(a->Canonical(), b->Canonical());
  EXPECT_TRUE(*a == *b);
  EXPECT_NE(a->Text(), b->Text());
}

TEST(JsonValue, ListsAreEqualInOrderAndNumbersByKind) {
  EXPECT_FALSE(*ParseJson("[1,2]") == *ParseJson("[2,1]"));
  EXPECT_FALSE(*ParseJson("1") == *ParseJson("1.0"));
  EXPECT_FALSE(*ParseJson("null") == *ParseJson("false"));
  EXPECT_FALSE(*ParseJson(R"({"a":1})") == *ParseJson(R"({"a":1,"b":1})"));
}

TEST(JsonValue, MergeReplacesMembersAndGoesIntoObjects) {
  JsonValue pack = *ParseJson(R"({"a":{"x":1,"y":2},"b":[1,2],"c":"old"})");
  pack.Merge(*ParseJson(R"({"a":{"y":null,"z":3},"b":[9],"d":true})"));
  EXPECT_EQ(pack.Text(), R"({"a":{"x":1,"y":null,"z":3},"b":[9],"c":"old","d":true})");
}

TEST(JsonValue, RefusesWhatAPlainReaderWouldLetPass) {
  const std::string deep(kJsonDepthMax + 1, '[');
  for (const std::string& text :
       {std::string(R"({"a":1,"a":2})"), std::string("\xef\xbb\xbf{}"), std::string("{} {}"),
        std::string("[1,]"), std::string("{'a':1}"), std::string("\"\xff\""),
        std::string("9223372036854775808"), std::string("[1] // no"), std::string(),
        std::string("NaN"), deep + std::string(kJsonDepthMax + 1, ']')})
    EXPECT_FALSE(ParseJson(text).ok()) << text;
  const std::string fits = std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']');
  EXPECT_TRUE(ParseJson(fits).ok());
}

TEST(JsonValue, SaysWhichMemberIsRepeated) {
  const auto value = ParseJson(R"({"outer":{"twice":1,"twice":1}})");
  ASSERT_FALSE(value.ok());
  EXPECT_NE(value.error().message.find("`twice`"), std::string::npos);
}

}  // namespace
}  // namespace oppi::projections
