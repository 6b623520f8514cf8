#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "events/bytes.h"
#include "events/codec/foreign.h"

/// Rosters as sets of CSV files: OneRoster 1.1 and 1.2, and the two School Data Sync layouts that
/// follow it (2.1: users.csv, enrollments.csv...; 1: Student.csv, StudentEnrollment.csv...).

namespace oppi::events {

struct RosterFile {
  std::string_view name;  // path; what counts is its last part, without regard to case
  ByteView bytes;
};

struct RosterEvents {
  std::vector<Event> events;
  /// Rows that became nothing. `member` is file and column, "enrollments.csv: classSourcedId";
  /// `record` is the row, from 0, the header not counted.
  std::vector<Refused> refused;
  /// Rows that have no place in the vocabulary: roles other than learner, teacher, assistant and
  /// guardian, relations other than guardian and parent, learners without a birth date. Flags,
  /// addresses, ethnicity, passwords and the like are never looked at.
  std::uint32_t unmapped_rows = 0;
};

/// - a student with a birth date: identity.learner_registered
/// - a student's guardian or parent: guardianship.established, right INFO
/// - a class or section: teaching.group_defined
/// - an enrolment: teaching.membership_set
///
/// How:
/// - A roster says who is called a guardian, not who may decide: right DECIDE would let a wrong row
///   consent for a child, so it takes the option `guardian_right`.
/// - A person is the row's id where that already is a person id of ours or a UUIDv4; else a
///   pseudonym of controller and id (with the publisher's secret).
/// - Events are named by the row's own id, with `dateLastModified` where the format has it: a row
///   that changed without saying so is an id conflict.
/// - Facts hold from the first day of their term to the end of its last. `time` is
///   `dateLastModified`, else the first day of the earliest term, else the option `received`.
/// - `language` is told by none of the formats: `other`. `subject_code` is the subject as the file
///   has it, else the code of the course; school is the class's organisation if that is an OID,
///   else the controller.
///
/// A file that is no CSV is one refusal (MALFORMED) and its rows are missing everywhere.
[[nodiscard]] RosterEvents TranslateRoster(const std::vector<RosterFile>& files,
                                           const TranslateOptions& options);

}  // namespace oppi::events
