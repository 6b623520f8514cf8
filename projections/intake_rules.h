#pragma once

#include <functional>
#include <string_view>

#include "events/event.h"
#include "events/vocabulary.h"
#include "ledger/intake_rules.h"
#include "projections/fact.h"
#include "projections/registry.h"

/// The rules of intake that depend on the log (vocabulary section 9, from TIME_IN_FUTURE on;
/// consent in consent-model section 6), as one pure function. Used by the sequencer and by
/// rehearsals alike.

namespace oppi::projections {

/// What the log holds just before the candidate.
struct IntakeContext {
  const Registry& registry;
  /// Facts about the subject under every identifier, log order; for events about no single person
  /// those of the same owner (Event::KeyOwner). May be empty unless NeedsStream(event).
  const Facts& stream;
  events::Role role = events::Role::kNone;  // of the publisher
  /// A fact of somebody else's stream by event id, so that a correction of another person's fact is
  /// told from one of no fact. Optional; nullptr: there is none.
  std::function<const Fact*(std::string_view event)> elsewhere;
};

/// Whether JudgeIntake looks at the subject's stream at all.
[[nodiscard]] bool NeedsStream(const events::Event& event);

/// `candidate` has the position, recorded time, publisher, key and anchor it will get. The answer
/// is kAccepted, kQuarantined with its reason, or kRejected with the first violated rule.
[[nodiscard]] ledger::Verdict JudgeIntake(const IntakeContext& context, const Fact& candidate);

/// A refused or conflicting event of these groups leaves a note in the subject's stream.
[[nodiscard]] bool RefusalLeavesNote(const events::TypeInfo& type);

}  // namespace oppi::projections
