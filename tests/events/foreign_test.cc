#include "events/codec/foreign.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "events/codec/translation.h"
#include "events/codec/web_forms.h"
#include "tests/support/shared_data.h"

namespace oppi::events {
namespace {

TEST(Foreign, KnowsAFormatByItsContent) {
  EXPECT_EQ(DetectFormat(R"({"specversion":"1.0","type":"x","source":"y"})"), Format::kNative);
  EXPECT_EQ(DetectFormat(R"({"actor":{},"verb":{},"object":{}})"), Format::kXapi);
  EXPECT_EQ(
      DetectFormat(
          R"({"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","type":"Event","actor":{},"object":{}})"),
      Format::kCaliper);
  EXPECT_EQ(DetectFormat(R"({"sensor":"x","sendTime":"y","dataVersion":"z","data":[]})"),
            Format::kCaliper);
  EXPECT_EQ(DetectFormat(R"({"henkilö":{},"opiskeluoikeudet":[]})"), Format::kKoski);
  EXPECT_EQ(DetectFormat(R"({"logSeq":1,"timestamp":"2"})"), Format::kAudit);
  EXPECT_EQ(DetectFormat("sourcedId,name,type\r\n1,a,b\r\n"), Format::kOneRoster);
  EXPECT_EQ(DetectFormat("\xef\xbb\xbfSIS ID,Name\n"), Format::kOneRoster);
  for (const std::string other : {"", " ", "{}", "{", "[]", "name,sourcedId\n", "<xml/>"})
    EXPECT_EQ(DetectFormat(other), Format::kUnknown) << other;
}

TEST(Foreign, ReadsTheNamesOfFormatsThatItWrites) {
  for (const Format format : {Format::kNative, Format::kXapi, Format::kCaliper, Format::kOneRoster,
                              Format::kKoski, Format::kAudit})
    EXPECT_EQ(ParseFormat(FormatName(format)), format);
  EXPECT_FALSE(ParseFormat(""));
  EXPECT_FALSE(ParseFormat("XAPI"));
}

TEST(Foreign, RefusesFormatsThatAreNotReadRecordByRecord) {
  for (const Format format : {Format::kNative, Format::kOneRoster, Format::kUnknown})
    EXPECT_EQ(Translate(format, "{}", 5, tests::TestPublisher()).refused->code,
              ErrorCode::kTypeUnknown);
}

TEST(Foreign, CutsTextsWhereACharacterEnds) {
  EXPECT_EQ(CleanStr("abc"), "abc");
  EXPECT_FALSE(CleanStr(""));
  EXPECT_FALSE(CleanStr("oppilas 010101-123N"));
  std::string text;
  for (int i = 0; i < 201; ++i) text += "ä";
  const auto cut = CleanStr(text);
  ASSERT_TRUE(cut);
  EXPECT_EQ(CharacterCount(*cut), 200u);
  EXPECT_TRUE(cut->ends_with("ä…"));
  EXPECT_EQ(CleanStr(text.substr(2)), text.substr(2));
  EXPECT_TRUE(KeyStr(text).starts_with("sha256:"));
}

TEST(Foreign, ReadsInstantsWithEveryOffset) {
  const auto utc = [](const std::string& text) {
    const auto instant = ParseForeignInstant(text, Zoneless::kRefuse);
    return instant ? FormatInstant(*instant) : "";
  };
  EXPECT_EQ(utc("2021-01-01T00:00:00Z"), "2021-01-01T00:00:00Z");
  EXPECT_EQ(utc("2021-01-01T00:00:00.123456789+02:00"), "2020-12-31T22:00:00.123456Z");
  EXPECT_EQ(utc("2021-01-01T00:00:00-0330"), "2021-01-01T03:30:00Z");
  EXPECT_EQ(utc("2021-01-01T00:00:00+02"), "2020-12-31T22:00:00Z");
  for (const std::string text :
       {"2021-01-01", "2021-01-01T00:00:00", "2021-01-01 00:00:00Z", "2021-02-30T00:00:00Z",
        "2021-01-01T24:00:00Z", "2021-01-01T00:00:00-00:00", "2021-01-01T00:00:00.Z",
        "2021-01-01T00:00:00+2", "2021-01-01T00:00:00+02:0", "0001-01-01T00:00:00+01:00"})
    EXPECT_EQ(utc(text), "") << text;
  EXPECT_TRUE(ParseForeignInstant("2021-01-01T00:00:00", Zoneless::kUtc));
}

TEST(WebForms, JudgeTheFormsOfTheActivityFormats) {
  EXPECT_TRUE(IsIri("course-v1:FUN-MOOC+00002+session01"));
  EXPECT_FALSE(IsIri("http:"));
  EXPECT_FALSE(IsIri("no scheme"));
  EXPECT_FALSE(IsIri("http://a b"));
  for (const std::string tag : {"fi", "en-US", "zh-Hant-TW", "sl-rozaj-biske", "de-CH-1996",
                                "en-a-bbb-x-a", "x-private", "i-klingon", "es-419"})
    EXPECT_TRUE(IsLanguageTag(tag)) << tag;
  for (const std::string tag : {"", "f", "fi-", "-fi", "en_US", "a-value", "en-x", "en-a", "123"})
    EXPECT_FALSE(IsLanguageTag(tag)) << tag;
  for (const std::string duration : {"PT0S", "P1Y2M3DT4H5M6.7S", "P4W", "PT0.5H", "P1D"})
    EXPECT_TRUE(IsDuration(duration)) << duration;
  for (const std::string duration :
       {"", "P", "PT", "P1DT", "P1S", "PT1D", "P4W1D", "P0.5YT1H", "1D", "PT1.S"})
    EXPECT_FALSE(IsDuration(duration)) << duration;
  EXPECT_TRUE(IsMailto("mailto:a@b.fi"));
  for (const std::string mail :
       {"a@b.fi", "mailto:", "mailto:a", "mailto:@b", "mailto:a@", "mailto:a@b@c", "mailto:a b@c"})
    EXPECT_FALSE(IsMailto(mail)) << mail;
  EXPECT_TRUE(IsMediaType("text/plain; charset=utf-8"));
  EXPECT_FALSE(IsMediaType("text"));
}

}  // namespace
}  // namespace oppi::events
