#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "events/result.h"
#include "ledger/committed.h"
#include "ledger/log_view.h"
#include "projections/registry.h"
#include "projections/runner.h"
#include "projections/views.h"

/// The registry as every question of one log size sees it: read once, shared, and read again only
/// when the log has said something new about it.

namespace oppi::projections {

struct RegistrySnapshot {
  std::unique_ptr<const Registry> registry;
  TreeSize read_at{0};  // every registry fact below it is there
  TreeSize end{0};      // behind the last of them
  /// Behind the last fact that a decision can rest on. The log only grows, so two snapshots of one
  /// mark say the same about every decision.
  TreeSize mark{0};
  /// Instants at which something that the registry says begins or ends, ascending.
  std::vector<Instant> changes;
};

/// `registry`: every registry fact below `read_at`, with its `object` fields.
[[nodiscard]] std::shared_ptr<const RegistrySnapshot> SnapshotOf(std::unique_ptr<const Registry> registry, TreeSize read_at);

/// Any thread, except where said.
class RegistryCell {
 public:
  /// Everything below `told` is in the views.
  RegistryCell(const ViewStores& stores, Runner& runner, TreeSize told)
      : stores_(stores), runner_(runner), told_(told.value()) {}

  /// What the log says of the registry at this size. Waits for the views when they have to be read.
  [[nodiscard]] Result<std::shared_ptr<const RegistrySnapshot>> At(const ledger::LogView& log);

  /// The writer thread, after each publication, in log order and before the runner learns of it.
  void Committed(const ledger::CommittedGroup& group);

 private:
  const ViewStores stores_;
  Runner& runner_;
  std::atomic<std::uint64_t> said_{0};  // behind the last registry fact that was committed
  std::atomic<std::uint64_t> told_;     // Committed knows of everything below

  std::mutex mutex_;
  std::shared_ptr<const RegistrySnapshot> current_;  // guarded by mutex_
};

}  // namespace oppi::projections
