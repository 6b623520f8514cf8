#pragma once

#include <array>
#include <cstdint>

/// How often things happen, as integers, each with the public figure behind it. Where no source is
/// named the number is our own choice, made so that every kind of event is seen.
///
/// DfE: Department for Education (England), "Pupil attendance in schools", school year 2025/26,
/// national
///   rows, share of possible sessions (two a day). Open Government Licence v3.
/// UCI: Cortez & Silva, "Using data mining to predict secondary school student performance" (2008),
///   mathematics, 395 pupils. CC BY 4.0.
/// SF: Statistics Finland, "Support for learning 2023".

namespace oppi::ops::rates {

inline constexpr std::uint64_t kMillion = 1'000'000;

/// Rates that differ between grades 1-6 (DfE: primary) and grades 7-9 (DfE: secondary).
struct ByStage {
  std::uint64_t lower;  // grades 1-6
  std::uint64_t upper;  // grades 7-9
  [[nodiscard]] constexpr std::uint64_t at(int grade) const { return grade <= 6 ? lower : upper; }
};

/// Shares of pupil days, per million.
inline constexpr ByStage kIllnessDays{27'860, 36'270};    // DfE: illness
inline constexpr ByStage kAppointmentDays{2'720, 3'760};  // DfE: medical or dental appointment
inline constexpr ByStage kLeaveDays{3'670, 4'260};        // DfE: authorised, other
inline constexpr ByStage kUnauthorisedLeaveDays{5'350, 3'140};  // DfE: unauthorised holiday
inline constexpr ByStage kTruancyDays{7'940, 26'080};           // DfE: other unauthorised
/// Two sessions a day, each with its register: twice the DfE share of sessions marked late.
inline constexpr ByStage kLateDays{2 * 12'910, 2 * 30'870};

/// Spells: an illness lasts two days on average, a trip five; a spell starts this often.
inline constexpr std::uint64_t kIllnessDaysMean = 2;
inline constexpr std::uint64_t kLeaveDaysLength = 5;

/// How unequally absence falls on pupils: multipliers in percent for ten equal groups, mean 100.
/// Half-way between equality and the deciles of UCI (where one subject is counted, and 30 % were
/// never absent).
inline constexpr std::array<unsigned, 10> kAbsencePercent = {50, 50, 50,  68,  72,
                                                             86, 98, 120, 152, 254};

/// Grades 4..10 by weight: UCI final points (0-20) of those present at the final, where 5, 6, 7, 8,
/// 9 and 10 begin at 7, 9, 11, 13, 15 and 17 points.
inline constexpr std::array<unsigned, 7> kGradeWeights = {64, 115, 235, 218, 162, 137, 67};

/// SF: special support 10.5 %, intensified support 15.0 % of comprehensive school pupils. The names
/// of the forms changed in August 2025; the shares are used for the new forms.
inline constexpr std::uint64_t kPupilSpecificSupport = 105'000;
inline constexpr std::uint64_t kGroupSpecificSupport = 150'000;

/// Our own choices, per million.
inline constexpr std::uint64_t kReportedByGuardian =
    850'000;                                               // of illness spells, the same morning
inline constexpr std::uint64_t kClarifiedLater = 900'000;  // of days nobody had reported
inline constexpr std::uint64_t kMarkCorrected = 15'000;   // of single absences: came late after all
inline constexpr std::uint64_t kMarkAnnulled = 3'000;     // of single absences: wrong pupil
inline constexpr std::uint64_t kOtherMark = 3'000;        // of pupil days: no books, left early
inline constexpr std::uint64_t kLessonCancelled = 8'000;  // of lessons
inline constexpr std::uint64_t kGradeCorrected = 15'000;  // of course grades
inline constexpr std::uint64_t kSiblings = 350'000;       // of families: a second child at school
inline constexpr std::uint64_t kOneGuardian = 200'000;    // of families
inline constexpr std::uint64_t kSeparated = 250'000;      // of families with two guardians
inline constexpr std::uint64_t kGuardianReadsInWeek =
    250'000;  // of pupils: a guardian opens the record
inline constexpr std::uint64_t kActivityInWeek =
    500'000;  // of pupils: an exercise in the vendor's tool

}  // namespace oppi::ops::rates
