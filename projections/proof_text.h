#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/tlog_policy.h"
#include "projections/verifier.h"

/// Any text that proves something about a log: which kind it is, and whether it holds. The one door
/// of every program that verifies. Pure functions, any thread; no store, no network, no clock.

namespace oppi::projections {

struct Verdict {
  bool holds = false;
  std::string
      kind;  // "evidence", "receipt", "state", "checkpoint", "equivocation", "log", "unknown"
  std::vector<std::string> proved;  // plain words
  std::string failed;               // the first thing that did not hold
};

/// Evidence, a receipt, a state receipt, an equivocation or a checkpoint, known by its first bytes.
/// `about`: the identifier that a state receipt must speak of; empty: only the state is proved,
/// since the receipt itself names nobody. `demand`: of evidence. Neither is used for other kinds.
[[nodiscard]] Verdict VerifyText(std::string_view text, const ledger::TlogPolicy& trust,
                                 std::string_view about = {}, const Demand& demand = {});

/// Who vouched for a checkpoint: the log, and which of the witnesses that the policy knows, when.
[[nodiscard]] std::vector<std::string> WhoSigned(const ledger::TrustedCheckpoint& trusted,
                                                 const ledger::TlogPolicy& trust);

/// {"file","kind","holds","proved","failed"} in one line, without a line feed.
[[nodiscard]] std::string VerdictJson(std::string_view file, const Verdict& verdict);

}  // namespace oppi::projections
