#include "events/codec/json_tree.h"

#include <gtest/gtest.h>

#include <string>

namespace oppi::events {
namespace {

TEST(JsonTree, RemembersWhereEveryValueStood) {
  const std::string text = R"( {"a" : [1.50, "x\u00e4\ud83d\ude00"], "b":{ "c" :true} } )";
  const auto json = ParseJson(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->raw, R"({"a" : [1.50, "x\u00e4\ud83d\ude00"], "b":{ "c" :true} })");
  EXPECT_EQ((*json)["a"].elements()[0].raw, "1.50");
  EXPECT_EQ((*json)["a"].elements()[0].Number(), 1.5);
  EXPECT_FALSE((*json)["a"].elements()[0].Integer());
  EXPECT_EQ((*json)["a"].elements()[1].str(), "x\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT_EQ((*json)["b"].raw, R"({ "c" :true})");
  EXPECT_TRUE((*json)["b"]["c"].truth);
  EXPECT_TRUE((*json)["b"]["no"]["such"]["path"].is(Json::Kind::kNull));
}

TEST(JsonTree, RefusesWhatIsNotOneStrictValue) {
  for (const std::string text : {"",
                                 " ",
                                 "{",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "01",
                                 "-",
                                 "1.",
                                 ".5",
                                 "1e",
                                 "+1",
                                 "tru",
                                 "nul",
                                 "NaN",
                                 "'a'",
                                 "\"a",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\ud800\"",
                                 "\"\\udc00\"",
                                 "\"\\ud800\\u0041\"",
                                 "\"\n\"",
                                 "1 2",
                                 "{\"a\":1,\"a\":2}",
                                 "{\"a\":1,\"\\u0061\":2}",
                                 "{1:2}",
                                 "[1 2]",
                                 "\"\xff\"",
                                 "\xef\xbb\xbf{}",
                                 "/**/1"})
    EXPECT_FALSE(ParseJson(text)) << text;
}

TEST(JsonTree, AcceptsEveryFormOfNumberThatJsonHas) {
  for (const std::string text : {"0", "-0", "10", "0.5", "1e5", "1E+5", "-1.25e-3"})
    EXPECT_TRUE(ParseJson(text)) << text;
  EXPECT_FALSE(ParseJson("1e999")->Number());
  EXPECT_EQ(ParseJson("-42")->Integer(), -42);
  EXPECT_FALSE(ParseJson("9223372036854775808")->Integer());
}

TEST(JsonTree, StopsAtItsLimits) {
  const std::string deep = std::string(32, '[') + std::string(32, ']');
  EXPECT_TRUE(ParseJson(deep));
  EXPECT_FALSE(ParseJson("[" + deep + "]"));
  EXPECT_FALSE(ParseJson("[1,2,3]", {.values_max = 3}));
  EXPECT_TRUE(ParseJson("[1,2,3]", {.values_max = 4}));
}

}  // namespace
}  // namespace oppi::events
