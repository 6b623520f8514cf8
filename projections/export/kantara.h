#pragma once

#include <string>
#include <vector>

#include "projections/export/consent_record.h"

/// Kantara Consent Receipt 1.1.0: what was agreed to, as one hands it to the person who agreed. A
/// receipt has no state, so there is none of a request or a refusal; when the consent ended stands
/// under `termination`. docs/exports.md has the mapping, field by field. Pure; any thread.

namespace oppi::projections {

/// A list of receipts, one for each record that a consent was given in.
[[nodiscard]] std::string KantaraReceipts(const std::vector<ConsentRecord>& records,
                                          const History& history, Places places);
/// One receipt. Requires record.grant.
[[nodiscard]] std::string KantaraReceipt(const ConsentRecord& record, const History& history,
                                         Places places);

}  // namespace oppi::projections
