#include "projections/consent_state.h"

#include <algorithm>
#include <array>

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

constexpr std::string_view kAuthorityNeverHeld = "AUTHORITY_NEVER_HELD";
constexpr std::string_view kAuthorityEnded = "AUTHORITY_ENDED";
constexpr std::string_view kExpiredAtAge = "EXPIRED_AT_AGE";
constexpr std::string_view kExpiredAtMajority = "EXPIRED_AT_MAJORITY";
constexpr std::string_view kErased = "ERASED";

struct StatusNames {
  std::string_view name;
  std::string_view dpv;
};
constexpr std::array<StatusNames, 13> kNames = {{
    {"NONE", "ConsentUnknown"},
    {"REQUESTED", "ConsentRequested"},
    {"DEFERRED", "ConsentRequestDeferred"},
    {"PENDING_CO", "ConsentRequested"},
    {"GIVEN", "ConsentGiven"},
    {"RENEWED", "RenewedConsentGiven"},
    {"REFUSED", "ConsentRefused"},
    {"WITHDRAWN", "ConsentWithdrawn"},
    {"REVOKED", "ConsentRevoked"},
    {"EXPIRED", "ConsentExpired"},
    {"SUPERSEDED", "ConsentInvalidated"},
    {"INVALIDATED", "ConsentInvalidated"},
    {"INDETERMINATE", "ConsentUnknown"},
}};

/// A derived end (section 7). `order` decides between ends at the same instant.
struct End {
  Instant at{};
  int order = 0;
  ConsentStatus status{};
  std::string_view reason;
  const Fact* by = nullptr;
};

void Offer(std::optional<End>& earliest, const End& end) {
  if (!earliest || end.at < earliest->at || (end.at == earliest->at && end.order < earliest->order))
    earliest = end;
}

/// The fold of section 13, one act at a time.
class Fold {
 public:
  Fold(const History& history, const Atom& atom) : history_(history), atom_(atom) {}

  void Take(const Act& act, const ActGroup& group);
  /// The state at t, derived ends included; every act that starts by t must have been taken.
  [[nodiscard]] ConsentState StateAt(Instant t) const;
  /// The earliest end of the consent in force, by the pack in force at t. Requires one in force.
  [[nodiscard]] std::optional<End> EndSeenAt(Instant t) const;

  [[nodiscard]] const std::vector<const Fact*>& applied() const { return applied_; }
  [[nodiscard]] std::optional<LeafIndex> decided_at() const { return decided_at_; }

 private:
  void Enter(ConsentStatus status, Instant since, const Fact* by, const Grant* consent = nullptr,
             std::string_view reason = {});
  void Give(Instant since, const Grant& decisive, const Holders& needed);
  void CloseIfOver(Instant now);
  void TakeGrant(const Act& act, const Grant& grant);
  void TakeNegative(const Act& act);
  void TakeGuardianshipEnd(const Act& act);
  [[nodiscard]] bool MayEnd(const Act& act) const;
  [[nodiscard]] bool HasAll(const Holders& holders) const;
  /// Who gave: the consent in force, or so far.
  [[nodiscard]] const std::vector<const Grant*>& Givers() const {
    return InForce(status_) ? givers_ : pending_;
  }

  const History& history_;
  Atom atom_;
  ConsentStatus status_ = ConsentStatus::kNone;
  std::string_view reason_;
  const Grant* consent_ = nullptr;
  const Fact* by_ = nullptr;
  Instant since_{};
  ConsentFlags flags_;
  const Fact* waiting_ = nullptr;
  std::vector<const Grant*> pending_;  // one per person, in the order of their newest grants
  std::vector<const Grant*> givers_;   // of the consent in force: those who were needed for it
  std::vector<const Fact*> applied_;
  std::optional<LeafIndex> decided_at_;
};

void Fold::Enter(ConsentStatus status, Instant since, const Fact* by, const Grant* consent,
                 std::string_view reason) {
  status_ = status;
  since_ = since;
  by_ = by;
  consent_ = consent;
  reason_ = reason;
}

