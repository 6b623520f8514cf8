#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/digest.h"
#include "projections/answer.h"
#include "projections/decision.h"
#include "projections/question.h"

/// A decision that stands by itself: everything its answer says, nothing of the history it was made
/// from. What the desk records and shows, and what the decision cache keeps.

namespace oppi::projections {

struct Decided {
  DecisionResult result = DecisionResult::kDeny;
  Reason reason = Reason::kNone;
  std::string basis;              // "A6-1-a"; empty: none
  std::optional<Source> consent;  // the decisive grant
  std::optional<Source> by;       // the decisive negative or rule event
  std::vector<std::string> permitted_subset;
  std::vector<std::pair<std::string, Reason>> denied;  // leaf -> reason, ascending
  std::vector<std::string> missing;
  ConsentFlags flags;
  bool basis_contested = false;
  struct Obligation {
    DutyCode code{};
    Instant due{};
    std::string event;  // what made the duty; empty: none
    DutyStatus status = DutyStatus::kOpen;
    friend bool operator==(const Obligation&, const Obligation&) = default;
  };
  std::vector<Obligation> obligations;  // only with PERMIT
  std::optional<Sha256Digest> policy;   // hash of the pack in force; none: there is no pack

  friend bool operator==(const Decided&, const Decided&) = default;
};

/// The decide question as the fold takes it.
[[nodiscard]] DecideQuestion DecideQuestionOf(const Question& question, const View& view);
/// Decide, and let go of the history.
[[nodiscard]] Decided DecideOn(const History& history, const DecideQuestion& question);

/// The same from facts, as ReadPerson gives them. What moves no decision is left out first, so that it
/// cannot matter to a disclose question whether it was read.
[[nodiscard]] Decided DecideFrom(const Question& question, Facts facts, const Registry& registry, const View& view);
[[nodiscard]] bool IsDisclose(const Question& question);
[[nodiscard]] Facts WithoutBystanders(const Question& question, Facts facts);

/// {result, reason, basis, consent, by, permitted_subset, denied, missing, flags, obligations,
/// policy_hash}
[[nodiscard]] Answer ToAnswer(const Decided& decided);

/// Canonical bytes, some 100 of them: equal decisions, equal bytes.
[[nodiscard]] Bytes EncodeDecided(const Decided& decided);
/// Strict. Errors: kDataLoss - bytes that we did not write.
[[nodiscard]] Result<Decided> DecodeDecided(ByteView bytes);

}  // namespace oppi::projections
