#pragma once

#include <string>
#include <vector>

#include "projections/export/consent_record.h"

/// HL7 FHIR R5 Consent. The decision is always `deny` and each provision is an exception to it, so
/// what is not listed is not permitted; docs/exports.md has the mapping, field by field. Pure; any
/// thread.

namespace oppi::projections {

/// A Bundle (collection) of Consent resources, one for each record.
[[nodiscard]] std::string FhirConsentBundle(const std::vector<ConsentRecord>& records,
                                            const History& history, const View& view,
                                            Places places);
/// One Consent resource.
[[nodiscard]] std::string FhirConsent(const ConsentRecord& record, const History& history,
                                      Places places);

}  // namespace oppi::projections
