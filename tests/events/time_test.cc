#include "events/time.h"

#include <gtest/gtest.h>

namespace oppi {
namespace {

Instant At(std::string_view text) { return *ParseInstant(text); }
Date Day(std::string_view text) { return *ParseDate(text); }

TEST(Time, ReadsAndWritesInstantsWithoutTrailingZeros) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-01-15T08:00:00.001Z", "2026-01-15T08:00:00.000001Z",
                           "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"})
    EXPECT_EQ(FormatInstant(At(text)), text);
  EXPECT_EQ(FormatInstant(At("2026-01-15T08:00:00.100000Z")), "2026-01-15T08:00:00.100Z");
  EXPECT_EQ(At("2026-01-15T08:00:00.5Z").micros - At("2026-01-15T08:00:00Z").micros, 500'000);
}

TEST(Time, RefusesEverythingThatIsNotItsForm) {
  for (const char* text : {"", "2026-01-15", "2026-01-15T08:00:00", "2026-01-15T08:00:00+00:00", "2026-01-15 08:00:00Z",
                           "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-15T24:00:00Z",
                           "2026-01-15T08:60:00Z", "2026-01-15T08:00:60Z", "2026-01-15T08:00:00.Z",
                           "2026-01-15T08:00:00.1234567Z", "0000-01-01T00:00:00Z", "2026-01-15T08:00:00z", "2026-1-15T08:00:00Z"})
    EXPECT_FALSE(ParseInstant(text)) << text;
}

TEST(Time, CountsDaysOverEveryDayOfFourCenturies) {
  CivilDate day{1899, 12, 31};
  for (Date date = FromCivil(day); date < FromCivil({2300, 1, 1}); ++date.days) {
    const CivilDate civil = ToCivil(date);
    ASSERT_EQ(FromCivil(civil), date);
    ASSERT_GE(civil, day);
    day = civil;
  }
  EXPECT_EQ(FormatDate(Day("2024-02-29")), "2024-02-29");
  for (const char* text : {"0001-01-01", "0999-12-31", "1900-02-28", "9999-12-31"})
    EXPECT_EQ(FormatDate(Day(text)), text);
  EXPECT_EQ(FormatDate({Day("9999-12-31").days + 1}), "10000-01-01");
  EXPECT_EQ(FormatDate({Day("0001-01-01").days - 1}), "0000-12-31");
  EXPECT_EQ(FormatDate({Day("0001-01-01").days - 367}), "-001-12-31");
  EXPECT_FALSE(ParseDate("2100-02-29"));
}

TEST(Time, HelsinkiChangesItsOffsetAfterMidnightOfTheChangingSundays) {
  // 2026: 29 March and 25 October. Midnight of the Sunday still has the old offset.
  EXPECT_EQ(HelsinkiMidnight(Day("2026-03-28")), At("2026-03-27T22:00:00Z"));
  EXPECT_EQ(HelsinkiMidnight(Day("2026-03-29")), At("2026-03-28T22:00:00Z"));
  EXPECT_EQ(HelsinkiMidnight(Day("2026-03-30")), At("2026-03-29T21:00:00Z"));
  EXPECT_EQ(HelsinkiMidnight(Day("2026-10-25")), At("2026-10-24T21:00:00Z"));
  EXPECT_EQ(HelsinkiMidnight(Day("2026-10-26")), At("2026-10-25T22:00:00Z"));
}

TEST(Time, AHelsinkiDayBeginsAtItsMidnightAndEndsAtTheNext) {
  for (Date day = Day("2024-01-01"); day < Day("2027-01-01"); ++day.days) {
    ASSERT_EQ(HelsinkiDate(HelsinkiMidnight(day)), day);
    ASSERT_EQ(HelsinkiDate(HelsinkiMidnight({day.days + 1}) + -1), day);
  }
}

TEST(Time, ABirthdayIsReachedAtLocalMidnight) {
  EXPECT_EQ(ReachesAge(Day("2013-05-10"), 13), At("2026-05-09T21:00:00Z"));
  EXPECT_EQ(ReachesAge(Day("2008-01-20"), 18), At("2026-01-19T22:00:00Z"));
}

TEST(Time, SomebodyBornOn29FebruaryTurnsOnTheDayThePolicySays) {
  EXPECT_EQ(ReachesAge(Day("2012-02-29"), 13), HelsinkiMidnight(Day("2025-03-01")));
  EXPECT_EQ(ReachesAge(Day("2012-02-29"), 13, LeapBirthday::kFebruary28), HelsinkiMidnight(Day("2025-02-28")));
  EXPECT_EQ(ReachesAge(Day("2012-02-29"), 16), HelsinkiMidnight(Day("2028-02-29")));
}

}  // namespace
}  // namespace oppi
