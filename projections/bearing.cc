#include "projections/bearing.h"

#include <string_view>

namespace oppi::projections {
namespace {

using events::EventType;

/// Facts that say which content is gone or held: every answer about a learner depends on them.
bool OnErasure(EventType type) { return events::InfoOf(type).group == "erasure"; }

/// What a record reads.
bool ForRecord(EventType type) {
  const std::string_view group = events::InfoOf(type).group;
  return group != "access" && group != "consent" &&
         (group != "ledger" || type == EventType::kLedgerFactAnnulled);
}

/// What consents, timelines and decisions read.
bool ForConsent(EventType type) {
  const std::string_view group = events::InfoOf(type).group;
  if (group == "consent" || group == "guardianship" || group == "restriction") return true;
  switch (type) {
    case EventType::kIdentityLearnerRegistered:  // ages
    case EventType::kIdentityPseudonymsLinked:
    case EventType::kAccessEmergencyOpened:
    case EventType::kAccessEmergencyReviewed:
    case EventType::kAccessStopAcknowledged:
    case EventType::kLedgerFactAnnulled:
    case EventType::kLedgerQuarantineReleased:
    case EventType::kLedgerReattested:
      return true;
    default:
      return false;
  }
}

/// What findings judge, beside what a decision reads.
bool ForFindings(EventType type) {
  return type == EventType::kAccessDisclosed || type == EventType::kAccessDecisionMade;
}

}  // namespace

bool Reads(Ask ask, EventType type) {
  switch (ask) {
    case Ask::kRecord:
      return OnErasure(type) || ForRecord(type);
    case Ask::kAudit:
      return events::InfoOf(type).group == "access";
    case Ask::kErasure:
      return OnErasure(type) || type == EventType::kAccessStopAcknowledged;
    case Ask::kHolds:
      return OnErasure(type);
    case Ask::kConsents:
    case Ask::kTimeline:
    case Ask::kDecide:
    case Ask::kObligations:
      return OnErasure(type) || ForConsent(type);
    case Ask::kFindings:
      return OnErasure(type) || ForConsent(type) || ForFindings(type);
  }
  return false;
}

bool Bears(Ask ask, EventType type, bool known) {
  // Links say whose streams there are, executions what is gone: at any time.
  if (type == EventType::kIdentityPseudonymsLinked || type == EventType::kErasureExecuted)
    return true;
  return known && Reads(ask, type);
}

}  // namespace oppi::projections
