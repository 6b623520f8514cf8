#pragma once

#include <vector>

#include "events/bytes.h"
#include "events/result.h"

/// The JSON array of the CloudEvents batch format, divided into its elements without touching a
/// byte of them: what is attested and kept is what was sent.

namespace oppi::consumers {

/// Views into `body`, one per element, white space around it left out. Only the array is checked
/// here: each element must begin with '{' and end with its matching '}'; what is inside is the
/// decoder's to judge. Strings are skipped with their escapes; no recursion. Errors:
/// kInvalidArgument "MALFORMED: ...", "BATCH_TOO_LARGE: ..." (more than kBatchEventsMax). Pure.
[[nodiscard]] Result<std::vector<ByteView>> SplitEvents(ByteView body);

}  // namespace oppi::consumers
