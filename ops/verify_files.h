#pragma once

#include <functional>
#include <string>
#include <vector>

#include "events/result.h"
#include "projections/proof_text.h"

/// What `oppiloki verify` and `oppiloki-verify` do, the same code: reads the policy and the files,
/// prints a verdict for each. Knows no ledger.

namespace oppi::ops {

struct VerifyOptions {
  std::vector<std::string> files;
  std::string policy;  // path of a C2SP tlog-policy
  std::vector<std::string> successions;  // paths of what keys of the log handed over (ledger/succession.h)
  std::string about;   // identifier that state receipts must speak of; empty: none asked for
  bool incomplete = false;  // evidence that shows no whole streams is accepted
  bool json = false;
  /// Verifies a folder (a log as static files); without it, a folder is "unknown".
  std::function<projections::Verdict(const std::string& path, const ledger::TlogPolicy& trust)>
      folder;
};

/// kExitDone when every file holds, kExitFalse when one does not (or cannot be read). Errors:
/// kInvalidArgument, kNotFound and kPermissionDenied when the policy cannot be used.
[[nodiscard]] Result<int> VerifyFiles(const VerifyOptions& options);

}  // namespace oppi::ops
