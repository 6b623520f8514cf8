#include "events/time.h"

#include <array>
#include <cstdio>

#include "events/check.h"

namespace oppi {
namespace {

// Days from civil and back: the usual era arithmetic on a year that starts in March.
constexpr std::int32_t DaysFromCivil(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

bool Digits(std::string_view text, std::size_t at, std::size_t n, int& out) {
  if (at + n > text.size()) return false;
  out = 0;
  for (std::size_t i = at; i < at + n; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  return true;
}

/// Exactly `width` digits of a number that has no more.
void AppendDigits(std::string& text, int number, std::size_t width) {
  const std::size_t end = text.size() + width;
  text.resize(end);
  for (std::size_t at = end; at-- > end - width; number /= 10) text[at] = static_cast<char>('0' + number % 10);
}

int DaysInMonth(int year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// 0 = Sunday.
int Weekday(Date date) {
  const int w = (date.days + 4) % 7;
  return w < 0 ? w + 7 : w;
}

Date LastSunday(int year, int month) {
  const Date last = FromCivil({year, month, DaysInMonth(year, month)});
  return {last.days - Weekday(last)};
}

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

}  // namespace

bool IsLeapYear(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

std::optional<Date> ParseDate(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (text.size() != 10 || !Digits(text, 0, 4, year) || text[4] != '-' ||
      !Digits(text, 5, 2, month) || text[7] != '-' || !Digits(text, 8, 2, day))
    return std::nullopt;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month))
    return std::nullopt;
  return Date{DaysFromCivil(year, month, day)};
}

std::string FormatDate(Date date) {
  const CivilDate c = ToCivil(date);
  std::string text;
  text.reserve(32);
  if (c.year >= 0 && c.year <= 9999) {
    AppendDigits(text, c.year, 4);
  } else {
    std::array<char, 16> odd{};
    std::snprintf(odd.data(), odd.size(), "%04d", c.year);
    text += odd.data();
  }
  AppendDigits(text += '-', c.month, 2);
  AppendDigits(text += '-', c.day, 2);
  return text;
}

CivilDate ToCivil(Date date) {
  const std::int32_t z = date.days + 719'468;
  const std::int32_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int32_t doe = z - era * 146'097;
  const std::int32_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int32_t mp = (5 * doy + 2) / 153;
  const int day = doy - (153 * mp + 2) / 5 + 1;
  const int month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

Date FromCivil(const CivilDate& c) {
  OPPI_CHECK(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= DaysInMonth(c.year, c.month));
  return {DaysFromCivil(c.year, c.month, c.day)};
}

std::optional<Instant> ParseInstant(std::string_view text) {
  if (text.size() < 20 || text.back() != 'Z' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto date = ParseDate(text.substr(0, 10));
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!date || !Digits(text, 11, 2, hour) || !Digits(text, 14, 2, minute) ||
      !Digits(text, 17, 2, second) || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  std::int64_t fraction = 0;
  if (text.size() > 20) {
    const std::size_t digits = text.size() - 21;
    int value = 0;
    if (text[19] != '.' || digits < 1 || digits > 6 || !Digits(text, 20, digits, value))
      return std::nullopt;
    fraction = value;
    for (std::size_t i = digits; i < 6; ++i) fraction *= 10;
  }
  return Instant{date->days * kMicrosPerDay +
                 (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction};
}

std::string FormatInstant(Instant t) {
  const std::int64_t days = FloorDiv(t.micros, kMicrosPerDay);
  const std::int64_t rest = t.micros - days * kMicrosPerDay;
  const auto seconds = static_cast<int>(rest / kMicrosPerSecond);
  const auto fraction = static_cast<int>(rest % kMicrosPerSecond);
  std::string text = FormatDate({static_cast<std::int32_t>(days)});
  text.reserve(32);
  AppendDigits(text += 'T', seconds / 3600, 2);
  AppendDigits(text += ':', seconds / 60 % 60, 2);
  AppendDigits(text += ':', seconds % 60, 2);
  if (fraction != 0) {
    text += '.';
    if (fraction % 1000 == 0)
      AppendDigits(text, fraction / 1000, 3);
    else
      AppendDigits(text, fraction, 6);
  }
  text += 'Z';
  return text;
}

Instant HelsinkiMidnight(Date date) {
  const int year = ToCivil(date).year;
  const bool summer = date > LastSunday(year, 3) && date <= LastSunday(year, 10);
  return {date.days * kMicrosPerDay - (summer ? 3 : 2) * 3600 * kMicrosPerSecond};
}

Date HelsinkiDate(Instant t) {
  // The offset is 2 or 3 hours, so the day is the UTC day or the next one.
  const Date utc{static_cast<std::int32_t>(FloorDiv(t.micros, kMicrosPerDay))};
  const Date next{utc.days + 1};
  return HelsinkiMidnight(next) <= t ? next : utc;
}

Instant ReachesAge(Date birth, int years, LeapBirthday leap) {
  CivilDate day = ToCivil(birth);
  day.year += years;
  if (day.month == 2 && day.day == 29 && !IsLeapYear(day.year))
    day = leap == LeapBirthday::kMarch1 ? CivilDate{day.year, 3, 1} : CivilDate{day.year, 2, 28};
  return HelsinkiMidnight(FromCivil(day));
}

}  // namespace oppi
