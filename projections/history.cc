#include "projections/history.h"

#include <algorithm>
#include <tuple>

#include "projections/suspect.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

bool HasContent(const Fact& fact, TreeSize known) {
  return Contains(known, fact.position) && !fact.erased;
}

bool Earlier(const Act& a, const Act& b) {
  return std::tuple(a.start, RankOf(a.kind), a.fact->position) <
         std::tuple(b.start, RankOf(b.kind), b.fact->position);
}

std::optional<ActKind> KindOf(const Event& event) {
  switch (event.type) {
    case EventType::kConsentRequested:
      return ActKind::kRequested;
    case EventType::kConsentNoticeServed:
      if (event.text("outcome") == "DISMISSED") return ActKind::kDismissed;
      return std::nullopt;
    case EventType::kConsentWithdrawalRequested:
      return ActKind::kWithdrawalRequested;
    case EventType::kConsentWithdrawalRefused:
      return ActKind::kWithdrawalRefused;
    case EventType::kConsentRevoked:
      return ActKind::kRevoked;
    case EventType::kConsentRefused:
      return ActKind::kRefused;
    case EventType::kConsentWithdrawn:
      return ActKind::kWithdrawn;
    default:
      return std::nullopt;
  }
}

/// R of the first of these acts that names the event; the DPO need say it only once.
std::optional<Instant> FirstOn(const Event& event, const std::vector<const Fact*>& acts) {
  for (const Fact* act : acts)
    if (act->event.text("event") == event.id) return act->recorded;
  return std::nullopt;
}

}  // namespace

int RankOf(ActKind kind) {
  switch (kind) {
    case ActKind::kRequested:
    case ActKind::kDismissed:
      return 0;
    case ActKind::kGuardianshipEnded:
      return 1;
    case ActKind::kGiven:
      return 2;
    case ActKind::kWithdrawalRequested:
    case ActKind::kWithdrawalRefused:
      return 3;
    case ActKind::kRevoked:
      return 4;
    case ActKind::kRefused:
      return 5;
    case ActKind::kWithdrawn:
      return 6;
  }
  return 0;
}

bool Grant::HasHindrance() const {
  return fact->event.has("hindrance") && holders.purpose != nullptr &&
         holders.purpose->rule == ConsentRule::kAll;
}

bool Act::Touches(std::string_view recipient,
                  const std::vector<std::string_view>& category_path) const {
  if (kind == ActKind::kGuardianshipEnded) return true;
  const std::vector<std::string>& recipients = fact->event.list("recipients");
  if (!recipients.empty() &&
      std::find(recipients.begin(), recipients.end(), recipient) == recipients.end())
    return false;
  const std::vector<std::string>& categories = fact->event.list("data_categories");
  return categories.empty() || NamesOneOf(categories, category_path);
}

History::History(std::string_view learner, const Registry& registry, const Facts& stream,
                 TreeSize known)
    : learner_(learner),
      registry_(registry),
      stream_(stream),
      known_(known),
      persons_(stream, known),
      corrections_(learner_, stream, known),
      authority_(learner_, registry, corrections_, persons_, known),
      restrictions_(corrections_) {
  std::vector<const Fact*> consents;
  for (const Fact& fact : stream) {
    if (fact.erased || !About(fact.event)) {
      if (HasContent(fact, known)) by_id_.emplace(fact.event.id, &fact);
      continue;
    }
    if (fact.event.type == EventType::kErasureExecuted) executions_.push_back(&fact);
    if (!Contains(known, fact.position)) continue;
    by_id_.emplace(fact.event.id, &fact);
    if (fact.event.info().group == "consent") consents.push_back(&fact);
    if (fact.outcome == events::Outcome::kAccepted) by_type_[fact.event.type].push_back(&fact);
  }
  for (const Fact* fact : consents) {
    if (fact->event.type == EventType::kConsentGiven) {
      AddGrant(*fact);
    } else if (const auto kind = KindOf(fact->event)) {
      AddAct(*kind, *fact);
    }
  }
  AddGuardianshipEnds();
  for (auto& entry : groups_)
    std::sort(entry.second.acts.begin(), entry.second.acts.end(), Earlier);
}

const Fact* History::Find(std::string_view event) const {
  const auto found = by_id_.find(event);
  return found == by_id_.end() ? nullptr : found->second;
}

const std::vector<const Fact*>& History::OfType(EventType type) const {
  static const std::vector<const Fact*> kNone;
  const auto found = by_type_.find(type);
  return found == by_type_.end() ? kNone : found->second;
}

const ActGroup* History::Acts(std::string_view controller, std::string_view purpose) const {
  const auto found = groups_.find({controller, purpose});
  return found == groups_.end() ? nullptr : &found->second;
}

