#pragma once

#include <string>
#include <vector>

#include "events/result.h"
#include "ledger/checkpoint.h"
#include "projections/evidence_file.h"
#include "projections/fact.h"
#include "projections/proved_log.h"

/// That evidence leaves nothing out: the streams of whom the question is about are there as the log's
/// map has them, and what stays closed in them cannot bear on the answer (docs/wire-format.md,
/// evidence). Pure functions. Errors: kUnauthenticated, naming what is missing or too much.

namespace oppi::projections {

/// The size and moment that the claim is about are those that were asked for.
[[nodiscard]] Status CheckView(const Claim& claim, const ledger::Checkpoint& checkpoint, const ProvedLog& log);

/// The state entry, and what the map says of each identifier and stream. Requires evidence.state.
[[nodiscard]] Status CheckStreams(const Evidence& evidence, const ProvedLog& log);

/// No entry is in the file for nothing, and none is missing that a stream names.
[[nodiscard]] Status CheckNeeded(const Evidence& evidence, const ProvedLog& log, const ProvedEvents& events,
                                 const ledger::Checkpoint& checkpoint);

/// What is closed was taken by the executions that the file names.
[[nodiscard]] Status CheckErasures(const Evidence& evidence, const ProvedEvents& events);

/// What is not opened in the streams does not bear on the answer, and there is an identifier for
/// each that links lead to, and no other. Requires CheckStreams and CheckNeeded.
[[nodiscard]] Status CheckBearing(const Evidence& evidence, const ProvedEvents& events);

/// What that means, in plain words. Requires that all of it holds.
[[nodiscard]] std::vector<std::string> CompletenessInWords(const Evidence& evidence, const ProvedLog& log,
                                                           const ProvedEvents& events,
                                                           const ledger::Checkpoint& checkpoint);

}  // namespace oppi::projections
