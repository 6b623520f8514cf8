#include "projections/export/consent_record.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "projections/consent_atoms.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

/// What became of one consent, or request, on one atom.
struct Fate {
  ConsentStatus status = ConsentStatus::kNone;
  std::string_view reason;
  std::optional<Instant> began;
  std::optional<Instant> since;
  std::optional<Instant> until;
  const Fact* by = nullptr;
  friend bool operator==(const Fate&, const Fate&) = default;
};

/// The states of an atom up to an instant, oldest first; the last is the present one.
class Steps {
 public:
  Steps(const History& history, const Atom& atom, Instant t) {
    for (const Segment& segment : TimelineOf(history, atom)) {
      if (segment.from && t < *segment.from) break;
      states_.push_back(StateOf(history, atom, segment.from.value_or(kInstantMin)));
    }
    const ConsentState now = StateOf(history, atom, t);
    if (!states_.empty() && SameStep(states_.back(), now))
      states_.back() = now;
    else
      states_.push_back(now);
  }
  [[nodiscard]] const std::vector<ConsentState>& states() const { return states_; }
  [[nodiscard]] const ConsentState& now() const { return states_.back(); }

 private:
  static bool SameStep(const ConsentState& a, const ConsentState& b) {
    return a.status == b.status && a.consent == b.consent && a.by == b.by;
  }
  std::vector<ConsentState> states_;
};

/// The grant is what the state rests on, or counts towards it.
bool RestsOn(const ConsentState& state, const Grant& grant) {
  return state.consent == &grant ||
         std::find(state.givers.begin(), state.givers.end(), &grant) != state.givers.end();
}

Fate EndedBy(const ConsentState& next) {
  Fate fate{next.status, next.reason, std::nullopt, next.since, std::nullopt, next.by};
  if (InForce(next.status)) {
    fate.status = ConsentStatus::kExpired;
    fate.reason = kReplaced;
    fate.by = next.consent->fact;
  }
  return fate;
}

/// A grant that no state ever rested on.
Fate WithoutEffect(const Grant& grant, Instant t) {
  Fate fate;
  if (grant.WaitsForRelease(t))
    fate.reason = "QUARANTINED";
  else if (grant.WaitsForReattestation(t))
    fate.reason = "SUSPECT";
  else if (grant.start && *grant.start <= t)
    fate.reason = "STALE_REQUEST";
  return fate;
}

Fate FateOf(const Grant& grant, const Steps& steps, Instant t) {
  const std::vector<ConsentState>& states = steps.states();
  if (steps.now().status == ConsentStatus::kIndeterminate)
    return {ConsentStatus::kIndeterminate, steps.now().reason, {}, {}, {}, steps.now().by};
  const auto rests = [&](const ConsentState& state) { return RestsOn(state, grant); };
  const auto last = std::find_if(states.rbegin(), states.rend(), rests);
  if (last == states.rend()) return WithoutEffect(grant, t);
  const auto first_in_force = std::find_if(states.begin(), states.end(), [&](const auto& state) {
    return rests(state) && InForce(state.status);
  });
  Fate fate{last->status, last->reason, {}, last->since, last->until, last->by};
  if (last != states.rbegin() &&
      (InForce(last->status) || last->status == ConsentStatus::kPendingCo))
    fate = EndedBy(*std::prev(last));
  if (first_in_force != states.end()) fate.began = first_in_force->since;
  return fate;
}

Fate FateOf(const ConsentState& state) {
  return {state.status, state.reason, {}, state.since, {}, state.by};
}

/// Atoms with their fates as portions: recipients with the same fates share one.
std::vector<ConsentPortion> PortionsOf(const std::map<AtomKey, Fate>& fates) {
  std::map<std::string, std::vector<std::pair<std::string, Fate>>> by_recipient;
  for (const auto& [key, fate] : fates)
    by_recipient[key.recipient].emplace_back(key.category, fate);
  std::vector<ConsentPortion> portions;
  while (!by_recipient.empty()) {
    const auto shape = by_recipient.begin()->second;
    std::vector<std::string> recipients;
    for (auto it = by_recipient.begin(); it != by_recipient.end();) {
      if (it->second != shape) {
        ++it;
        continue;
      }
      recipients.push_back(it->first);
      it = by_recipient.erase(it);
    }
    const std::size_t first = portions.size();
    for (const auto& [category, fate] : shape) {
      const auto same =
          std::find_if(portions.begin() + static_cast<std::ptrdiff_t>(first), portions.end(),
                       [&f = fate](const ConsentPortion& p) {
                         return Fate{p.status, p.reason, p.began, p.since, p.until, p.by} == f;
                       });
      if (same != portions.end()) {
        same->categories.push_back(category);
        continue;
      }
      portions.push_back({recipients,
                          {category},
                          fate.status,
                          fate.reason,
                          fate.began,
                          fate.since,
                          fate.until,
                          fate.by});
    }
  }
  return portions;
}

std::string_view LanguageOf(const History& history, const Event& grant) {
  for (const Fact* served : history.OfType(EventType::kConsentNoticeServed)) {
    const Event& event = served->event;
    // The same bytes are the same language; the same version need not be.
    if (event.has("language") && event.text("notice") == grant.text("notice") &&
        event.text("notice_version") == grant.text("notice_version") &&
        event.text("rendered_hash") == grant.text("rendered_hash"))
      return event.text("language");
  }
  return {};
}