void Fold::Give(Instant since, const Grant& decisive, const Holders& needed) {
  Enter(decisive.fact->event.has("renews") ? ConsentStatus::kRenewed : ConsentStatus::kGiven, since,
        nullptr, &decisive);
  // Somebody who gave once and is no holder any more has no part in this consent.
  givers_.clear();
  for (const Grant* grant : pending_) {
    if (grant == &decisive || needed.Has(grant->by)) givers_.push_back(grant);
  }
  flags_ = {};  // remarks were about what this consent replaces, and so was a wish to withdraw
  waiting_ = nullptr;
}

/// A consent that ended by itself is not in force when the next grant comes, and what was given for
/// it does not count towards another one: all who are needed give again.
void Fold::CloseIfOver(Instant now) {
  if (!InForce(status_)) return;
  const std::optional<End> end = EndSeenAt(now);
  if (!end || now < end->at) return;
  std::erase_if(pending_, [&](const Grant* grant) {
    return std::find(givers_.begin(), givers_.end(), grant) != givers_.end();
  });
  Enter(end->status, std::max(end->at, since_), end->by, consent_, end->reason);
}

bool Fold::HasAll(const Holders& holders) const {
  return std::all_of(holders.persons.begin(), holders.persons.end(), [&](std::string_view person) {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const Grant* grant) { return grant->by == person; });
  });
}

bool Fold::MayEnd(const Act& act) const {
  return act.by.empty() || act.by_holder ||
         std::any_of(Givers().begin(), Givers().end(),
                     [&](const Grant* grant) { return grant->by == act.by; });
}

void Fold::Take(const Act& act, const ActGroup& group) {
  const ConsentStatus before = status_;
  switch (act.kind) {
    case ActKind::kRequested:
      if (before == ConsentStatus::kNone || before == ConsentStatus::kDeferred) {
        Enter(ConsentStatus::kRequested, act.start, act.fact);
        decided_at_ = act.fact->position;
      }
      return;
    case ActKind::kDismissed:
      if (before == ConsentStatus::kNone || before == ConsentStatus::kRequested) {
        Enter(ConsentStatus::kDeferred, act.start, act.fact);
        decided_at_ = act.fact->position;
      }
      return;
    case ActKind::kGuardianshipEnded:
      TakeGuardianshipEnd(act);
      return;
    case ActKind::kGiven:
      TakeGrant(act, group.grants[*act.grant]);
      return;
    case ActKind::kWithdrawalRequested:
      if (!MayEnd(act)) return;
      waiting_ = act.fact;
      flags_.withdrawal_refused = false;
      return;
    case ActKind::kWithdrawalRefused:
      flags_.withdrawal_refused = flags_.withdrawal_refused || waiting_ != nullptr;
      waiting_ = nullptr;
      return;
    case ActKind::kRevoked:
    case ActKind::kRefused:
    case ActKind::kWithdrawn:
      TakeNegative(act);
      return;
  }
}

void Fold::TakeGuardianshipEnd(const Act& act) {
  if (status_ != ConsentStatus::kPendingCo) return;
  const Holders holders = history_.authority().HoldersAt(atom_.purpose, act.start);
  if (holders.persons.empty() || !HasAll(holders)) return;
  const auto newest = std::find_if(pending_.rbegin(), pending_.rend(),
                                   [&](const Grant* grant) { return holders.Has(grant->by); });
  Give(act.start, **newest, holders);
}

