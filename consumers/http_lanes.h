#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "consumers/http_server.h"
#include "consumers/router.h"

/// The worker lanes: one pool of threads per kind of blocking work, each with a bounded queue.

namespace oppi::consumers {

class Lanes final {
 public:
  explicit Lanes(const ServerOptions& options);
  /// Finishes what was taken.
  ~Lanes();

  /// False: the lane is full (running + waiting), or closed; `work` was not taken. `lane` is not
  /// kHere. `work` runs once on a thread of the lane and must not throw. Any thread.
  [[nodiscard]] bool Submit(Lane lane, std::function<void()> work);

  /// Running and waiting now. `lane` is not kHere.
  [[nodiscard]] std::size_t taken(Lane lane) const;

  /// Takes nothing more; returns when everything that was taken has finished.
  void Finish();

 private:
  struct Pool;
  std::array<std::unique_ptr<Pool>, kLanes> pools_;  // [kHere] is empty
  std::atomic<bool> closed_{false};
};

}  // namespace oppi::consumers
