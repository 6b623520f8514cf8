#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/history.h"

/// The state of consent per atom (consent-model sections 4, 5, 7 and 13): the reference fold over
/// the acts of a History, the ends that nobody has to announce, and the timeline. Pure; any thread.

namespace oppi::projections {

enum class ConsentStatus : std::uint8_t {
  kNone,
  kRequested,
  kDeferred,
  kPendingCo,
  kGiven,
  kRenewed,
  kRefused,
  kWithdrawn,
  kRevoked,
  kExpired,
  kSuperseded,
  kInvalidated,
  kIndeterminate,
};
[[nodiscard]] std::string_view ConsentStatusName(ConsentStatus status);  // "PENDING_CO"
[[nodiscard]] std::string_view DpvStatusName(ConsentStatus status);      // "ConsentRequested"
[[nodiscard]] inline bool InForce(ConsentStatus status) {
  return status == ConsentStatus::kGiven || status == ConsentStatus::kRenewed;
}

/// What the learner's consents are about; the learner is the History's.
struct Atom {
  std::string_view controller;
  std::string_view purpose;
  std::string_view recipient;
  std::string_view category;  // a leaf
};

/// Remarks that go with a state or a decision.
struct ConsentFlags {
  bool guardian_conflict = false;
  bool hindrance = false;
  bool reconfirm = false;
  bool withdrawal_refused = false;
  friend bool operator==(const ConsentFlags&, const ConsentFlags&) = default;
};

struct ConsentState {
  ConsentStatus status = ConsentStatus::kNone;
  std::string_view reason;         // why it is INVALIDATED, EXPIRED, INDETERMINATE, where said
  const Grant* consent = nullptr;  // the decisive grant
  const Fact* by = nullptr;        // what else decides: negative, request, rule event, erasure
  std::optional<Instant> since;    // none: NONE and INDETERMINATE
  std::optional<Instant> until;    // earliest derived end, while in force
  ConsentFlags flags;
  const Fact* withdrawal_waits = nullptr;  // asked for, not yet decided; only while in force
  std::vector<const Grant*> givers;        // in force: who gave; PENDING_CO: who gave so far
  bool suspect_grant = false;              // a fitting grant waits for re-attestation
  bool quarantined_grant = false;          // a fitting grant waits for release
};

[[nodiscard]] ConsentState StateOf(const History& history, const Atom& atom, Instant t);

/// Negatives in effect on the atom, in the order in which they took effect, up to t.
[[nodiscard]] std::vector<const Fact*> AppliedNegatives(const History& history, const Atom& atom,
                                                        Instant t);
/// C6: one of them lies after the request that the grant rests on.
[[nodiscard]] bool IsStale(const std::vector<const Fact*>& applied, const Fact& grant,
                           std::optional<LeafIndex> request);

struct Segment {
  ConsentStatus status{};
  std::optional<Instant> from;   // none: from the beginning
  std::optional<Instant> until;  // none: to no end that is known
  const Grant* consent = nullptr;
  const Fact* by = nullptr;
  friend bool operator==(const Segment&, const Segment&) = default;
};
/// In time order, half-open, without gap or overlap but for NONE, which is left out.
[[nodiscard]] std::vector<Segment> TimelineOf(const History& history, const Atom& atom);

/// The latest execution that destroyed consent evidence of the learner, whatever the view.
[[nodiscard]] const Fact* ConsentEvidenceErasedBy(const History& history);

}  // namespace oppi::projections
