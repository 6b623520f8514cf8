#include "ops/generate/calendar.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace oppi::ops {
namespace {

TEST(SchoolCalendar, AYearHas190WeekdaysFromAugustToJune) {
  const std::vector<Date> days = SchoolDays(kSchoolDaysMax);
  ASSERT_EQ(days.size(), 190U);
  EXPECT_EQ(FormatDate(days.front()), "2025-08-07");
  EXPECT_EQ(FormatDate(days.back()), "2026-06-04");
  EXPECT_TRUE(std::is_sorted(days.begin(), days.end()));
  for (const Date day : days) EXPECT_LT(Weekday(day), 5);
}

TEST(SchoolCalendar, NobodyIsAtSchoolOnHolidays) {
  const std::vector<Date> days = SchoolDays(kSchoolDaysMax);
  for (const char* holiday : {"2025-10-15", "2025-12-24", "2026-01-06", "2026-02-18", "2026-04-03",
                              "2026-04-06", "2026-05-01", "2026-05-14"})
    EXPECT_FALSE(std::binary_search(days.begin(), days.end(), *ParseDate(holiday))) << holiday;
}

TEST(SchoolCalendar, LocalTimeFollowsTheClockOfHelsinki) {
  EXPECT_EQ(FormatInstant(LocalTime(*ParseDate("2025-08-07"), 9)), "2025-08-07T06:00:00Z");
  EXPECT_EQ(FormatInstant(LocalTime(*ParseDate("2026-01-15"), 9, 30)), "2026-01-15T07:30:00Z");
}

TEST(SchoolCalendar, WeeksBeginOnMonday) {
  EXPECT_EQ(Weekday(*ParseDate("2026-01-12")), 0);
  EXPECT_EQ(Weekday(*ParseDate("2026-01-18")), 6);
  EXPECT_EQ(Weekday(*ParseDate("1969-12-29")), 0);
}

}  // namespace
}  // namespace oppi::ops
