#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ops/node.h"
#include "projections/question.h"

/// A ledger of many learners with consents, for the benchmark of decide.
///
/// Registry and the first learners came through the whole intake. The other learners' events, of
/// the same make, were not judged nor signed one by one: they were laid down by the code that does
/// it in a real ledger - tree, streams, vault, fold, sealed view rows, in the order of their
/// recording - so that everything a decision reads is what it would be. Their bodies and duplicate
/// tags, which no decision reads, are not there, and neither are the streams of their guardians.

namespace oppi::bench {

struct ConsentLedger {
  std::unique_ptr<ops::Node> node;
  std::uint64_t learners = 0;
  double seconds = 0;  // laying it down, or copying what was kept
};

/// In `directory`, which must not exist yet. `kept`: a folder in which the ledger lies ready for a
/// copy, and is put when it does not; empty: it is made for this once.
[[nodiscard]] ConsentLedger MakeConsentLedger(const std::string& directory, std::uint64_t learners,
                                              const std::string& kept);

[[nodiscard]] std::string LearnerId(std::uint64_t learner);
/// May the service that the learner's consent is for have the learner's data now?
[[nodiscard]] projections::Question QuestionAbout(std::uint64_t learner);

}  // namespace oppi::bench
