#pragma once

#include <string>
#include <string_view>

#include "events/result.h"

/// Answers as text for people: sections of aligned columns, made from the JSON of the answer, so
/// that a program far from the ledger shows the same.

namespace oppi::projections {

/// From RecordJson: who, since when, which grade, at which log position - what a person needs to
/// check the record against a document. Days are Helsinki days. Errors: kInvalidArgument - not such
/// JSON.
[[nodiscard]] Result<std::string> RecordTable(std::string_view record_json);

/// From AuditJson.
[[nodiscard]] Result<std::string> AuditTable(std::string_view audit_json);

/// From the list of AnswerObligations or AnswerFindings, or the rows of pages of many learners.
[[nodiscard]] Result<std::string> ObligationsTable(std::string_view rows_json);
[[nodiscard]] Result<std::string> FindingsTable(std::string_view rows_json);

/// From the envelope's `redactions`: what was kept back, one line each; empty when nothing was.
[[nodiscard]] Result<std::string> RedactionLines(std::string_view redactions_json);

}  // namespace oppi::projections