void History::AddGrant(const Fact& fact) {
  const Event& event = fact.event;
  ActGroup& group = groups_[{event.controller, event.text("purpose")}];
  Grant grant;
  grant.fact = &fact;
  grant.by = NameOf(event.text("by"));
  grant.holders = authority_.HoldersAt(event.text("purpose"), event.V());
  grant.given_by_holder = grant.holders.Has(grant.by);
  if (!grant.given_by_holder) grant.lost_by = AuthorityLostBy(fact);
  if (event.has("request")) {
    // A request whose content is gone lies somewhere before; assume the furthest.
    const Fact* request = Find(event.text("request"));
    grant.request = request == nullptr ? LeafIndex(0) : request->position;
  }
  for (const Fact* other : OfType(EventType::kConsentInvalidated)) {
    if (other->event.text("target") != event.id) continue;
    if (other->event.text("effect") == "EX_TUNC") {
      if (grant.ex_tunc == nullptr) grant.ex_tunc = other;
    } else if (grant.ex_nunc == nullptr || other->event.V() < grant.ex_nunc->event.V()) {
      grant.ex_nunc = other;
    }
  }
  grant.quarantined = fact.outcome == events::Outcome::kQuarantined;
  grant.suspect = IsSuspect(fact, registry_.publishers(), known_);
  if (grant.quarantined)
    grant.released = FirstOn(event, OfType(EventType::kLedgerQuarantineReleased));
  if (grant.suspect) grant.reattested = FirstOn(event, OfType(EventType::kLedgerReattested));
  grant.notice = registry_.notices().Find(event.text("notice"), event.text("notice_version"),
                                          event.V(), known_);
  if ((!grant.quarantined || grant.released) && (!grant.suspect || grant.reattested)) {
    grant.start =
        std::max({event.V(), fact.anchored.value_or(kInstantMin),
                  authority_.LinkUsed(event.text("by"), event.subject, event.V()),
                  grant.released.value_or(kInstantMin), grant.reattested.value_or(kInstantMin)});
    Act act{ActKind::kGiven,    &fact, *grant.start, grant.by, grant.given_by_holder,
            group.grants.size()};
    group.acts.push_back(act);
  }
  group.grants.push_back(std::move(grant));
}

void History::AddAct(ActKind kind, const Fact& fact) {
  const Event& event = fact.event;
  Act act{kind, &fact, event.V(), {}, false, std::nullopt};
  if (event.has("by")) {
    act.by = NameOf(event.text("by"));
    act.by_holder = authority_.HoldersAt(event.text("purpose"), event.V()).Has(act.by);
  }
  groups_[{event.controller, event.text("purpose")}].acts.push_back(act);
}

void History::AddGuardianshipEnds() {
  for (const Fact* fact : corrections_.standing()) {
    if (fact->event.type != EventType::kGuardianshipEnded) continue;
    // As a completing fact it counts only from when it is known.
    const Act act{ActKind::kGuardianshipEnded,
                  fact,
                  std::max(fact->event.V(), fact->recorded),
                  {},
                  false,
                  std::nullopt};
    for (auto& entry : groups_) entry.second.acts.push_back(act);
  }
}

const Fact* History::AuthorityLostBy(const Fact& grant) const {
  const Event& event = grant.event;
  const auto holds_at = [&](TreeSize size) {
    const Persons persons(stream_, size);
    const Corrections corrections(learner_, stream_, size);
    const Authority authority(learner_, registry_, corrections, persons, size);
    return authority.HoldersAt(event.text("purpose"), event.V())
        .Has(persons.NameOf(event.text("by"), learner_));
  };
  std::vector<const Fact*> later;
  for (const Fact& fact : stream_)
    if (Contains(known_, fact.position) && grant.position < fact.position) later.push_back(&fact);
  for (const Fact& fact : registry_.facts())
    if (Contains(known_, fact.position) && grant.position < fact.position) later.push_back(&fact);
  std::sort(later.begin(), later.end(),
            [](const Fact* a, const Fact* b) { return a->position < b->position; });
  const Fact* lost_by = nullptr;
  bool held = holds_at(SizeAfter(grant.position));
  for (const Fact* fact : later) {
    // Only such facts can move authority.
    const std::string_view group = fact->erased ? std::string_view() : fact->event.info().group;
    if (group != "guardianship" && group != "identity" && group != "ledger" && group != "registry")
      continue;
    const bool holds = holds_at(SizeAfter(fact->position));
    if (held && !holds) lost_by = fact;
    held = holds;
  }
  return lost_by;
}

}  // namespace oppi::projections
