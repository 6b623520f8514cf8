#pragma once

#include <cstdint>

#include "events/bytes.h"
#include "events/codec/foreign.h"

/// Experience API statements (xAPI 1.0.3, IEEE 9274.1.1) as activity.xapi_statement.

namespace oppi::events {

/// `record` is one statement, kept word for word; it has to keep the rules of xapi_rules.h (2.0,
/// which accept what 1.0.3 accepts). What follows from it:
///
/// - The event's id is made from the statement's id alone; without one, from its exact bytes.
/// - `time` is `timestamp`, else `stored`, else the option `received`.
/// - The subject is the actor: `account.name` itself where that already is a person id of ours
///   (`urn:oid:1.2.246.562.24...`, `urn:uuid:...`) or a UUIDv4; else a pseudonym of the actor's
///   inverse functional identifier (with the publisher's secret).
/// - An anonymous group becomes one event a member: each member's own record holds the statement.
///   The same member twice counts once.
///
/// Refusals: TOO_LARGE (over 48 KiB), MALFORMED, FIELD_TYPE (a rule of xAPI is broken; `member`
/// says where), FIELD_MISSING (`timestamp`), TOO_MANY_SUBJECTS, and whatever Validate says.
[[nodiscard]] Translated TranslateXapi(ByteView record, std::uint64_t number,
                                       const TranslateOptions& options);

}  // namespace oppi::events
