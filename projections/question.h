#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ordinal.h"
#include "events/result.h"
#include "events/time.h"

/// A question as asked over HTTP or on the command line: the same members on both doors.

namespace oppi::projections {

enum class Ask : std::uint8_t {
  kRecord,
  kConsents,
  kTimeline,
  kDecide,
  kAudit,
  kObligations,
  kFindings,
  kErasure,
  kHolds,
};
inline constexpr Ask kAsks[] = {Ask::kRecord, Ask::kConsents,    Ask::kTimeline, Ask::kDecide,
                                Ask::kAudit,  Ask::kObligations, Ask::kFindings,
                                Ask::kErasure, Ask::kHolds};
[[nodiscard]] std::string_view AskName(Ask ask);  // "record", ...

struct Question {
  Ask ask{};
  std::string learner;
  std::string controller;
  std::string purpose;
  std::string recipient;
  std::vector<std::string> categories;
  std::string op;         // decide: "disclose" (default), "guardian_view", "emergency_read"
  std::string principal;  // decide with op
  std::string actor;      // audit
  std::string publisher;  // audit
  std::string status;     // obligations: only those; "DONE", "OPEN" or "OVERDUE"
  std::string format;     // consents: "ts27560", "kantara", "fhir"; audit: "fhir"; default: ours
  std::string consent;    // consents with format: id of one act
  std::string request;    // erasure: id of the request; whose data it is about need not be said
  std::optional<Instant> valid_at;     // default: now
  std::optional<TreeSize> known_size;  // default: the newest
  std::optional<Instant> known_at;     // instead of known_size: recorded at or before
  std::optional<TreeSize> min_size;    // decide: STALE when the view is smaller
  std::optional<Instant> from;
  std::optional<Instant> until;
  // Obligations and findings without learner: over everybody, for one controller, page by page.
  std::optional<std::uint64_t> limit;  // rows on a page, more or less: a learner's stay together
  std::string after;                   // `next` of the page before
  std::string reason;  // free text, kept in the access event
  bool evidence = false;

  friend bool operator==(const Question&, const Question&) = default;
};

/// One JSON object with the members of Question by their names; instants as RFC 3339 text, sizes as
/// integers. Which members a question has, and which it must have, is the table in question.cc.
/// Strict: unknown or repeated members, wrong types, empty texts and missing inputs are refused
/// with kInvalidArgument "<code of vocabulary section 9>: <member>"; values are never repeated.
/// Bounded.
[[nodiscard]] Result<Question> ParseQuestion(Ask ask, std::string_view json);

/// The members that are set, in the order of Question, no white space. Canonical:
/// ParseQuestion(q.ask, QuestionJson(q)) gives q, for every q that ParseQuestion can give.
[[nodiscard]] std::string QuestionJson(const Question& question);

/// About everybody for whom a controller is responsible, page by page.
[[nodiscard]] inline bool AsksOfMany(const Question& question) {
  return question.learner.empty() &&
         (question.ask == Ask::kObligations || question.ask == Ask::kFindings);
}

/// Who asks, as authenticated.
struct Asker {
  std::string principal;
  std::string role;          // ACTOR code: TEACHER STAFF GUARDIAN LEARNER VENDOR DPO AUDITOR SYSTEM
  std::string organisation;  // OID, or "*" for the national operator's officers
  std::string purpose;
};

}  // namespace oppi::projections
