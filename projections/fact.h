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

/// What a projection knows of one committed event. Folds and answers are pure functions over facts in
/// log order: no clock, no I/O, no globals, so a verifier elsewhere gets the same answer.
/// In a view (t, S) a fact is visible iff position < S; it is in force by its V (consent-model 1).

namespace oppi::projections {

struct Fact {
  LeafIndex position{0};
  Instant recorded{};                       // R
  events::Outcome outcome = events::Outcome::kAccepted;  // or kQuarantined
  events::ErrorCode reason = events::ErrorCode::kNone;   // of the quarantine
  std::string publisher;
  std::string key;
  std::optional<Instant> anchored;          // A: time of the checkpoint the event's anchor names
  bool erased = false;                      // content gone: `event` is blank (see Erased)
  events::Event event;                      // without `object` and `text` fields (see EncodeCompact)

  friend bool operator==(const Fact&, const Fact&) = default;
};

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
