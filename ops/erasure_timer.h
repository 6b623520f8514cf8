#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "consumers/erasure_desk.h"

namespace oppi::ops {

/// Carries out the erasures that are due, on a thread of its own: once at the start, then every so
/// often. Says on stderr how many, never whose. A run that fails is said there too and tried again
/// soon.
class ErasureTimer {
 public:
  /// The desk must outlive it.
  ErasureTimer(consumers::ErasureDesk& desk, std::chrono::seconds every);
  /// Waits for a run that is under way.
  ~ErasureTimer();
  ErasureTimer(const ErasureTimer&) = delete;
  ErasureTimer& operator=(const ErasureTimer&) = delete;

 private:
  void Loop();

  consumers::ErasureDesk& desk_;
  const std::chrono::seconds every_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace oppi::ops
