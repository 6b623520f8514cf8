#pragma once

#include <string>
#include <vector>

#include "events/result.h"
#include "projections/answer.h"
#include "projections/erasure_requests.h"
#include "projections/registry.h"

/// Answers on erasure: one request - carried out, this is the certificate of erasure - and the
/// legal holds on a learner's data (consent-model section 9; queries 18 and 19). Pure.

namespace oppi::projections {

/// {request, status, by, classes, types, ground, whole_subject, requested_by, requested,
/// decided_by, decided, due, hold, covered}
[[nodiscard]] std::string ErasureRequestJson(const ErasureRequest& request);

/// The execution of the question's request among these facts; nullptr: none.
[[nodiscard]] const Fact* ExecutionIn(const Facts& stream, const Question& question);

/// Whether these positions, ascending, are those whose number and root the execution states.
[[nodiscard]] bool StatesCovered(const Fact& execution, const std::vector<LeafIndex>& positions);

/// What an answer on the question's request rests on: its own events; until it is carried out the
/// learner's holds, then the acknowledgements of recipients and the entries at `covered`.
[[nodiscard]] Facts FactsOnErasure(const Question& question, const Facts& stream,
                                   const std::vector<LeafIndex>& covered);

/// `facts`: exactly those of FactsOnErasure. ErasureRequestJson with `not_before` in the place of
/// `due` (the ledger's own delay is a setting and comes on top), and of an execution {execution,
/// executed, covered_root, shared_remaining, keys, receipts, positions, recipients: [{recipient,
/// status, acknowledged}], verified, stores}. `count`: covered entries. Errors: kNotFound
/// REQUEST_UNKNOWN; kDataLoss when the erased entries among the facts are not exactly those whose
/// number and root the execution states.
[[nodiscard]] Result<Answer> AnswerErasure(const Question& question, const Access& access,
                                           const Facts& facts, const Registry& registry,
                                           const View& view);

/// [{hold, classes, ground, case_ref, set, set_by, released}]
[[nodiscard]] Answer AnswerHolds(const Question& question, const Access& access,
                                 const Facts& stream, const Registry& registry, const View& view);

/// What an answer of AnswerErasure proves, in words for a data-protection officer.
[[nodiscard]] std::vector<std::string> ErasureInWords(const Answer& answer);

}  // namespace oppi::projections
