#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "ledger/tlog_policy.h"
#include "projections/answer.h"
#include "projections/evidence_file.h"
#include "projections/registry.h"

/// The checker of answers: trusts a policy file and nothing else. It recomputes; it never believes.

namespace oppi::projections {

/// What was proved, in plain words, in the order it was checked.
using Proved = std::vector<std::string>;

/// What a verifier asks for beyond that the file is true.
struct Demand {
  bool complete = true;  // that it shows whole streams, so that nothing is left out
};

/// Errors: kInvalidArgument (not evidence), kUnauthenticated with the first thing that failed, in
/// words a data-protection officer can read.
[[nodiscard]] Result<Proved> VerifyEvidence(std::string_view file, const ledger::TlogPolicy& trust, const Demand& demand = {});

/// The same under a checkpoint that is trusted already, whether or not it shows that it is complete.
[[nodiscard]] Result<Proved> CheckEvidence(const Evidence& evidence, const ledger::Checkpoint& checkpoint);

/// The result and count that the facts give; the same function the desk answers with.
[[nodiscard]] Result<Answer> ComputeAnswer(const Question& question, const Access& access, const Facts& facts,
                                           const Registry& registry, const View& view);
/// The same from the registry's facts.
[[nodiscard]] Result<Answer> ComputeAnswer(const Question& question, const Access& access, const Facts& facts,
                                           const Facts& registry, const View& view);

}  // namespace oppi::projections
