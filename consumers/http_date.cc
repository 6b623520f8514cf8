#include "consumers/http_date.h"

#include <array>
#include <cstdio>

namespace oppi::consumers {

std::string HttpDate(Instant t) {
  constexpr std::array<const char*, 7> kDays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::int64_t days = t.micros / kMicrosPerDay;
  if (t.micros % kMicrosPerDay < 0) --days;
  const std::int64_t seconds = (t.micros - days * kMicrosPerDay) / kMicrosPerSecond;
  const CivilDate civil = ToCivil(Date{static_cast<std::int32_t>(days)});
  const auto weekday = static_cast<std::size_t>(((days % 7) + 7) % 7);  // 1970-01-01 was a Thursday
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[weekday],
                    civil.day, kMonths[static_cast<std::size_t>(civil.month - 1)], civil.year,
                    static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                    static_cast<int>(seconds % 60));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace oppi::consumers
