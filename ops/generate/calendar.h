#pragma once

#include <cstddef>
#include <vector>

#include "events/time.h"

/// School days of the Finnish school year 2025-2026, with the holidays that most municipalities
/// keep: autumn holiday in week 42, Christmas, winter holiday in week 8, Easter, May Day, Ascension
/// Day.

namespace oppi::ops {

/// A Finnish school year has 190 days (Basic Education Act 628/1998, section 23).
inline constexpr std::size_t kSchoolDaysMax = 190;

/// The first `days` school days, at most kSchoolDaysMax, ascending.
[[nodiscard]] std::vector<Date> SchoolDays(std::size_t days);

/// Local time in Helsinki on a school day. (The clocks change on Sundays, so local midnight plus
/// the time of day is right on every day that is asked for.)
[[nodiscard]] constexpr Instant After(Instant midnight, int hours, int minutes = 0) {
  return midnight + (hours * 3600LL + minutes * 60LL) * kMicrosPerSecond;
}
[[nodiscard]] inline Instant LocalTime(Date date, int hours, int minutes = 0) {
  return After(HelsinkiMidnight(date), hours, minutes);
}

/// Monday = 0.
[[nodiscard]] constexpr int Weekday(Date date) {
  const int w = (date.days + 3) % 7;
  return w < 0 ? w + 7 : w;
}

}  // namespace oppi::ops