void Fold::TakeNegative(const Act& act) {
  if (!MayEnd(act)) return;
  const bool by_guardian = !act.by.empty() && act.by != history_.learner();
  if (act.kind == ActKind::kRefused && by_guardian) {
    const ConsentStatus now = StateAt(act.start).status;
    const bool counts = InForce(now) || now == ConsentStatus::kPendingCo;
    const auto& gave = Givers();
    const bool of_another = std::any_of(gave.begin(), gave.end(), [&](const Grant* grant) {
      return grant->by != act.by && grant->by != history_.learner();
    });
    if (counts && of_another) flags_.guardian_conflict = true;
  }
  Enter(act.kind == ActKind::kRefused     ? ConsentStatus::kRefused
        : act.kind == ActKind::kWithdrawn ? ConsentStatus::kWithdrawn
                                          : ConsentStatus::kRevoked,
        act.start, act.fact);
  pending_.clear();
  waiting_ = nullptr;
  flags_.withdrawal_refused = false;
  flags_.hindrance = false;
  applied_.push_back(act.fact);
  decided_at_ = act.fact->position;
}

void Fold::TakeGrant(const Act& act, const Grant& grant) {
  if (IsStale(applied_, *grant.fact, grant.request)) {
    const bool came_later = std::any_of(
        applied_.begin(), applied_.end(),
        [&](const Fact* negative) { return grant.fact->position < negative->position; });
    if (came_later) flags_.reconfirm = true;
    return;
  }
  CloseIfOver(act.start);
  if (grant.ex_tunc != nullptr || !grant.given_by_holder) {
    if (InForce(status_)) return;
    if (grant.ex_tunc != nullptr) {
      Enter(ConsentStatus::kInvalidated, act.start, grant.ex_tunc, &grant,
            grant.ex_tunc->event.text("reason"));
    } else {
      Enter(ConsentStatus::kInvalidated, act.start, grant.lost_by, &grant, kAuthorityNeverHeld);
    }
    decided_at_ = grant.fact->position;
    return;
  }
  const PurposeRules& purpose = *grant.holders.purpose;  // a holder is one by some pack's rules
  if (purpose.rule == ConsentRule::kOne) pending_.clear();
  std::erase_if(pending_, [&](const Grant* other) { return other->by == grant.by; });
  pending_.push_back(&grant);
  const bool complete = purpose.rule == ConsentRule::kOne || HasAll(grant.holders);
  if (complete || grant.HasHindrance()) {
    Give(act.start, grant, grant.holders);
    flags_.hindrance = !complete;
    decided_at_ = grant.fact->position;
  } else if (!InForce(status_)) {
    Enter(ConsentStatus::kPendingCo, act.start, grant.fact);
    decided_at_ = grant.fact->position;
  }
}

std::optional<End> Fold::EndSeenAt(Instant t) const {
  std::optional<End> end;
  const Instant given = consent_->fact->event.V();
  for (const Grant* grant : givers_) {
    if (grant->ex_nunc != nullptr)
      Offer(end, {grant->ex_nunc->event.V(), 1, ConsentStatus::kInvalidated,
                  grant->ex_nunc->event.text("reason"), grant->ex_nunc});
    if (grant->fact->event.has("valid_until"))
      Offer(end, {Instant{grant->fact->event.number("valid_until")},
                  3,
                  ConsentStatus::kExpired,
                  {},
                  nullptr});
    if (grant->notice == nullptr) continue;
    for (const Notice* later :
         history_.registry().notices().MaterialAfter(*grant->notice, history_.known()))
      Offer(end, {later->grace_end, 4, ConsentStatus::kSuperseded, {}, later->fact});
  }
  const PolicyPack* pack = history_.PackAt(t);
  const PurposeRules* purpose = pack == nullptr ? nullptr : pack->Purpose(atom_.purpose);
  if (purpose == nullptr) return end;
  Offer(end, {given + purpose->ttl_days * kMicrosPerDay, 3, ConsentStatus::kExpired, {}, nullptr});

  const Authority& authority = history_.authority();
  std::vector<std::string_view> givers;
  for (const Grant* grant : givers_) givers.push_back(grant->by);
  const bool only_guardians =
      std::find(givers.begin(), givers.end(), history_.learner()) == givers.end();
  if (only_guardians && pack->on_authority_end == OnAuthorityEnd::kInvalidateExNunc) {
    if (const auto ends = authority.DecisionEnds(givers, given, *pack))
      Offer(end, {ends->at, 2, ConsentStatus::kInvalidated, kAuthorityEnded, ends->by});
  }
  const auto guardian_gave_before = [&](Instant instant) {
    return std::any_of(givers_.begin(), givers_.end(), [&](const Grant* grant) {
      return grant->by != history_.learner() && grant->fact->event.V() < instant;
    });
  };
  const std::optional<Instant> majority = authority.Majority(*pack);
  if (majority && purpose->on_majority == OnMajority::kExpire && guardian_gave_before(*majority))
    Offer(end, {*majority, 5, ConsentStatus::kExpired, kExpiredAtMajority, nullptr});
  const std::optional<Instant> iss_age = authority.IssAge(*pack);
  if (iss_age && purpose->iss && pack->on_iss_age != OnIssAge::kKeepAndInform &&
      guardian_gave_before(*iss_age)) {
    const std::int64_t days =
        pack->on_iss_age == OnIssAge::kReconfirmWithin ? pack->on_iss_age_days : 0;
    Offer(end,
          {*iss_age + days * kMicrosPerDay, 6, ConsentStatus::kExpired, kExpiredAtAge, nullptr});
  }
  return end;
}

