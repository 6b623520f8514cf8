#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/consent_state.h"
#include "projections/duties.h"
#include "projections/history.h"

/// "May this be done?" (consent-model section 8) as one pure function. Default is deny.

namespace oppi::projections {

enum class DecisionResult : std::uint8_t {
  kPermit,
  kPermitStatutory,
  kPermitEmergency,
  kDeny,
  kStale,
  kIndeterminate,
  kNotReady,
};
[[nodiscard]] std::string_view DecisionResultName(DecisionResult result);  // "PERMIT_STATUTORY"
[[nodiscard]] inline bool Permits(DecisionResult result) {
  return result == DecisionResult::kPermit || result == DecisionResult::kPermitStatutory ||
         result == DecisionResult::kPermitEmergency;
}

/// Most severe first; the answer for a set carries the most severe of its leaves.
enum class Reason : std::uint8_t {
  kNone,
  kSubjectErased,
  kErasurePending,
  kRestricted,
  kProtected,
  kObjection,
  kNoBasis,
  kBasisInvalid,
  kInvalidated,
  kWithdrawn,
  kWithdrawalPending,
  kRefused,
  kRevoked,
  kSuperseded,
  kExpired,
  kExpiredAtAge,
  kExpiredAtMajority,
  kSuspect,
  kQuarantined,
  kPendingCo,
  kNoticeVersion,
  kScope,
  kNoConsent,
  kErased,
  // Never of a leaf.
  kCustodyEnded,
  kNotGuardian,
  kNoEmergency,
  kEmergencyExpired,
  kProjectionBehind,
  kNotSubject,
};
[[nodiscard]] std::string_view ReasonName(Reason reason);  // "" for kNone

enum class DecisionOp : std::uint8_t { kDisclose, kGuardianView, kEmergencyRead };
[[nodiscard]] std::optional<DecisionOp> ParseDecisionOp(std::string_view name);  // "disclose", ...

struct DecideQuestion {
  std::string controller;
  std::string purpose;
  std::string recipient;
  std::vector<std::string> categories;
  DecisionOp op = DecisionOp::kDisclose;
  std::string principal;  // guardian_view, emergency_read
  Instant at{};
  std::optional<TreeSize> min_known;         // a smaller view is stale
  std::optional<std::int64_t> freshness_ms;  // age of the view
  bool node_ready = true;  // false: restored, and the erase list is not applied again yet
};

struct Decision {
  DecisionResult result = DecisionResult::kDeny;
  Reason reason = Reason::kNone;
  std::string_view basis;                             // "A6-1-a"; empty: none
  const Fact* consent = nullptr;                      // the decisive grant
  const Fact* by = nullptr;                           // the decisive negative or rule event
  std::vector<std::string> permitted_subset;          // ascending
  std::map<std::string, Reason, std::less<>> denied;  // leaf -> reason
  std::vector<std::string> missing;                   // holders yet to consent, ascending
  ConsentFlags flags;
  bool basis_contested = false;
  std::vector<Duty> obligations;  // open or overdue, with PERMIT
};

[[nodiscard]] Decision Decide(const History& history, const DecideQuestion& question);

/// Names of the flags that are up, ascending.
[[nodiscard]] std::vector<std::string> FlagNames(const ConsentFlags& flags, bool basis_contested);

/// May `viewer` see what guardians see of the learner at t? kNone, kCustodyEnded or kNotGuardian.
[[nodiscard]] Reason JudgeGuardian(const History& history, std::string_view viewer, Instant t);

}  // namespace oppi::projections
