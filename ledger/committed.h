#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/event.h"
#include "events/ordinal.h"
#include "events/outcome.h"
#include "events/time.h"

namespace oppi::ledger {

/// One event as the log has it: what projections fold. Its position, recorded time and outcome are
/// the ledger's; the rest is what the publisher signed.
struct CommittedEvent {
  LeafIndex position{0};
  Instant recorded{};                                    // R
  events::Outcome outcome = events::Outcome::kAccepted;  // or kQuarantined
  events::ErrorCode reason = events::ErrorCode::kNone;   // of the quarantine
  std::string publisher;
  std::string key;
  std::optional<Instant> anchored;  // A: time of the checkpoint that the event's anchor names
  bool erased = false;              // content gone: only position, recorded and outcome are known
  events::Event event;

  friend bool operator==(const CommittedEvent&, const CommittedEvent&) = default;
};

/// What one commit added, in log order.
struct CommittedGroup {
  TreeSize size{0};  // after it
  std::vector<std::shared_ptr<const CommittedEvent>> events;
};

}  // namespace oppi::ledger
