#pragma once

#include <string>

#include "projections/answer.h"
#include "projections/fact.h"

/// Audit entries as FHIR AuditEvent by the IHE profile Basic Audit Log Patterns (BALP) 1.1, which
/// is built on FHIR R4. docs/exports.md has the mapping, field by field. Pure; any thread.
///
/// I1  A redacted entry is written from the entry alone: its event is not looked at.
/// I2  A question about a learner names no other learner.

namespace oppi::projections {

/// A Bundle (collection) of AuditEvent resources in the order of the trail: one for each entry, or,
/// without a learner in the question, one for each entry and person that it was about. `stream`:
/// the facts that the trail was built from. Requires a trail that is not a publisher's.
[[nodiscard]] std::string BalpAuditBundle(const AuditTrail& trail, const Question& question,
                                          const Facts& stream, const View& view);

}  // namespace oppi::projections
