#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "projections/learner_record.h"

/// One item of a record in a view: the question `record_as_of` of rehearsals, exactly.

namespace oppi::projections {

enum class RecordItemKind : std::uint8_t {
  kCourseGrade,
  kSubjectGrade,
  kStudyRightState,
  kAttendance,
  kCertificate,
  kActivity
};
/// "course_grade", ...; nullopt when there is no such kind.
[[nodiscard]] std::optional<RecordItemKind> ParseRecordItemKind(std::string_view name);

struct RecordItem {
  RecordItemKind kind{};
  std::string code;  // course, subject, study right, lesson or certificate; empty for activity
};

struct AttendanceValue {
  std::string marked;
  std::string clarified;  // empty: not clarified
  friend bool operator==(const AttendanceValue&, const AttendanceValue&) = default;
};
struct CertificateValue {
  bool revoked = false;
  bool basis_corrected = false;
  friend bool operator==(const CertificateValue&, const CertificateValue&) = default;
};

enum class RecordItemStatus : std::uint8_t { kAbsent, kPresent, kErased, kHeld };

/// `value`: the code of a grade or state; the event ids of activity; monostate when there is
/// nothing.
struct RecordItemAnswer {
  RecordItemStatus status = RecordItemStatus::kAbsent;
  std::variant<std::monostate, std::string, std::vector<std::string>, AttendanceValue,
               CertificateValue>
      value;
  std::string event;                  // the fact that decides; of activity the last one
  std::vector<std::string> replaces;  // grades and states: newest first
  std::string by;                     // kErased: the execution; kHeld: the hold
  friend bool operator==(const RecordItemAnswer&, const RecordItemAnswer&) = default;
};

/// The fact in force at t with the greatest (V, position) among facts neither corrected nor
/// annulled.
///
/// Erased: when the deciding fact's content is gone. If the stream still tells what an erased fact
/// was (stories that are folded whole do), that decides exactly; if only its position is left, the
/// item is ERASED when no fact answers and an execution that covers the item's type came after the
/// position: "gone" and "never there" are then indistinguishable, and absence is not claimed.
[[nodiscard]] RecordItemAnswer RecordAsOf(std::string_view learner, const Facts& stream,
                                          const View& view, const RecordItem& item,
                                          const RecordRules& rules = {});

/// {"status":"PRESENT","value":"9","event":"...","replaces":["..."]}; `by` for ERASED and HELD.
[[nodiscard]] std::string RecordItemJson(const RecordItemAnswer& answer);

}  // namespace oppi::projections
