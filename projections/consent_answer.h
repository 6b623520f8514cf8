#pragma once

#include <memory>

#include "projections/answer.h"
#include "projections/decision.h"
#include "projections/registry.h"

/// Answers about consent: states, timelines, decisions; and the registry that they rest on.

namespace oppi::projections {

/// The registry as consent sees it. `facts`: registry facts in log order with their `object` fields
/// (policy packs are read from them).
[[nodiscard]] std::unique_ptr<const Registry> RegistryOf(const Facts& facts);

/// Data of the pack in force that a record depends on; nothing when there is no pack.
[[nodiscard]] RecordRules RulesAt(const Registry& registry, const View& view);

/// [{controller, purpose, recipient, category, state, reason, consent, by, since, until, flags, dpv}],
/// one for each atom that any act of the learner names, narrowed by the question's members.
[[nodiscard]] Answer AnswerConsents(const Question& question, const Access& access, const Facts& stream,
                                    const Registry& registry, const View& view);
/// [{controller, purpose, recipient, category, segments: [{state, from, until, consent, by}]}]
[[nodiscard]] Answer AnswerTimeline(const Question& question, const Access& access, const Facts& stream,
                                    const Registry& registry, const View& view);
/// {result, reason, basis, consent, by, permitted_subset, denied, missing, flags, obligations, policy_hash}
[[nodiscard]] Answer AnswerDecide(const Question& question, const Facts& stream, const Registry& registry,
                                  const View& view);

}  // namespace oppi::projections
