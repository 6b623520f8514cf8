#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/time.h"
#include "projections/record_person.h"

/// Parts of a learner's record that say what happened at school.

namespace oppi::projections {

/// [from, until) is when the state is the one in force; a state that an interruption with an end of
/// its own (`validto`) divides has two such periods, of the same event.
struct StudyState {
  Item item;
  Instant from{};
  std::optional<Instant> until;
  std::string state;
  std::string financing;
  friend bool operator==(const StudyState&, const StudyState&) = default;
};

struct Transfer {
  Item item;
  std::string from_provider;
  std::string to_provider;
  std::optional<Date> date;
  friend bool operator==(const Transfer&, const Transfer&) = default;
};

struct ClassPlacement {
  Item item;  // `until`: validto, or when the next placement begins
  std::string school_year;
  std::int64_t grade_level = 0;
  std::string class_name;
  std::string site;
  friend bool operator==(const ClassPlacement&, const ClassPlacement&) = default;
};

struct YearDecision {
  Item item;
  std::string school_year;
  std::int64_t grade_level = 0;
  std::string outcome;
  friend bool operator==(const YearDecision&, const YearDecision&) = default;
};

/// Everything about one study right id. Without a standing grant event `granted` is empty: other
/// facts may be older than the ledger.
struct StudyRight {
  std::string studyright;
  std::optional<Item> granted;
  std::string kind;
  std::string provider;
  std::string school;
  std::optional<Date> start;
  std::string state;               // in force at t; empty when none is
  std::vector<StudyState> states;  // in time order, without overlap
  std::vector<Transfer> transfers;
  std::vector<ClassPlacement> placements;
  std::vector<YearDecision> years;
  friend bool operator==(const StudyRight&, const StudyRight&) = default;
};

struct Membership {
  Item item;  // of the adding event; `until`: validto or the removal
  std::string group;
  std::string role;
  std::string removed_by;
  friend bool operator==(const Membership&, const Membership&) = default;
};

struct Clarification {
  Item item;
  std::string absence_class;
  std::string by;
  friend bool operator==(const Clarification&, const Clarification&) = default;
};

/// The teacher's mark and, beside it, the guardian's explanation: neither replaces the other.
struct LessonMark {
  Item item;
  std::string lesson;
  std::string code;  // ATT code
  std::optional<std::int64_t> minutes_late;
  std::optional<Clarification> clarified;
  bool newest = false;  // of its lesson and controller, by (V, position)
  friend bool operator==(const LessonMark&, const LessonMark&) = default;
};

struct AbsencePeriod {
  Item item;
  Instant from{};
  Instant until{};
  std::string absence_class;  // reports
  std::string by;             // reports
  std::string outcome;        // leave decisions
  std::string decider_role;   // leave decisions
  friend bool operator==(const AbsencePeriod&, const AbsencePeriod&) = default;
};

struct Register {
  Item item;
  std::string lesson;
  std::int64_t present_count = 0;
  friend bool operator==(const Register&, const Register&) = default;
};

struct AbsenceThreshold {
  Item item;
  std::int64_t threshold_hours = 0;
  std::string counted_hours;
  friend bool operator==(const AbsenceThreshold&, const AbsenceThreshold&) = default;
};

struct Attendance {
  std::vector<LessonMark> marks;  // by (V, position)
  std::vector<Register> registers;
  std::vector<AbsencePeriod> reports;
  std::vector<AbsencePeriod> leaves;
  std::vector<AbsenceThreshold> thresholds;
  /// Counts over the newest marks.
  std::map<std::string, std::uint64_t> marks_by_code;
  std::map<std::string, std::uint64_t> absences_by_class;  // ABSENT and clarified
  std::uint64_t absences_not_clarified = 0;
  friend bool operator==(const Attendance&, const Attendance&) = default;
};

enum class GradeKind : std::uint8_t { kCourse, kSubjectFinal, kItemResult, kCredit };

/// Every standing grade; `newest` marks, per kind, code, study right and controller, the one in
/// force at t with the greatest (V, position).
struct Grade {
  Item item;
  GradeKind kind = GradeKind::kCourse;
  std::string code;   // course, subject or item
  std::string grade;  // GRADE code; may be empty: points, credits
  std::string scope;
  std::string points;
  std::optional<std::int64_t> attempt;
  std::string assessor;
  std::string studyright;
  std::string origin;  // of a recognised credit
  bool individualised = false;
  bool newest = false;
  friend bool operator==(const Grade&, const Grade&) = default;
};

/// By reference only: the text stays sealed in the body until an answer opens it.
struct VerbalAssessment {
  Item item;
  std::string subject;
  std::string assessor;
  friend bool operator==(const VerbalAssessment&, const VerbalAssessment&) = default;
};

struct Reassessment {
  Item item;
  std::string target;
  std::string old_grade;
  std::string new_grade;
  std::string reason;
  std::string decider_role;
  friend bool operator==(const Reassessment&, const Reassessment&) = default;
};

struct Activity {
  Item item;
  std::string foreign_id;  // statement_id or event_id
  friend bool operator==(const Activity&, const Activity&) = default;
};

struct SupportFact {
  Item item;
  std::string kind;                // SUPPORT, PLAN, CONDUCT or DISCIPLINE code
  std::vector<std::string> codes;  // measures or participants
  std::string hash;                // of the document, never its content
  std::string decider;             // role of the decider, or the author
  std::optional<Date> date;
  friend bool operator==(const SupportFact&, const SupportFact&) = default;
};

struct Certificate {
  Item item;
  std::string certificate;
  std::string kind;
  std::string document_hash;
  std::vector<std::string> basis_events;
  std::int64_t basis_size = 0;
  std::string signer;
  bool revoked = false;  // at t
  std::string revoked_by;
  std::string revoked_reason;
  std::string replacement;
  bool basis_corrected =
      false;  // a basis event was corrected or annulled after the certificate's size
  friend bool operator==(const Certificate&, const Certificate&) = default;
};

}  // namespace oppi::projections
