#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/corrections.h"
#include "projections/fact.h"

/// Guardians of a learner as edges in time (consent-model section 3): who holds parental rights,
/// from when until when. Who may consent to what is decided elsewhere, on top of the same facts.

namespace oppi::projections {

struct Edge {
  const Fact* fact = nullptr;  // the guardianship.established that stands; lives in the stream
  std::string guardian;
  std::string right;                         // RIGHT code: DECIDE or INFO
  std::vector<std::string> purpose_classes;  // empty: all
  Instant from{};
  std::optional<Instant> until;    // earliest of `validto`, guardianship.ended and majority
  const Fact* ended_by = nullptr;  // the guardianship.ended that set `until`, if one did

  [[nodiscard]] bool InForce(Instant t) const { return from <= t && (!until || t < *until); }
};

/// Ages are data of the policy pack, never of the code; absent: the rule does not apply.
struct AgeRules {
  std::optional<int> majority_age;
  LeapBirthday leap = LeapBirthday::kMarch1;
};

/// When the learner comes of age, by the newest registration; nullopt when either is unknown.
[[nodiscard]] std::optional<Instant> MajorityOf(const Corrections& facts, const AgeRules& ages);

/// Every edge of the learner that the log size of `facts` shows, by (V, position).
[[nodiscard]] std::vector<Edge> EdgesOf(const Corrections& facts, const AgeRules& ages);

enum class Custody { kNever, kEnded, kHeld };
/// Whether `person` holds any edge (DECIDE or INFO) to the learner at t, or held one that has
/// ended. An edge that begins later is not held and was not held.
[[nodiscard]] Custody CustodyOf(const std::vector<Edge>& edges, std::string_view person, Instant t);

}  // namespace oppi::projections
