#pragma once

#include <optional>

#include "projections/authorise.h"
#include "projections/fact.h"
#include "projections/question.h"

/// Which events may be opened to prove an answer. Evidence carries the exact bytes that publishers
/// signed, far more than the answer says, so it opens what the answer rests on and nothing else:
///
/// I1  Nothing is opened that the asker may not see: other controllers' events, class S4.
/// I2  Nothing is opened that the kind of question does not read.
/// I3  The facts opened give the same answer as the whole stream; where I1 stands against that
/// there
///     is no evidence, and no answer in its place.

namespace oppi::projections {

/// The facts to open, in log order; nullopt when the asker may not have evidence of this answer
/// (EVIDENCE_NOT_ALLOWED). Requires access.permitted(); `stream` as for Authorise.
[[nodiscard]] std::optional<Facts> Openable(const Access& access, const Question& question,
                                            const Facts& stream, const View& view);

/// Whether an answer rests on what is kept for a legal hold alone, and so is not for who asks. Not
/// for records, which list such items without content, nor for decisions, which answer no more than
/// ERASURE_PENDING. Requires access.permitted().
[[nodiscard]] bool RestsOnHeld(const Access& access, const Question& question, const Facts& stream,
                               const View& view);

}  // namespace oppi::projections
