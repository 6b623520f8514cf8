#include "ops/erasure_timer.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace oppi::ops {
namespace {

/// After a run that failed; the next one may be a day away.
constexpr std::chrono::seconds kTryAgain{600};

void Say(const Result<std::string>& run) {
  if (!run.ok()) {
    std::fprintf(stderr, "erasures: %s\n", run.error().message.c_str());
    return;
  }
  const auto json = nlohmann::json::parse(*run);
  const std::size_t executed = json["executed"].size();
  const std::size_t skipped = json["skipped"].size();
  if (json.contains("copies"))
    std::fprintf(stderr, "erasures: %zu backups still open what was erased; see: oppiloki backup list\n",
                 json["copies"].size());
  if (executed + skipped == 0) return;
  std::fprintf(stderr, "erasures: %zu carried out, %zu skipped, %s waiting; vault generation %s\n",
               executed, skipped, json["waiting"].dump().c_str(),
               json["generation"].dump().c_str());
}

}  // namespace

ErasureTimer::ErasureTimer(consumers::ErasureDesk& desk, std::chrono::seconds every)
    : desk_(desk), every_(every), thread_([this] { Loop(); }) {}

ErasureTimer::~ErasureTimer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ErasureTimer::Loop() {
  // Signals are for the thread that waits for them.
  sigset_t signals;
  sigfillset(&signals);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const Result<std::string> run = desk_.Run();
    Say(run);
    lock.lock();
    changed_.wait_for(lock, run.ok() ? every_ : std::min(every_, kTryAgain), [this] { return stopping_; });
  }
}

}  // namespace oppi::ops
