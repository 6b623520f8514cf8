#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/history.h"

/// Duties and their deadlines (consent-model section 11). An overdue duty is a finding; it never
/// changes a decision.

namespace oppi::projections {

enum class DutyCode : std::uint8_t {
  kInformChild,
  kStopAck,
  kEmergencyReview,
  kQuarantineReview,
  kHindranceReview,
  kEraseAfterRelease,
};
[[nodiscard]] std::string_view DutyCodeName(DutyCode code);  // "INFORM_CHILD"

enum class DutyStatus : std::uint8_t { kDone, kOpen, kOverdue };
[[nodiscard]] std::string_view DutyStatusName(DutyStatus status);  // "DONE"

struct Duty {
  DutyCode code{};
  Instant due{};
  const Fact* event = nullptr;  // what made the duty
  std::string_view recipient;   // kStopAck: who must acknowledge
  DutyStatus status = DutyStatus::kOpen;
};

/// Every duty at t, in log order of its event. Events recorded after t do not count, so the answer
/// is what a diligent officer could have known at t: `history` is that of LimitedTo(known, t).
[[nodiscard]] std::vector<Duty> DutiesOf(const History& history, Instant t);

/// The largest size up to `known` that holds only events recorded by t.
[[nodiscard]] TreeSize RecordedBy(const Facts& stream, const Registry& registry, TreeSize known,
                                  Instant t);

/// Duties of one grant, given that its consent is in force at t; recorded after t does not count.
[[nodiscard]] std::vector<Duty> DutiesOfGrant(const History& history, const Grant& grant,
                                              Instant t);

}  // namespace oppi::projections
