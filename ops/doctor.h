#pragma once

#include <string>
#include <vector>

#include "events/result.h"
#include "events/time.h"

/// Examines the installation and a ledger directory without opening the ledger: a service may be running
/// on it. Nothing is changed, but a token is logged in to.

namespace oppi::ops {

struct Finding {
  enum class Level { kGood, kWarning, kWrong };
  Level level = Level::kGood;
  std::string check;    // what was looked at: "permissions"
  std::string message;  // what was found, in words
  std::string mend;     // the command or setting that mends it; empty when there is nothing to mend
};
[[nodiscard]] const char* LevelName(Finding::Level level);

/// Where the kernel tells about the machine; elsewhere in tests.
struct MachineFiles {
  std::string swaps = "/proc/swaps";
  std::string blocks = "/sys/block";
};

/// This machine and this process: core dumps, locked memory, swap, clock.
[[nodiscard]] std::vector<Finding> ExamineMachine(const MachineFiles& files, Instant now);

/// A ledger directory: settings, permissions of every file, keys, master key, disk, and the clock against
/// what was written last. Errors: kNotFound (no ledger there), kPermissionDenied (not its owner).
[[nodiscard]] Result<std::vector<Finding>> ExamineLedger(const std::string& directory, Instant now);

}  // namespace oppi::ops
