#pragma once

#include "projections/answer.h"
#include "projections/history.h"
#include "projections/registry.h"

/// Answers in the formats that others read: the result is the document, inside the same envelope,
/// by the same permission and with the same access event as the plain answer.

namespace oppi::projections {

/// `question.format`: "ts27560", "kantara" or "fhir". With `question.consent` the document is about
/// that consent alone, and `null` when the asker can see no such consent. Count: documents of
/// consents. Requires access.permitted(); `stream` as for AnswerConsents.
[[nodiscard]] Answer ExportConsents(const Question& question, const Access& access,
                                    const Facts& stream, const Registry& registry,
                                    const View& view);

/// `question.format`: "fhir". Count and items as in the plain answer. Requires access.permitted()
/// and no `question.publisher`.
[[nodiscard]] Answer ExportAudit(const Question& question, const Access& access,
                                 const Facts& stream, const View& view);

}  // namespace oppi::projections
