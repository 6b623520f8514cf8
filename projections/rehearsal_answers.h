#pragma once

#include <string>
#include <vector>

#include "events/result.h"
#include "projections/history.h"
#include "projections/json_value.h"
#include "projections/rehearsal_file.h"
#include "projections/rehearsal_ledger.h"

/// Answers to the questions of a rehearsal, as JSON with labels in place of event ids.

namespace oppi::projections {

/// Errors: kInvalidArgument - the question names something that has not happened by then.
[[nodiscard]] Result<JsonValue> AnswerStoryQuestion(const RehearsalLedger& ledger,
                                                    const StoryQuestion& question);

}  // namespace oppi::projections
