#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/decision.h"
#include "projections/fact.h"
#include "projections/registry.h"

/// Findings on processing (consent-model section 10): each disclosure judged as it was known then
/// and as it is known now. A later grant never clears a finding.

namespace oppi::projections {

enum class FindingCode : std::uint8_t {
  kReviewGoodFaith,
  kNoDecision,
  kStaleDecision,
  kNoBasis,
  kDeniedProcessing,
};
[[nodiscard]] std::string_view FindingName(FindingCode code);  // "REVIEW_GOOD_FAITH"

struct Finding {
  FindingCode code{};
  const Fact* disclosure = nullptr;
  Reason reason = Reason::kNone;                // kNone: NO_DECISION
  const Fact* known_from = nullptr;             // REVIEW_GOOD_FAITH: the first event that turned it
  std::optional<std::int64_t> latency_seconds;  // else: since the negative that forbade it
};

struct FindingFilter {
  std::string purpose;    // empty: all
  std::string recipient;  // empty: all
};

/// Log order. `stream` as for History; points into it and into `registry`.
[[nodiscard]] std::vector<Finding> FindingsOf(std::string_view learner, const Registry& registry,
                                              const Facts& stream, TreeSize known,
                                              const FindingFilter& filter = {});

/// A consent in force at t that guardians alone gave, though the learner alone decides by now.
struct GuardianConsent {
  const Fact* grant = nullptr;
  bool of_age = false;  // he has come of age; else: of the age to decide on this purpose himself
};
/// By position of the grant.
[[nodiscard]] std::vector<GuardianConsent> ConsentsOnGuardians(const History& history, Instant t);

}  // namespace oppi::projections
