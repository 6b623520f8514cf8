#pragma once

#include <functional>
#include <map>
#include <optional>

#include "events/result.h"
#include "ledger/bodies.h"
#include "ledger/committed.h"
#include "ledger/log_view.h"
#include "ledger/vault.h"

/// Committed events read back from the log: leaf, its batch, the body opened and decoded. The inverse
/// of the road; what recovery, rebuilds, as-of answers and fsck use. One thread an object.

namespace oppi::projections {

class LogReader {
 public:
  LogReader(const ledger::LogView& view, const ledger::Vault& vault) : view_(view), vault_(vault) {}

  /// nullopt when the entry is no event (genesis, batch). kDataLoss when a body that must be there
  /// does not open or is not what the leaf commits to.
  [[nodiscard]] Result<std::optional<ledger::CommittedEvent>> Read(LeafIndex index);
  /// Events of [from, to) in order, until `each` returns false.
  [[nodiscard]] Status Scan(LeafIndex from, TreeSize to, const std::function<bool(ledger::CommittedEvent)>& each);
  /// The exact bytes the publisher signed, and the salt. kErased when they are gone by order,
  /// kUnreadable when they are lost.
  [[nodiscard]] Result<ledger::Opened> OpenItem(LeafIndex index, const ledger::EventLeaf& leaf) const;

 private:
  [[nodiscard]] Result<std::optional<ledger::CommittedEvent>> FromLeaf(LeafIndex index, const ledger::Leaf& leaf);
  [[nodiscard]] Result<const events::BatchHeader*> HeaderAt(LeafIndex index);

  const ledger::LogView& view_;
  const ledger::Vault& vault_;
  std::map<LeafIndex, events::BatchHeader> headers_;  // the few last used
};

/// The event with this id, of whichever source, if the log has it.
[[nodiscard]] Result<std::optional<ledger::CommittedEvent>> FindEvent(const ledger::LogView& log, const ledger::Vault& vault,
                                                                      std::string_view event_id);

}  // namespace oppi::projections
