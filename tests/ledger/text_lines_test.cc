#include "ledger/text_lines.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace oppi::ledger {
namespace {

TEST(TextLines, ALineEndsInANewlineOrIsNone) {
  std::string_view rest = "one\n\nthree";
  EXPECT_EQ(TakeLine(rest), "one");
  EXPECT_EQ(TakeLine(rest), "");
  EXPECT_EQ(TakeLine(rest), std::nullopt);
  EXPECT_EQ(rest, "three");
}

TEST(TextLines, ANumberHasOneSpelling) {
  EXPECT_EQ(ParseDecimal("0"), 0U);
  EXPECT_EQ(ParseDecimal("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1",
                           "18446744073709551616", "99999999999999999999", "१"})
    EXPECT_EQ(ParseDecimal(text), std::nullopt) << text;
}

RC_GTEST_PROP(TextLines, EveryNumberRoundTrips, (std::uint64_t value, unsigned char shift)) {
  value >>= shift % 64;
  RC_ASSERT(ParseDecimal(std::to_string(value)) == std::optional(value));
}

TEST(TextLines, NoteTextIsUtf8WithoutControlCharacters) {
  for (const char* text :
       {"", "plain\n", "\n\n", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbd", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(IsNoteText(text)) << text;
  for (const char* text : {"\t",
                           "\r",
                           "\x01",
                           "a\x1f",
                           "\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2 ",
                           "\xe0\x80\x80",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xe2\x80",
                           "\xe2\x80 ",
                           "\xf0\x80\x80\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf0\x90\x80",
                           "\xff",
                           "\xfe"})
    EXPECT_FALSE(IsNoteText(text)) << text;
  EXPECT_FALSE(IsNoteText(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace oppi::ledger
