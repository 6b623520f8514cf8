#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/generate/year.h"

/// Lessons, registers, and what teachers, guardians and the school say about who was not there.
/// Only exceptions are marked: whoever is not marked was present.

namespace oppi::ops {

class Attendance {
 public:
  explicit Attendance(Year& year);
  void TellWeek(std::span<const Date> week);

 private:
  enum class Kind : std::uint8_t { kNone, kIllness, kLeave, kRefusedLeave };
  struct Spell {
    Kind kind = Kind::kNone;
    unsigned days_left = 0;
    bool reported = false;
  };
  struct Day {
    bool away = false;                      // the whole day
    std::optional<std::size_t> missed;      // one lesson
    std::optional<std::size_t> late;        // came late to this lesson
    std::optional<std::string_view> other;  // LEFT_EARLY or NO_EQUIPMENT, at the last lesson
    std::string_view absence_class = "UNKNOWN";
    bool reported = false;
    bool by_school = false;            // the school itself knows why
    std::vector<std::string> lessons;  // ids of the lessons missed
  };

  void TellClassDay(std::size_t school_class, Date date);
  Day DrawDay(std::size_t pupil, Date date);
  void BeginSpell(std::size_t pupil, Date date);
  void TellLesson(std::size_t school_class, Date date, std::size_t lesson, std::span<Day> days);
  std::string Mark(std::size_t pupil, const std::string& lesson, Instant at, std::string_view code,
                   int minutes_late);
  void TellReasons(std::size_t pupil, Date date, const Day& day);
  void CountAbsence(std::size_t pupil, Date date, std::size_t lessons);

  Year& year_;
  Random draw_;
  std::vector<Spell> spells_;
  std::vector<bool> threshold_told_;
};

}  // namespace oppi::ops
