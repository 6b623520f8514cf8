#pragma once

#include <cstdint>

#include "events/bytes.h"
#include "events/codec/foreign.h"

/// Read-audit log of Finland's early-childhood register (Varda) as access.read: one JSON object a
/// line with `logSeq`, `timestamp` (milliseconds, as text), `user`, `operation`, `target` (path and
/// query of the request), and where it ran.

namespace oppi::events {

/// One line of type "log". What an auditor finds in the event, and what not:
///
/// - `actor` is the user, `time` the instant, the id follows from service, environment, host and
///   `logSeq`, so a gap or a rewritten line shows.
/// - `reason_text` is operation and target with everything masked that could tell who was read:
///   identifiers of children, persons and their records become `{id}`, values of search terms
///   `{text}`. Numbers of organisations and units stay, they name no learner.
/// - `query`: LEARNER_RECORD for a child's or person's own pages, BULK for lists of them, RECORD
///   else.
/// - A child's or person's page names its subject: a pseudonym of the register's internal number.
///   Lists and single decisions do not say whose they are; such an event has no subject.
/// - `result_count` is 1 for a single record and -1, "not told", for a list: the log does not say
///   how many it gave, and 0 would read as nobody.
/// - `organisation` is the controller, `purpose` the option's: the log knows neither. `actor_role`
///   is STAFF: the log has no other users.
///
/// Refusals: MALFORMED; FIELD_MISSING, FIELD_TYPE with the member; TYPE_UNKNOWN (`type`: a line
/// that is no access, such as a heartbeat; `operation`: anything but a read, which access.read
/// would belie).
[[nodiscard]] Translated TranslateAudit(ByteView record, std::uint64_t number,
                                        const TranslateOptions& options);

}  // namespace oppi::events
