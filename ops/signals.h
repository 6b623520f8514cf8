#pragma once

#include <chrono>
#include <csignal>

/// SIGINT and SIGTERM as something to wait for.

namespace oppi::ops {

/// Blocks both in this thread and in those it starts from now on.
class StopSignal {
 public:
  StopSignal();
  void Wait();
  /// True when one came within the time.
  [[nodiscard]] bool WaitFor(std::chrono::seconds time);

 private:
  sigset_t signals_;
};

/// Returns on SIGINT or SIGTERM.
inline void WaitForStopSignal() { StopSignal().Wait(); }

}  // namespace oppi::ops
