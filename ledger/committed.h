#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/event.h"
#include "events/ordinal.h"
#include "events/outcome.h"
#include "events/time.h"
#include "ledger/key_ring.h"

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
  bool unreadable = false;          // erased is set, and nobody ordered it: an incident
  /// Whose view rows hold it: its subjects without those that it was erased for, or the organisation
  /// that it is sealed for. Not part of the fact.
  std::vector<Handle> owners;
  events::Event event;

  friend bool operator==(const CommittedEvent& a, const CommittedEvent& b) {
    return a.position == b.position && a.recorded == b.recorded && a.outcome == b.outcome && a.reason == b.reason &&
           a.publisher == b.publisher && a.key == b.key && a.anchored == b.anchored && a.erased == b.erased &&
           a.unreadable == b.unreadable && a.event == b.event;
  }
};

/// What one commit added, in log order.
struct CommittedGroup {
  TreeSize size{0};  // after it
  std::vector<std::shared_ptr<const CommittedEvent>> events;
};

}  // namespace oppi::ledger
