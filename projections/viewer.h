#pragma once

#include <string>
#include <string_view>

#include "events/time.h"
#include "projections/custody.h"
#include "projections/fact.h"

/// What the facts of a learner say about somebody who wants to look: learner, guardian, or neither.
///
/// Permission is a matter of the moment of asking and of everything recorded so far, whatever
/// moment or log size is asked about: a former guardian does not get in by asking for last year,
/// and a protection order hides the past too (consent-model section 9).

namespace oppi::projections {

struct ViewerCheck {
  /// Empty: may look. Else NOT_SUBJECT (a learner's own view of somebody else), CUSTODY_ENDED (a
  /// guardian whose last edge has ended), NOT_GUARDIAN (never held one), ROLE_NOT_ALLOWED.
  std::string denial;
  /// A guardian's view while a protection order is in force: organisations and times are redacted.
  bool redact = false;
  friend bool operator==(const ViewerCheck&, const ViewerCheck&) = default;
};

/// `role` is an ACTOR code. LEARNER and GUARDIAN are checked against the learner's facts; DPO and
/// AUDITOR are let through, their limits are not a matter of the learner's facts; nobody else is.
[[nodiscard]] ViewerCheck CheckViewer(std::string_view role, std::string_view person,
                                      std::string_view learner, const Facts& stream, Instant now,
                                      const AgeRules& ages);

}  // namespace oppi::projections