std::optional<Basis> BasisOf(const History& history, const ConsentRecord& record) {
  const Event& event = record.act->event;
  const LegalBases& bases = history.registry().bases();
  for (const ConsentPortion& portion : record.portions)
    for (const std::string& leaf : portion.categories) {
      std::vector<std::string_view> path{leaf};
      if (record.pack != nullptr) path = record.pack->PathOf(leaf);
      const auto basis =
          bases.At(event.controller, event.text("purpose"), path, event.V(), history.known());
      if (basis) return basis;
    }
  return std::nullopt;
}

/// The newest act of the group that touches the atom by t: what is left of an erased consent.
const Fact* LastActOn(const History& history, const AtomKey& key, Instant t) {
  const ActGroup* group = history.Acts(key.controller, key.purpose);
  const PolicyPack* pack = history.PackAt(t);
  const std::vector<std::string_view> path =
      pack == nullptr ? std::vector<std::string_view>{key.category} : pack->PathOf(key.category);
  const Fact* last = nullptr;
  if (group == nullptr) return last;
  for (const Act& act : group->acts) {
    if (act.kind != ActKind::kGuardianshipEnded && act.start <= t &&
        act.Touches(key.recipient, path))
      last = act.fact;
  }
  return last;
}

class Builder {
 public:
  Builder(const History& history, const Question& question, const Access& access, const View& view)
      : history_(history), question_(question), access_(access), view_(view) {}

  std::vector<ConsentRecord> Build() {
    for (const auto& entry : history_.groups())
      for (const Grant& grant : entry.second.grants) AddGrant(grant);
    for (const AtomKey& key : AtomsOf(history_, question_, access_, view_)) AddAlone(key);
    std::vector<ConsentRecord> records;
    for (auto& [position, told] : told_) {
      if (!question_.consent.empty() && told.act->event.id != question_.consent) continue;
      ConsentRecord record{told.act, told.grant, PortionsOf(told.fates), {}, nullptr, {}};
      record.pack = history_.PackAt(told.act->event.V());
      record.basis = BasisOf(history_, record);
      if (told.grant != nullptr) record.language = LanguageOf(history_, told.act->event);
      records.push_back(std::move(record));
    }
    return records;
  }

 private:
  struct Told {
    const Fact* act = nullptr;
    const Grant* grant = nullptr;
    std::map<AtomKey, Fate> fates;
  };

  const Steps& StepsOf(const AtomKey& key) {
    const auto found = steps_.find(key);
    if (found != steps_.end()) return found->second;
    return steps_.emplace(key, Steps(history_, AtomOf(key), view_.at)).first->second;
  }

  void AddGrant(const Grant& grant) {
    if (view_.at < grant.fact->event.V()) return;  // not yet given
    for (const AtomKey& key : AtomsNamedBy(*grant.fact, history_, question_, access_, view_)) {
      Told& told = told_[grant.fact->position];
      told.act = grant.fact;
      told.grant = &grant;
      told.fates.emplace(key, FateOf(grant, StepsOf(key), view_.at));
      granted_.insert(key);
    }
  }

  void AddAlone(const AtomKey& key) {
    if (granted_.contains(key)) return;
    const ConsentState& state = StepsOf(key).now();
    if (state.status == ConsentStatus::kNone) return;
    const bool lost = state.status == ConsentStatus::kIndeterminate;
    const Fact* act = lost ? LastActOn(history_, key, view_.at) : state.by;
    if (act == nullptr) return;
    Told& told = told_[act->position];
    told.act = act;
    told.fates.emplace(key, FateOf(state));
  }

  const History& history_;
  const Question& question_;
  const Access& access_;
  const View& view_;
  std::map<AtomKey, Steps> steps_;
  std::set<AtomKey> granted_;
  std::map<LeafIndex, Told> told_;
};

/// What permits first, then what may come to permit, then what is over.
int Rank(ConsentStatus status) {
  if (InForce(status)) return 0;
  switch (status) {
    case ConsentStatus::kPendingCo:
    case ConsentStatus::kRequested:
    case ConsentStatus::kDeferred:
      return 1;
    default:
      return 2;
  }
}

}  // namespace

std::vector<ConsentRecord> RecordsOf(const History& history, const Question& question,
                                     const Access& access, const View& view) {
  return Builder(history, question, access, view).Build();
}

std::vector<const Fact*> FactsNamedBy(const std::vector<ConsentRecord>& records) {
  std::map<LeafIndex, const Fact*> facts;
  const auto add = [&](const Fact* fact) {
    if (fact != nullptr) facts.emplace(fact->position, fact);
  };
  for (const ConsentRecord& record : records) {
    add(record.act);
    if (record.basis) add(record.basis->fact);
    if (record.grant != nullptr && record.grant->notice != nullptr) add(record.grant->notice->fact);
    for (const ConsentPortion& portion : record.portions) add(portion.by);
  }
  std::vector<const Fact*> list;
  for (const auto& entry : facts) list.push_back(entry.second);
  return list;
}

std::string_view DpvTermOf(const ConsentPortion& portion) {
  const bool without_effect = portion.status == ConsentStatus::kNone && !portion.reason.empty();
  return without_effect ? "ConsentStatusInvalidForProcessing" : DpvStatusName(portion.status);
}

const ConsentPortion& LeadingPortion(const ConsentRecord& record) {
  return *std::min_element(
      record.portions.begin(), record.portions.end(),
      [](const auto& a, const auto& b) { return Rank(a.status) < Rank(b.status); });
}

}  // namespace oppi::projections
