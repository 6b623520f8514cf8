#pragma once

#include <string>
#include <vector>

#include "projections/export/consent_record.h"

/// ISO/IEC TS 27560:2023 consent records and receipts with terms of the W3C Data Privacy Vocabulary
/// 2.x, as JSON-LD that needs no other document to be read. docs/exports.md has the mapping, field
/// by field. Pure; any thread.

namespace oppi::projections {

/// A graph of dpv:ConsentRecord, one for each record.
[[nodiscard]] std::string Ts27560Graph(const std::vector<ConsentRecord>& records,
                                       const History& history, const View& view, Places places);
/// A dpv:ConsentReceipt that holds the one record.
[[nodiscard]] std::string Ts27560Receipt(const ConsentRecord& record, const History& history,
                                         const View& view, Places places);

}  // namespace oppi::projections
