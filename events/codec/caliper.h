#pragma once

#include <cstdint>

#include "events/bytes.h"
#include "events/codec/foreign.h"

/// Caliper Analytics 1.2 events as activity.caliper_event.

namespace oppi::events {

/// `record` is one event, or an envelope with any number of events and entities. Each event is kept
/// word for word; it has to keep the rules of caliper_rules.h as far as a receiver needs them
/// (CaliperStrictness::kTolerant). Entities only describe things and become nothing; they are
/// counted (`unmapped_entities`), for they can be told only where an event speaks of them.
///
/// - The event's id is made from the Caliper event's id alone; `time` is `eventTime`.
/// - The subject is the learner: of a GradeEvent the attempt's assignee, of a timed-out session its
///   user, else the actor. An id that already is a person id of ours (`urn:oid:1.2.246.562.24...`,
///   a UUIDv4 as `urn:uuid:`) stays; any other becomes a pseudonym (with the publisher's secret).
///   All anonymous persons share one id in Caliper, so each of their events gets a subject of its
///   own.
///
/// Refusals: TOO_LARGE (an event over 48 KiB, a record over 1 MiB), MALFORMED, FIELD_TYPE (a rule
/// of Caliper is broken; `member` says where), and whatever Validate says. An envelope is refused
/// whole.
[[nodiscard]] Translated TranslateCaliper(ByteView record, std::uint64_t number,
                                          const TranslateOptions& options);

}  // namespace oppi::events
