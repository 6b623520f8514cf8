#pragma once

#include "events/result.h"

namespace oppi::ops {

/// Exit codes, the same for every program and command.
enum ExitCode : int {
  kExitDone = 0,         // done and true
  kExitFalse = 1,        // the thing checked is false
  kExitUsage = 2,        // bad usage or input
  kExitForbidden = 3,    // not permitted
  kExitUnavailable = 4,  // try again
  kExitDataLoss = 5,     // stop and call a person
};
[[nodiscard]] int ExitFor(const Error& error);

}  // namespace oppi::ops
