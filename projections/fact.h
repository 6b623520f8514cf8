#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"
#include "events/ordinal.h"
#include "events/outcome.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/committed.h"

/// What a projection knows of one committed event. Folds and answers are pure functions over facts in
/// log order: no clock, no I/O, no globals, so a verifier elsewhere gets the same answer.
/// The event of a fact read from a view has no `object` and `text` fields (see EncodeCompact); those are opened from the body.
/// In a view (t, S) a fact is visible iff position < S; it is in force by its V (consent-model 1).

namespace oppi::projections {

using Fact = ledger::CommittedEvent;

/// Log order.
using Facts = std::vector<Fact>;

/// Canonical bytes of a fact, what a view row holds (sealed). The content of an erased fact is never
/// written. Requires outcome kAccepted or kQuarantined.
[[nodiscard]] Bytes EncodeFact(const Fact& fact);
/// Strict: EncodeFact(DecodeFact(b)) == b. Errors: kDataLoss - a row that we did not write.
[[nodiscard]] Result<Fact> DecodeFact(ByteView bytes);

/// What is left of a fact when its content is destroyed: position, recorded, outcome, publisher, key
/// and anchor, all of which the log itself shows for ever.
[[nodiscard]] Fact Erased(Fact fact);

/// The view (t, S) of consent-model section 1.
struct View {
  Instant at{};
  TreeSize size{0};
};

[[nodiscard]] constexpr bool Visible(const Fact& fact, const View& view) {
  return Contains(view.size, fact.position);
}

}  // namespace oppi::projections
