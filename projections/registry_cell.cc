#include "projections/registry_cell.h"

#include <algorithm>

#include "projections/consent_answer.h"
#include "projections/decision_bounds.h"

namespace oppi::projections {
std::shared_ptr<const RegistrySnapshot> SnapshotOf(std::unique_ptr<const Registry> registry, TreeSize read_at) {
  auto snapshot = std::make_shared<RegistrySnapshot>();
  snapshot->read_at = read_at;
  for (const Fact& fact : registry->facts()) {
    snapshot->end = SizeAfter(fact.position);
    if (!MovesDecisions(fact.event.info())) continue;
    snapshot->mark = SizeAfter(fact.position);
    AddInstants(fact.event, snapshot->changes);
  }
  std::sort(snapshot->changes.begin(), snapshot->changes.end());
  snapshot->changes.erase(std::unique(snapshot->changes.begin(), snapshot->changes.end()), snapshot->changes.end());
  snapshot->registry = std::move(registry);
  return snapshot;
}

void RegistryCell::Committed(const ledger::CommittedGroup& group) {
  for (const auto& event : group.events)
    if (event->event.sensitivity == events::Sensitivity::kS0)
      said_.store(SizeAfter(event->position).value(), std::memory_order_relaxed);
  told_.store(group.size.value(), std::memory_order_release);
}

Result<std::shared_ptr<const RegistrySnapshot>> RegistryCell::At(const ledger::LogView& log) {
  const TreeSize size = log.size();
  if (told_.load(std::memory_order_acquire) >= size.value()) {
    const std::scoped_lock lock(mutex_);
    // What it holds lies below the size, and nothing that it does not hold can.
    const TreeSize said(said_.load(std::memory_order_relaxed));
    if (current_ && current_->end <= size && (said <= current_->read_at || size <= current_->read_at)) return current_;
  }
  // Reached means told: the writer speaks to this cell first.
  OPPI_RETURN_IF_ERROR(runner_.WaitFor(size));
  OPPI_TRY(const Facts facts, ReadFullRegistry(log, stores_, size));
  std::shared_ptr<const RegistrySnapshot> read = SnapshotOf(RegistryOf(facts), size);
  const std::scoped_lock lock(mutex_);
  if (!current_ || current_->read_at <= size) current_ = read;
  return read;
}

}  // namespace oppi::projections