ConsentState Fold::StateAt(Instant t) const {
  ConsentState state;
  state.status = status_;
  state.reason = reason_;
  state.consent = consent_;
  state.by = by_;
  if (status_ != ConsentStatus::kNone) state.since = since_;
  state.flags = flags_;
  if (InForce(status_) || status_ == ConsentStatus::kPendingCo) state.givers = Givers();
  if (!InForce(status_)) return state;
  const std::optional<End> end = EndSeenAt(t);
  if (!end || t < end->at) {
    if (end) state.until = end->at;
    state.withdrawal_waits = waiting_;
    return state;
  }
  state.status = end->status;
  state.reason = end->reason;
  state.by = end->by;
  // What was over before it began never permitted anything.
  state.since = std::max(end->at, since_);
  state.givers.clear();
  return state;
}

/// Marks a fitting grant without effect: by a holder, not void, not over, and only waiting.
void MarkWaiting(const History& history, const Atom& atom, const ActGroup& group,
                 const std::vector<std::string_view>& path, const std::vector<const Fact*>& applied,
                 Instant t, ConsentState& state) {
  for (const Grant& grant : group.grants) {
    const Event& event = grant.fact->event;
    if (t < event.V() || (!grant.WaitsForReattestation(t) && !grant.WaitsForRelease(t))) continue;
    const Act as_act{ActKind::kGiven, grant.fact, event.V(), grant.by, true, std::nullopt};
    if (!as_act.Touches(atom.recipient, path) || !grant.given_by_holder ||
        grant.ex_tunc != nullptr || IsStale(applied, *grant.fact, grant.request))
      continue;
    if (grant.ex_nunc != nullptr && grant.ex_nunc->event.V() <= t) continue;
    if (event.has("valid_until") && event.number("valid_until") <= t.micros) continue;
    const PolicyPack* pack = history.PackAt(t);
    const PurposeRules* purpose = pack == nullptr ? nullptr : pack->Purpose(atom.purpose);
    if (purpose == nullptr || event.V() + purpose->ttl_days * kMicrosPerDay <= t) continue;
    if (grant.WaitsForReattestation(t)) state.suspect_grant = true;
    if (grant.WaitsForRelease(t)) state.quarantined_grant = true;
  }
}

/// Category and what is above it, by the pack in force at t.
std::vector<std::string_view> PathAt(const History& history, std::string_view category, Instant t) {
  const PolicyPack* pack = history.PackAt(t);
  if (pack == nullptr) return {category};
  return pack->PathOf(category);
}

