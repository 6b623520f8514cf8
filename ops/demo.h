#pragma once

#include <string>
#include <vector>

#include "events/result.h"

/// The main job in one process: a ledger, a year of events, five answers with their proofs.

namespace oppi::ops {

struct DemoOptions {
  std::string directory;
  std::string listen = "127.0.0.1:8080";
  bool once = false;                // do not serve
  std::vector<std::string> inputs;  // publish these files instead of a generated year
  std::size_t pupils = 500;
  std::size_t days = 190;
};

/// Exit code: 0 only if every answer verified (and, when served, after a clean stop).
[[nodiscard]] Result<int> RunDemo(const DemoOptions& options);

}  // namespace oppi::ops
