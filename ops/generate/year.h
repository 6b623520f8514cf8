#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"
#include "events/time.h"
#include "ops/generate/calendar.h"
#include "ops/generate/generate.h"
#include "ops/generate/people.h"
#include "ops/generate/policy.h"
#include "ops/generate/random.h"
#include "ops/generate/writer.h"

/// The year while it is being told: the people, the calendar, and what chapters tell each other.
/// Each chapter is one function in a file of its own; generate.cc says in which order.

namespace oppi::ops {

/// One who may consent, as an event names him or her.
struct Giver {
  std::string oid;
  bool learner = false;
};

/// A consent on paper from the beginning of the year, typed in by the school.
struct PaperConsent {
  std::size_t pupil = 0;
  Purpose purpose{};
  Giver giver;
  std::string event;
  Instant valid_from{};
  bool quarantined = false;
};

/// A course grade as it stands.
struct CourseGrade {
  std::optional<events::Event> event;
  int grade = 0;
};

struct Year {
  GenerateOptions options;
  Random random;
  People people;
  std::vector<Date> days;
  Instant now{};
  Writer& writer;

  // Told by governance: ids of the basis assertions, by purpose code.
  std::map<std::string, std::string, std::less<>> basis{};
  std::size_t never_asked = 0;  // pupil whom nobody asks for a consent
  std::vector<PaperConsent> paper_consents{};
  // Told by the grades chapter: [pupil][subject].
  std::vector<std::array<CourseGrade, kSubjects.size()>> course_grades{};
  // Told by the grades chapter: events a year certificate rests on, by pupil.
  std::vector<std::vector<std::string>> certificate_basis{};
  // Told by the attendance chapter, for pupils who have been absent so far.
  std::vector<int> absent_lessons{};
  // Ids that a story's first steps leave for its later ones.
  std::map<std::string, std::string, std::less<>> notes{};
  Highlights highlights{};

  [[nodiscard]] Date first_day() const { return days.front(); }
  [[nodiscard]] Date last_day() const { return days.back(); }
  /// The school day this far into the year, in percent.
  [[nodiscard]] Date DayAt(std::size_t percent) const {
    return days[(days.size() - 1) * percent / 100];
  }
  [[nodiscard]] const std::string& guardian_oid(const Tie& tie) const {
    return people.guardians[tie.guardian].oid;
  }
};

/// Some minute of some day of the week, from hour `first` to the end of hour `last`. One draw after
/// the other: compilers differ in the order in which they evaluate arguments.
[[nodiscard]] Instant DrawTime(std::span<const Date> week, int first, int last, Random& draw);
/// "sha256:..." of an invented document that has this name.
[[nodiscard]] std::string DocumentHash(std::string_view name);
/// `by` a guardian, who also is the one the portal speaks for.
void NameGuardian(events::Event& event, const std::string& guardian);

/// Everybody who may consent for the pupil at `t`; of rule ONE any of them suffices.
[[nodiscard]] std::vector<Giver> GiversAt(const Year& year, const Pupil& pupil, Purpose purpose,
                                          Instant t);
/// The fields that every event about a consent shares: purpose, recipient, category and - where the
/// type has them - the notice as shown at `t`.
void NameOffer(events::Event& event, Purpose purpose, Instant t);

// Before the first day.
void TellGovernance(Year& year);
void TellRegister(Year& year);   // identities and guardians, from the population register
void TellEnrolment(Year& year);  // study rights, classes, groups, memberships
void TellPaperConsents(Year& year);
void TellFirstDisclosures(Year& year);

// Week by week.
void TellGradesOfWeek(Year& year, std::span<const Date> week);
void TellSupportOfWeek(Year& year, std::span<const Date> week);
void TellActivityOfWeek(Year& year, std::span<const Date> week);
void TellReadsOfWeek(Year& year, std::span<const Date> week);
void TellPortalConsentsOfWeek(Year& year, std::span<const Date> week);

// After the last day.
void TellFinalGrades(Year& year);
void TellCertificates(Year& year);
void TellNationalDisclosures(Year& year);

}  // namespace oppi::ops
