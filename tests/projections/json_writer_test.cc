#include "projections/json_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

/// The bytes of answers are what a library would write: question hashes are taken over them.

namespace oppi::projections {
namespace {

std::string AsTheLibrary(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Written(std::string_view text) {
  std::string out;
  JsonWriter(out).Text(text);
  return out;
}

TEST(JsonWriter, WritesEveryPairOfBytesAsTheLibraryDoes) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const std::string text = {'x', static_cast<char>(a), static_cast<char>(b), 'y'};
      ASSERT_EQ(Written(text), AsTheLibrary(text)) << a << " " << b;
    }
}

TEST(JsonWriter, WritesEveryThreeByteSequenceAsTheLibraryDoes) {
  for (int a = 0xe0; a < 0xf0; ++a)
    for (int b = 0x7f; b <= 0xc0; ++b)
      for (const int c : {0x00, 0x22, 0x7f, 0x80, 0xbf, 0xc0, 0xff}) {
        const std::string text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        ASSERT_EQ(Written(text), AsTheLibrary(text)) << a << " " << b << " " << c;
        ASSERT_EQ(Written(text + "z"), AsTheLibrary(text + "z")) << a << " " << b << " " << c;
      }
}

TEST(JsonWriter, WritesWhatPeopleWrite) {
  for (const std::string_view text : {"", "plain", "\xe2\x80\x94 log.example", "a\"b\\c\nd\re\tf\bg\fh\x01i\x7f",
                                      "\xf0\x9f\x98\x80", "cut \xe2\x80", "cut \xf0\x9f\x98"})
    EXPECT_EQ(Written(text), AsTheLibrary(text));
}

RC_GTEST_PROP(JsonWriter, WritesAnyTextAsTheLibraryDoes, (const std::string& text)) {
  RC_ASSERT(Written(text) == AsTheLibrary(text));
}

TEST(JsonWriter, PutsCommasBetweenValuesAndNowhereElse) {
  std::string out;
  JsonWriter json(out);
  json.Open('{').Name("a").Open('[').Close(']').Name("b").Texts({"{", "[", ":", ""});
  json.Name("c").Open('{').Name("d").Number(18446744073709551615U).Name("e").Null().Close('}');
  json.Name("f").Open('[').Open('{').Close('}').Open('{').Name("g").True().Close('}').Number(0).Close(']');
  json.Name("h").Json("[1,2]").Name("i").TextOrNull("").Name("j").TextOrNull("k").Close('}');
  EXPECT_EQ(out, R"({"a":[],"b":["{","[",":",""],"c":{"d":18446744073709551615,"e":null},)"
                 R"("f":[{},{"g":true},0],"h":[1,2],"i":null,"j":"k"})");
}

}  // namespace
}  // namespace oppi::projections
