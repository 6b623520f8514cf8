#include "consumers/retention_worker.h"

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

namespace oppi::consumers {

using Json = nlohmann::ordered_json;
using projections::Asker;

RetentionWorker::~RetentionWorker() {
  stopping_ = true;
  std::thread last;
  {
    const std::scoped_lock lock(mutex_);
    last = std::move(thread_);
  }
  if (last.joinable()) last.join();
}

Status RetentionWorker::MayBegin(const Asker& asker) const {
  const bool operators =
      asker.role == "SYSTEM" && (asker.organisation == "*" || asker.organisation == organisation_);
  if (asker.role == "DPO" || operators) return {};
  return PermissionDenied("ROLE_NOT_ALLOWED: a DPO or the operator runs retention");
}

Status RetentionWorker::MayLook(const Asker& asker) const {
  return asker.role == "AUDITOR" ? Status() : MayBegin(asker);
}

Result<std::string> RetentionWorker::Begin(projections::RetentionOptions options,
                                           const Asker& asker) {
  OPPI_RETURN_IF_ERROR(MayBegin(asker));
  if (const auto table = desk_.Show(); !table.ok()) return table.error();
  options.stop = [this] { return stopping_.load(); };
  const std::scoped_lock lock(mutex_);
  if (running_ || stopping_) return Unavailable("a retention run is going on");
  if (thread_.joinable()) thread_.join();  // it has said that it is done
  running_ = true;
  dry_run_ = options.dry_run;
  done_ = 0;
  persons_ = 0;
  report_.reset();
  thread_ = std::thread([this, options] { Work(options); });
  return StateNow();
}

void RetentionWorker::Work(const projections::RetentionOptions& options) {
  // Signals are for the thread that waits for them.
  sigset_t signals;
  sigfillset(&signals);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto report = desk_.Run(options, [this](double done, std::uint64_t persons) {
    const std::scoped_lock lock(mutex_);
    done_ = done;
    persons_ = persons;
  });
  const std::scoped_lock lock(mutex_);
  report_.emplace(std::move(report));
  running_ = false;
}

Result<std::string> RetentionWorker::StateNow() const {
  if (report_ && !report_->ok()) return report_->error();
  Json json;
  json["running"] = running_;
  json["dry_run"] = dry_run_;
  json["done"] = report_ ? 1.0 : done_;
  json["persons"] = persons_;
  json["report"] = report_ ? Json::parse(report_->value()) : Json();
  return json.dump();
}

Result<std::string> RetentionWorker::State(const Asker& asker) const {
  OPPI_RETURN_IF_ERROR(MayLook(asker));
  const std::scoped_lock lock(mutex_);
  if (!running_ && !report_) return NotFound("NO_RUN: no retention run since this service began");
  return StateNow();
}

Result<std::string> RetentionWorker::Show(const Asker& asker) const {
  OPPI_RETURN_IF_ERROR(MayLook(asker));
  return desk_.Show();
}

}  // namespace oppi::consumers
