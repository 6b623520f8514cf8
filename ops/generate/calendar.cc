#include "ops/generate/calendar.h"

#include <algorithm>
#include <array>

#include "events/check.h"

namespace oppi::ops {
namespace {

struct Span {
  CivilDate first;
  CivilDate last;
};

constexpr CivilDate kFirstDay{2025, 8, 7};
constexpr std::array<Span, 6> kHolidays = {{
    {{2025, 10, 13}, {2025, 10, 17}},  // autumn holiday
    {{2025, 12, 22}, {2026, 1, 6}},    // Christmas to Epiphany
    {{2026, 2, 16}, {2026, 2, 20}},    // winter holiday
    {{2026, 4, 3}, {2026, 4, 6}},      // Good Friday to Easter Monday
    {{2026, 5, 1}, {2026, 5, 1}},      // May Day
    {{2026, 5, 14}, {2026, 5, 14}},    // Ascension Day
}};

bool IsSchoolDay(Date date) {
  if (Weekday(date) > 4) return false;
  return std::none_of(kHolidays.begin(), kHolidays.end(), [date](const Span& span) {
    return date >= FromCivil(span.first) && date <= FromCivil(span.last);
  });
}

}  // namespace

std::vector<Date> SchoolDays(std::size_t days) {
  OPPI_CHECK(days <= kSchoolDaysMax);
  std::vector<Date> found;
  found.reserve(days);
  for (Date date = FromCivil(kFirstDay); found.size() < days; ++date.days)
    if (IsSchoolDay(date)) found.push_back(date);
  return found;
}

}  // namespace oppi::ops
