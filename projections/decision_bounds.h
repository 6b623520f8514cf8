#pragma once

#include <vector>

#include "events/vocabulary.h"
#include "projections/history.h"

/// When and by what an answer of `decide` can change: what lets one answer serve many questions.

namespace oppi::projections {

/// Can a fact of this type change what a disclose question about one of its subjects is answered?
/// Reads, decisions and disclosures are about answers; they never change one.
[[nodiscard]] bool MovesDecisions(const events::TypeInfo& type);

/// [from, until)
struct Steady {
  Instant from = kInstantMin;
  Instant until = kInstantMax;
  [[nodiscard]] bool Holds(Instant t) const { return from <= t && t < until; }
};

/// An interval around t in which every disclose question about the history's learner has the answer it
/// has at t: up to the nearest instants that the fold compares its own with - when something begins,
/// ends, is recorded or expires, a birthday, a deadline. `registry_changes`: RegistrySnapshot::changes.
[[nodiscard]] Steady SteadyAround(const History& history, const std::vector<Instant>& registry_changes, Instant t);

/// V, end and time fields of an event.
void AddInstants(const events::Event& event, std::vector<Instant>& instants);

}  // namespace oppi::projections
