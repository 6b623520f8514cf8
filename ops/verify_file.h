#pragma once

#include <string>
#include <vector>

#include "ledger/tlog_policy.h"

/// Which kind of proof a file is, and whether it holds.

namespace oppi::ops {

struct Verdict {
  bool holds = false;
  std::string kind;                 // "evidence", "receipt", "checkpoint", "log", "unknown"
  std::vector<std::string> proved;  // plain words
  std::string failed;               // the first thing that did not hold
};

/// A folder is a log as static files (consumers/static_log.h).
[[nodiscard]] Verdict VerifyFile(const std::string& path, const ledger::TlogPolicy& trust);
[[nodiscard]] Verdict VerifyText(std::string_view text, const ledger::TlogPolicy& trust);

}  // namespace oppi::ops
