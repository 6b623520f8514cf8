#include "projections/duties.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "projections/consent_state.h"
#include "projections/erasure_rules.h"

namespace oppi::projections {
namespace {

using events::EventType;

constexpr std::int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;

DutyStatus StatusAt(Instant due, bool done, Instant t) {
  if (done) return DutyStatus::kDone;
  return due <= t ? DutyStatus::kOverdue : DutyStatus::kOpen;
}

/// A fact of the type, recorded by t, that refers to `id` in `field`.
bool Said(const History& history, EventType type, std::string_view field, std::string_view id,
          Instant t) {
  const auto& facts = history.OfType(type);
  return std::any_of(facts.begin(), facts.end(), [&](const Fact* fact) {
    return fact->recorded <= t && fact->event.text(field) == id;
  });
}

bool Reviewed(const History& history, const Fact& grant, Instant t) {
  return Said(history, EventType::kLedgerQuarantineReleased, "event", grant.event.id, t) ||
         Said(history, EventType::kLedgerReattested, "event", grant.event.id, t);
}

/// The age of online services has come: the guardian's consent to one is the child's to know of.
std::optional<Instant> InformFrom(const History& history, const PolicyPack& pack,
                                  const Grant& grant, Instant t) {
  const PurposeRules* purpose = pack.Purpose(grant.fact->event.text("purpose"));
  const std::optional<Instant> iss_age = history.authority().IssAge(pack);
  if (purpose == nullptr || !purpose->iss || grant.by == history.learner() || !iss_age ||
      t < *iss_age)
    return std::nullopt;
  return iss_age;
}

Duty InformChild(const History& history, const PolicyPack& pack, const Grant& grant,
                 Instant iss_age, Instant t) {
  const Instant due = iss_age + pack.on_iss_age_days * kMicrosPerDay;
  const auto& told = history.OfType(EventType::kConsentChildInformed);
  const bool done = std::any_of(told.begin(), told.end(), [&](const Fact* fact) {
    return fact->recorded <= t && fact->event.controller == grant.fact->event.controller &&
           grant.fact->event.V() <= fact->event.V();
  });
  return {DutyCode::kInformChild, due, grant.fact, {}, StatusAt(due, done, t)};
}

/// The grant decides some atom that is in force at the instant.
bool DecidesAt(const History& history, const PolicyPack& pack, const Grant& grant, Instant t) {
  const events::Event& event = grant.fact->event;
  for (const std::string& recipient : event.list("recipients")) {
    for (const std::string& category : event.list("data_categories")) {
      for (const std::string_view leaf : pack.LeavesOf(category)) {
        const Atom atom{event.controller, event.text("purpose"), recipient, leaf};
        const ConsentState state = StateOf(history, atom, t);
        if (InForce(state.status) && state.consent == &grant) return true;
      }
    }
  }
  return false;
}

void AddReviews(const History& history, const PolicyPack& pack, const Grant& grant, Instant t,
                std::vector<Duty>& duties) {
  const Instant due = grant.fact->recorded + pack.review_days * kMicrosPerDay;
  const DutyStatus status = StatusAt(due, Reviewed(history, *grant.fact, t), t);
  if (grant.quarantined)
    duties.push_back({DutyCode::kQuarantineReview, due, grant.fact, {}, status});
  if (grant.HasHindrance())
    duties.push_back({DutyCode::kHindranceReview, due, grant.fact, {}, status});
}

/// Whose processing the withdrawal stops: the recipients it names and, where it names none, all
/// whom the learner's consents name; never one whose consent its author may not end.
std::vector<std::string_view> StoppedRecipients(const History& history, const PolicyPack& pack,
                                                const Act& withdrawal, const ActGroup& group) {
  const auto touched = [&](std::string_view recipient) {
    if (withdrawal.by_holder) return true;
    std::set<std::string_view> leaves;
    for (const auto& entry : pack.categories)
      leaves.insert(entry.second.leaves.begin(), entry.second.leaves.end());
    return std::any_of(leaves.begin(), leaves.end(), [&](std::string_view leaf) {
      const Atom atom{withdrawal.fact->event.controller, withdrawal.fact->event.text("purpose"),
                      recipient, leaf};
      const auto applied = AppliedNegatives(history, atom, withdrawal.start);
      return std::find(applied.begin(), applied.end(), withdrawal.fact) != applied.end();
    });
  };
  std::vector<std::string_view> stopped;
  for (const std::string& recipient : withdrawal.fact->event.list("recipients"))
    if (touched(recipient)) stopped.push_back(recipient);
  if (!withdrawal.fact->event.list("recipients").empty()) return stopped;
  std::set<std::string_view> consented;
  for (const Grant& grant : group.grants)
    if (grant.start && *grant.start <= withdrawal.start)
      for (const std::string& recipient : grant.fact->event.list("recipients"))
        consented.insert(recipient);
  for (const std::string_view recipient : consented)
    if (touched(recipient)) stopped.push_back(recipient);
  return stopped;
}

void AddStopAcks(const History& history, const PolicyPack& pack, const Act& withdrawal,
                 const ActGroup& group, Instant t, std::vector<Duty>& duties) {
  const Instant due = withdrawal.fact->recorded + pack.stop_ack_hours * kMicrosPerHour;
  const auto& acknowledged = history.OfType(EventType::kAccessStopAcknowledged);
  for (const std::string_view recipient : StoppedRecipients(history, pack, withdrawal, group)) {
    const bool done = std::any_of(acknowledged.begin(), acknowledged.end(), [&](const Fact* fact) {
      return fact->recorded <= t && fact->event.text("withdrawal") == withdrawal.fact->event.id &&
             fact->event.text("recipient") == recipient;
    });
    duties.push_back({DutyCode::kStopAck, due, withdrawal.fact, recipient, StatusAt(due, done, t)});
  }
}

}  // namespace

std::string_view DutyCodeName(DutyCode code) {
  constexpr std::array<std::string_view, 6> kNames = {"INFORM_CHILD",     "STOP_ACK",
                                                      "EMERGENCY_REVIEW", "QUARANTINE_REVIEW",
                                                      "HINDRANCE_REVIEW", "ERASE_AFTER_RELEASE"};
  return kNames[static_cast<std::size_t>(code)];
}

std::string_view DutyStatusName(DutyStatus status) {
  switch (status) {
    case DutyStatus::kDone:
      return "DONE";
    case DutyStatus::kOpen:
      return "OPEN";
    case DutyStatus::kOverdue:
      return "OVERDUE";
  }
  return "";
}

TreeSize RecordedBy(const Facts& stream, const Registry& registry, TreeSize known, Instant t) {
  TreeSize size = known;
  const auto limit = [&](const Fact& fact) {
    if (t < fact.recorded && Contains(size, fact.position)) size = TreeSize(fact.position.value());
  };
  for (const Fact& fact : stream) limit(fact);
  for (const Fact& fact : registry.facts()) limit(fact);
  return size;
}

std::vector<Duty> DutiesOfGrant(const History& history, const Grant& grant, Instant t) {
  std::vector<Duty> duties;
  const PolicyPack* pack = history.PackAt(t);
  if (pack == nullptr || t < grant.fact->recorded) return duties;
  const std::optional<Instant> iss_age = InformFrom(history, *pack, grant, t);
  // In force now and begun by then: it was in force then.
  if (iss_age && grant.start && *grant.start <= *iss_age)
    duties.push_back(InformChild(history, *pack, grant, *iss_age, t));
  AddReviews(history, *pack, grant, t, duties);
  return duties;
}

std::vector<Duty> DutiesOf(const History& history, Instant t) {
  std::vector<Duty> duties;
  const PolicyPack* pack = history.PackAt(t);
  if (pack == nullptr) return duties;
  for (const auto& entry : history.groups()) {
    const ActGroup& group = entry.second;
    for (const Grant& grant : group.grants) {
      const std::optional<Instant> iss_age = InformFrom(history, *pack, grant, t);
      if (iss_age && DecidesAt(history, *pack, grant, *iss_age))
        duties.push_back(InformChild(history, *pack, grant, *iss_age, t));
      AddReviews(history, *pack, grant, t, duties);
    }
    for (const Act& act : group.acts)
      if (act.kind == ActKind::kWithdrawn) AddStopAcks(history, *pack, act, group, t, duties);
  }
  for (const Fact* fact : history.OfType(EventType::kAccessEmergencyOpened)) {
    const Instant due = fact->event.V() + pack->emergency_review_hours * kMicrosPerHour;
    const bool done =
        Said(history, EventType::kAccessEmergencyReviewed, "emergency", fact->event.id, t);
    duties.push_back({DutyCode::kEmergencyReview, due, fact, {}, StatusAt(due, done, t)});
  }
  for (const Fact* request : history.OfType(EventType::kErasureRequested)) {
    const ErasureProgress progress = ProgressOf(history, *request, t);
    if (progress.release == nullptr || !progress.due || progress.status == ErasureStatus::kDeferred)
      continue;
    const bool done =
        progress.status == ErasureStatus::kExecuted || progress.status == ErasureStatus::kVerified;
    duties.push_back({DutyCode::kEraseAfterRelease,
                      *progress.due,
                      progress.release,
                      {},
                      StatusAt(*progress.due, done, t)});
  }
  std::stable_sort(duties.begin(), duties.end(), [](const Duty& a, const Duty& b) {
    return a.event->position < b.event->position;
  });
  return duties;
}

}  // namespace oppi::projections
