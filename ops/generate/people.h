#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "ops/generate/random.h"

/// The invented municipality: its schools, teachers, classes, groups, families and pupils, drawn
/// from the seed before anything happens. Names are plainly made up; identifiers have right check
/// digits but stand in a number range of their own; nobody has a personal identity code.

namespace oppi::ops {

/// The municipality: controller of nearly everything in the year.
[[nodiscard]] const std::string& ControllerOid();
/// Its neighbour, where a few pupils move to.
[[nodiscard]] const std::string& NeighbourOid();

/// Lessons of a week, by subject; the table is the same for every class.
struct Subject {
  std::string_view code;  // national code
  int lessons_in_week;
};
inline constexpr std::array<Subject, 6> kSubjects = {
    {{"AI", 5}, {"MA", 4}, {"A1", 3}, {"YL", 3}, {"LI", 3}, {"KU", 2}}};
inline constexpr std::size_t kLessonsInDay = 4;
inline constexpr std::size_t kSchoolWeekdays = 5;

struct Guardian {
  std::string oid;
};

/// A guardian's tie to a pupil; mirrors what the population register will be made to say.
struct Tie {
  std::size_t guardian = 0;  // index into People::guardians
  bool decides = true;       // right DECIDE, else INFO
  std::string event;         // id of guardianship.established, once told
};

struct Pupil {
  std::string oid;
  std::string given_name;
  std::string family_name;
  std::string language;
  Date birth{};
  int grade = 1;  // 1-9 in the school year
  std::size_t school_class = 0;
  std::string studyright;
  unsigned absence_percent = 100;
  std::vector<Tie> ties;  // those in force; a story that ends one removes it
  /// Duties divided by court: this guardian alone decides on media and research.
  std::optional<std::size_t> sole_media_guardian;
  bool left = false;  // moved away during the year
};

struct SchoolClass {
  std::string name;  // "7B"
  int grade = 1;
  std::string school;       // organisation OID
  std::size_t teacher = 0;  // class teacher
  std::vector<std::size_t> pupils;
};

/// One class in one subject.
struct Group {
  std::string name;  // "7B-MA"
  std::size_t school_class = 0;
  std::size_t subject = 0;
  std::size_t teacher = 0;
};

struct People {
  std::vector<std::string> schools;   // OIDs
  std::string principal;              // person OID
  std::vector<std::string> teachers;  // person OIDs
  std::vector<Guardian> guardians;
  std::vector<SchoolClass> classes;
  std::vector<Group> groups;  // kSubjects.size() a class, in order of kSubjects
  std::vector<Pupil> pupils;
  /// Group index of each lesson of a class's week: [class][weekday][lesson].
  std::vector<std::array<std::array<std::size_t, kLessonsInDay>, kSchoolWeekdays>> timetable;

  [[nodiscard]] const std::string& teacher_of(const Pupil& pupil) const {
    return teachers[classes[pupil.school_class].teacher];
  }
};

/// A seeded municipality with `pupils` pupils in grades 1-9.
[[nodiscard]] People MakePeople(std::size_t pupils, const Random& random);

/// Purposes of the policy pack that the year asks consent for.
enum class Purpose : std::uint8_t { kAdapt, kImages, kResearch };

/// Who may consent for the pupil at `t` (consent-model section 3, with the ages of our policy
/// pack): empty `guardians` and `learner` true means the pupil decides.
struct Holders {
  bool learner = false;
  std::vector<std::size_t> guardians;
};
[[nodiscard]] Holders HoldersAt(const Pupil& pupil, Purpose purpose, Instant t);

}  // namespace oppi::ops
