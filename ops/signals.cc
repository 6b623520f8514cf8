#include "ops/signals.h"

#include <ctime>

namespace oppi::ops {

StopSignal::StopSignal() {
  // Blocked in every thread, so that only the one that waits is woken.
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void StopSignal::Wait() {
  int received = 0;
  sigwait(&signals_, &received);
}

bool StopSignal::WaitFor(std::chrono::seconds time) {
  const timespec wait{time.count(), 0};
  return sigtimedwait(&signals_, nullptr, &wait) > 0;
}

}  // namespace oppi::ops
