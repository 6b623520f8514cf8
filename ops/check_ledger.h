#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "events/result.h"

/// What `oppiloki fsck` does: opens a ledger directory part by part, so that a part that cannot
/// even be opened is named like any other damage, and checks log, vault and views. Changes nothing.

namespace oppi::ops {

struct CheckReport {
  std::uint64_t entries = 0;
  std::uint64_t events = 0;
  std::uint64_t bodies_open = 0;
  std::uint64_t bodies_erased = 0;
  std::uint64_t streams = 0;
  std::uint64_t view_rows = 0;
  std::vector<std::string> damages;  // sentences, each once
  bool truncated = false;            // there were more
};

/// Errors: only what is no damage - kNotFound (no ledger there), kUnavailable (open in another
/// process), kPermissionDenied (files or key files of the wrong mode).
[[nodiscard]] Result<CheckReport> CheckLedger(
    const std::string& directory,
    const std::function<void(std::uint64_t done, std::uint64_t all)>& progress);

}  // namespace oppi::ops
