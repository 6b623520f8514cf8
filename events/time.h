#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Instants are int64 microseconds since 1970-01-01T00:00:00Z; text is RFC 3339 with `Z` and 0-6
/// fraction digits. Where the law counts days, a day is a calendar day in Europe/Helsinki; the
/// rule of consent-model section 1 is computed here, no time-zone database is read.

namespace oppi {

struct Instant {
  std::int64_t micros = 0;
  friend constexpr auto operator<=>(Instant, Instant) = default;
};

/// A calendar day, counted from 1970-01-01.
struct Date {
  std::int32_t days = 0;
  friend constexpr auto operator<=>(Date, Date) = default;
};

struct CivilDate {
  int year = 1970;
  int month = 1;  // 1-12
  int day = 1;    // 1-31
  friend constexpr auto operator<=>(const CivilDate&, const CivilDate&) = default;
};

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
/// 0001-01-01 and 9999-12-31T23:59:59.999999Z: what RFC 3339 can write.
inline constexpr Instant kInstantMin{-62'135'596'800 * kMicrosPerSecond};
inline constexpr Instant kInstantMax{253'402'300'799 * kMicrosPerSecond + 999'999};

[[nodiscard]] constexpr Instant operator+(Instant t, std::int64_t micros) { return {t.micros + micros}; }

/// Strict RFC 3339 with `Z`: "2026-01-15T08:00:00Z", 0-6 fraction digits, no leap second.
[[nodiscard]] std::optional<Instant> ParseInstant(std::string_view text);
/// No trailing fraction zeros: milliseconds if they suffice, else microseconds, else none.
[[nodiscard]] std::string FormatInstant(Instant t);

/// Strict "YYYY-MM-DD", years 0001-9999, real days only.
[[nodiscard]] std::optional<Date> ParseDate(std::string_view text);
[[nodiscard]] std::string FormatDate(Date date);

[[nodiscard]] CivilDate ToCivil(Date date);
/// Requires a real day.
[[nodiscard]] Date FromCivil(const CivilDate& civil);
[[nodiscard]] bool IsLeapYear(int year);

/// 00:00 local time in Europe/Helsinki on `date`: UTC+3 on dates after the last Sunday of March up
/// to and including the last Sunday of October, else UTC+2.
[[nodiscard]] Instant HelsinkiMidnight(Date date);
/// The Helsinki calendar day that `t` lies in.
[[nodiscard]] Date HelsinkiDate(Instant t);

enum class LeapBirthday { kMarch1, kFebruary28 };
/// The instant a person born on `birth` reaches age `years`: local midnight of the birthday.
[[nodiscard]] Instant ReachesAge(Date birth, int years, LeapBirthday leap = LeapBirthday::kMarch1);

/// Where time comes from. Only ops/ makes the real one; tests use ManualClock.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant Now() const = 0;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant now) : now_(now) {}
  [[nodiscard]] Instant Now() const override { return now_; }
  void Set(Instant now) { now_ = now; }

 private:
  Instant now_;
};

}  // namespace oppi
