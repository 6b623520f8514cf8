#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "projections/fact.h"
#include "projections/learner_record.h"

/// Who looked, when and why: the audit trail over access events.
///
/// I1  Of the access group everything is listed but decision_made and emergency_reviewed: those are
///     about deciding, not about looking.
/// I2  Totals are exact, in every view: redaction hides what an entry says, never that it is there.
/// I3  A redacted entry has the Helsinki date and nothing that gives the rest away: no
/// organisation, no
///     actor, no recipient, no reason, no position and no recorded time (the public log ties a
///     position to a publisher and a microsecond). Its event id stands in the value for rehearsals
///     and is left out of AuditJson: a UUIDv7 tells the millisecond.

namespace oppi::projections {

/// What to list; empty members do not narrow. With `publisher`, everything that the publisher
/// published is listed, and `action` of what is no access is the name of its type.
struct AuditQuery {
  std::string actor;
  std::string publisher;
  std::optional<Instant> from;  // V, half-open
  std::optional<Instant> until;
};

struct AuditEntry {
  std::string event;
  std::string action;  // "read", "disclosed", ...
  std::string actor;
  std::string actor_role;  // ACTOR code, where the event has one
  std::string organisation;
  std::string purpose;
  std::string recipient;
  std::string query;   // QUERY code of a read
  std::string reason;  // free text of a read
  std::string at;      // V; of a redacted entry its Helsinki date
  Instant recorded{};
  LeafIndex position{0};
  bool redacted = false;
  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

struct AuditTrail {
  std::uint64_t total = 0;
  std::uint64_t redacted = 0;
  std::vector<AuditEntry> entries;  // log order
  friend bool operator==(const AuditTrail&, const AuditTrail&) = default;
};

enum class AuditRedaction : std::uint8_t { kNone, kProtection };

/// `facts`: in log order, of a learner's stream, an actor's or a publisher's. Entries are visible
/// in the view and have V <= t.
[[nodiscard]] AuditTrail BuildAudit(const Facts& facts, const View& view, const AuditQuery& query,
                                    AuditRedaction redaction = AuditRedaction::kNone);

/// {"total","redacted","entries":[...]} for the API: members that say nothing are left out.
[[nodiscard]] std::string AuditJson(const AuditTrail& trail);

/// Event, position and recorded of the entries that are not redacted.
[[nodiscard]] std::vector<Source> SourcesOf(const AuditTrail& trail);

}  // namespace oppi::projections
