#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "consumers/retention_desk.h"
#include "projections/question.h"

/// Retention runs of a served ledger, on a thread of their own: a run may take hours beside live
/// traffic, and whoever began it asks how far it is.

namespace oppi::consumers {

/// Any thread. Answers are JSON. Begin: role DPO, or SYSTEM of the operator; to look, AUDITOR too:
/// else kPermissionDenied ROLE_NOT_ALLOWED.
class RetentionWorker {
 public:
  /// The desk must outlive it. `organisation`: of the operator.
  RetentionWorker(RetentionDesk& desk, std::string organisation)
      : desk_(desk), organisation_(std::move(organisation)) {}
  /// Stops a run between two chunks; the next run goes on from there.
  ~RetentionWorker();
  RetentionWorker(const RetentionWorker&) = delete;
  RetentionWorker& operator=(const RetentionWorker&) = delete;

  /// Begins a run; State. Errors: kNotFound NO_TABLE; kUnavailable while one is going on.
  [[nodiscard]] Result<std::string> Begin(projections::RetentionOptions options,
                                          const projections::Asker& asker);
  /// {running, dry_run, done: 0 to 1, persons, report}: of the newest run since the start; `report`
  /// is RetentionDesk::Run's when it has come to its end. Errors: kNotFound NO_RUN; what made it
  /// fail.
  [[nodiscard]] Result<std::string> State(const projections::Asker& asker) const;
  /// RetentionDesk::Show.
  [[nodiscard]] Result<std::string> Show(const projections::Asker& asker) const;

 private:
  [[nodiscard]] Status MayBegin(const projections::Asker& asker) const;
  [[nodiscard]] Status MayLook(const projections::Asker& asker) const;
  [[nodiscard]] Result<std::string> StateNow() const;
  void Work(const projections::RetentionOptions& options);

  RetentionDesk& desk_;
  const std::string organisation_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::thread thread_;
  bool running_ = false;
  bool dry_run_ = false;
  double done_ = 0;
  std::uint64_t persons_ = 0;
  std::optional<Result<std::string>> report_;
};

}  // namespace oppi::consumers