Fold FoldUntil(const History& history, const Atom& atom, const ActGroup* group,
               const std::vector<std::string_view>& path, Instant t) {
  Fold fold(history, atom);
  if (group == nullptr) return fold;
  for (const Act& act : group->acts) {
    if (t < act.start) break;
    if (act.Touches(atom.recipient, path)) fold.Take(act, *group);
  }
  return fold;
}

}  // namespace

std::string_view ConsentStatusName(ConsentStatus status) {
  return kNames[static_cast<std::size_t>(status)].name;
}

std::string_view DpvStatusName(ConsentStatus status) {
  return kNames[static_cast<std::size_t>(status)].dpv;
}

bool IsStale(const std::vector<const Fact*>& applied, const Fact& grant,
             std::optional<LeafIndex> request) {
  return std::any_of(applied.begin(), applied.end(), [&](const Fact* negative) {
    if (request) return *request < negative->position;
    // A paper grant is its own request: what is recorded later, or was said no earlier, beats it.
    return grant.position < negative->position || grant.event.V() <= negative->event.V();
  });
}

const Fact* ConsentEvidenceErasedBy(const History& history) {
  const Fact* latest = nullptr;
  for (const Fact* fact : history.Executions()) {
    const auto& classes = fact->event.list("classes");
    const auto& types = fact->event.list("types");
    const bool evidence =
        types.empty() || std::any_of(types.begin(), types.end(), [](const std::string& type) {
          return type.starts_with("consent.");
        });
    if (evidence && std::find(classes.begin(), classes.end(), "C") != classes.end()) latest = fact;
  }
  return latest;
}

ConsentState StateOf(const History& history, const Atom& atom, Instant t) {
  const std::vector<std::string_view> path = PathAt(history, atom.category, t);
  const ActGroup* group = history.Acts(atom.controller, atom.purpose);
  const Fold fold = FoldUntil(history, atom, group, path, t);
  const Fact* erased_by = ConsentEvidenceErasedBy(history);
  if (erased_by != nullptr && (!fold.decided_at() || *fold.decided_at() < erased_by->position)) {
    ConsentState unknowable;
    unknowable.status = ConsentStatus::kIndeterminate;
    unknowable.reason = kErased;
    unknowable.by = erased_by;
    return unknowable;
  }
  ConsentState state = fold.StateAt(t);
  if (group != nullptr) MarkWaiting(history, atom, *group, path, fold.applied(), t, state);
  return state;
}

std::vector<const Fact*> AppliedNegatives(const History& history, const Atom& atom, Instant t) {
  const std::vector<std::string_view> path = PathAt(history, atom.category, t);
  return FoldUntil(history, atom, history.Acts(atom.controller, atom.purpose), path, t).applied();
}

std::vector<Segment> TimelineOf(const History& history, const Atom& atom) {
  // Nothing changes but where an act starts, a pack comes into force or a consent ends by itself.
  std::vector<Instant> starts{kInstantMin};
  const auto changes = history.registry().PackChanges(history.known());
  starts.insert(starts.end(), changes.begin(), changes.end());
  if (const ActGroup* group = history.Acts(atom.controller, atom.purpose))
    for (const Act& act : group->acts) starts.push_back(act.start);
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

  std::vector<Segment> segments;
  const auto add = [&segments](const ConsentState& state, Instant from) {
    Segment segment{state.status, std::nullopt, std::nullopt, state.consent, state.by};
    if (from != kInstantMin) segment.from = from;
    if (!segments.empty()) {
      Segment& last = segments.back();
      if (last.status == segment.status && last.consent == segment.consent && last.by == segment.by)
        return;
      last.until = from;
    }
    segments.push_back(segment);
  };
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const ConsentState state = StateOf(history, atom, starts[i]);
    add(state, starts[i]);
    const bool ends = state.until && (i + 1 == starts.size() || *state.until < starts[i + 1]);
    if (ends) add(StateOf(history, atom, *state.until), *state.until);
  }
  std::erase_if(segments, [](const Segment& s) { return s.status == ConsentStatus::kNone; });
  return segments;
}

}  // namespace oppi::projections
