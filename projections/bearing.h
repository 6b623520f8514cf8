#pragma once

#include "events/event.h"
#include "projections/question.h"

/// Which types of events bear on which question. What does not may stay closed in evidence, its
/// type alone shown; docs/wire-format.md, evidence, has this table for those who write another
/// verifier.

namespace oppi::projections {

/// Whether answers to this kind of question read events of this type.
[[nodiscard]] bool Reads(Ask ask, events::EventType type);

/// Whether an event in a stream of whom the question is about can change the answer, or whose
/// streams it rests on. `known`: its index is below the view's size.
[[nodiscard]] bool Bears(Ask ask, events::EventType type, bool known);

}  // namespace oppi::projections
