#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/committed.h"
#include "ledger/log_view.h"
#include "ledger/store.h"
#include "ledger/vault.h"

/// Keeps the views up with the log: one thread folds committed groups and writes rows and cursor in
/// one batch, so that a crash leaves whole groups only, and replay goes on where the cursor says.

namespace oppi::projections {

class Runner {
 public:
  struct Options {
    std::size_t waiting_events_max = 64'000;  // more: the writer is held back
  };
  /// Catches up with `view` before it returns. `progress(folded, size)` may be empty.
  [[nodiscard]] static Result<std::unique_ptr<Runner>> Open(ledger::Store& views, const ledger::Vault& vault,
                                                            const ledger::LogView& view, Options options,
                                                            const std::function<void(TreeSize, TreeSize)>& progress = {});
  /// Folds what was handed over, then stops.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// What the sequencer calls after each publication, in log order. Blocks while too much is waiting.
  void Committed(std::shared_ptr<const ledger::CommittedGroup> group);

  /// Every event below it is in the views. Any thread.
  [[nodiscard]] TreeSize cursor() const;
  /// Waits until the views cover `size`. kDataLoss when folding has failed. Any thread.
  [[nodiscard]] Status WaitFor(TreeSize size);
  /// Called with each new cursor on the runner's thread (the gate forgets what the views now have).
  void OnAdvance(std::function<void(TreeSize)> callback);

 private:
  Runner(ledger::Store& views, const ledger::Vault& vault, Options options, TreeSize cursor);
  void Run();
  [[nodiscard]] Status FoldGroups(const std::deque<std::shared_ptr<const ledger::CommittedGroup>>& groups);

  ledger::Store& views_;
  const ledger::Vault& vault_;
  const Options options_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const ledger::CommittedGroup>> waiting_;
  std::size_t waiting_events_ = 0;
  TreeSize cursor_;
  bool stopping_ = false;
  std::optional<Error> failure_;
  std::function<void(TreeSize)> on_advance_;

  std::thread thread_;
};

}  // namespace oppi::projections
