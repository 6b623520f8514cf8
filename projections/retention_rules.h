#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/fact.h"
#include "projections/history.h"
#include "projections/retention_table.h"

/// Which rules of a retention table have come due for a learner, and what a run has to do about it.
/// Pure: a history, a table and an instant.

namespace oppi::projections {

/// The day of the trigger is not counted and the last day is kept whole: midnight in Helsinki that
/// ends the day `days` after it.
[[nodiscard]] Instant DueAfter(Instant trigger, std::int64_t days);

/// Since when no study right of the learner is open; nullopt: one is, one is known to come, or nothing
/// is known of any. A right ends with a state that ends it, or with the end of its last state.
[[nodiscard]] std::optional<Instant> StudyRightsEnded(const History& history, Instant now);

/// The trigger of the rule; nullopt: it was not pulled. It may lie in the future.
[[nodiscard]] std::optional<Instant> TriggerOf(const History& history, const RetentionRule& rule, Instant now);

struct DueRule {
  std::size_t rule = 0;  // index into the table
  Instant trigger{};
  Instant due{};         // <= now
  friend bool operator==(const DueRule&, const DueRule&) = default;
};
/// In the order of the table.
[[nodiscard]] std::vector<DueRule> DueRules(const History& history, const RetentionTable& table, Instant now);

/// What a run does for one learner.
struct RetentionStep {
  enum class Kind : std::uint8_t {
    kRequest,    // a new request, and its decision
    kDecide,     // a request of an interrupted run has no decision yet
    kCallOff,    // it waits, but its rule is not due any more
    kWaits,      // it is requested already, by whomever
    kCalledOff,  // somebody called it off, and the table has not changed since
  };
  Kind kind{};
  std::size_t rule = 0;      // not of kCallOff
  std::string request;       // event id; of kRequest none yet
  std::uint64_t events = 0;  // kRequest, kDecide, kWaits: what an execution would take now
  std::uint64_t shared = 0;  // of these, named beside somebody else
  bool held = false;         // a legal hold defers it
};
/// `requester`: in whose name the runs request. Rules that are due and would take nothing are left out.
[[nodiscard]] std::vector<RetentionStep> StepsFor(const History& history, const RetentionTable& table, std::string_view requester,
                                                  Instant now);

/// erasure.requested for this learner, complete but for id, source and controller.
[[nodiscard]] events::Event RetentionRequest(const RetentionRule& rule, std::string_view learner, Instant now);

}  // namespace oppi::projections
