#include "projections/authority.h"

#include <algorithm>

namespace oppi::projections {
namespace {

using events::EventType;

constexpr std::string_view kDecide = "DECIDE";

bool Names(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// The registration that counts: the learner's own, and only without one that of an identifier
/// linked to it; of several the newest.
std::optional<Date> BirthDate(std::string_view learner, const Corrections& facts) {
  const Fact* best = nullptr;
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type != EventType::kIdentityLearnerRegistered || !fact->event.has("birth_date"))
      continue;
    const bool own = fact->event.subject == learner;
    const bool best_own = best != nullptr && best->event.subject == learner;
    if (best == nullptr || own > best_own || (own == best_own && EarlierInForce(*best, *fact)))
      best = fact;
  }
  if (best == nullptr) return std::nullopt;
  return Date{static_cast<std::int32_t>(best->event.number("birth_date"))};
}

}  // namespace

bool Holders::Has(std::string_view person) const {
  return std::binary_search(persons.begin(), persons.end(), person);
}

Authority::Authority(std::string_view learner, const Registry& registry, const Corrections& facts,
                     const Persons& persons, TreeSize known)
    : learner_(learner),
      registry_(registry),
      persons_(persons),
      known_(known),
      edges_(EdgesOf(facts, {})),
      birth_(BirthDate(learner, facts)) {
  for (const Fact* fact : facts.standing())
    if (fact->event.type == EventType::kGuardianshipDutiesDivided) divided_.push_back(fact);
  std::stable_sort(divided_.begin(), divided_.end(),
                   [](const Fact* a, const Fact* b) { return EarlierInForce(*a, *b); });
}

std::optional<Instant> Authority::Reaches(int age, LeapBirthday leap) const {
  if (!birth_) return std::nullopt;
  return ReachesAge(*birth_, age, leap);
}

bool Authority::Adult(Instant t) const {
  const PolicyPack* pack = registry_.PackAt(t, known_);
  if (pack == nullptr) return false;
  const std::optional<Instant> majority = Majority(*pack);
  return majority && *majority <= t;
}

std::vector<std::string_view> Authority::Deciding(const PurposeRules& purpose, Instant t) const {
  std::vector<std::string_view> guardians;
  for (const Edge& edge : edges_) {
    if (edge.right == kDecide && edge.InForce(t) &&
        (edge.purpose_classes.empty() || Names(edge.purpose_classes, purpose.purpose_class)))
      guardians.push_back(NameOf(edge.guardian));
  }
  const Fact* division = nullptr;  // a later division replaces an earlier one
  for (const Fact* fact : divided_)
    if (InForce(*fact, t) && Names(fact->event.list("purpose_classes"), purpose.purpose_class))
      division = fact;
  if (division != nullptr) {
    const std::string_view named = NameOf(division->event.text("guardian"));
    std::erase_if(guardians, [&](std::string_view guardian) { return guardian != named; });
  }
  return guardians;
}

Holders Authority::HoldersAt(std::string_view purpose, Instant t) const {
  Holders holders;
  const PolicyPack* pack = registry_.PackAt(t, known_);
  holders.purpose = pack == nullptr ? nullptr : pack->Purpose(purpose);
  if (holders.purpose == nullptr) return holders;
  const std::optional<Instant> majority = Majority(*pack);
  const std::optional<Instant> self =
      Reaches(pack->SelfAgeOf(*holders.purpose), pack->leap_birthday);
  if (majority && *majority <= t) {
    holders.persons = {learner_};
    return holders;
  }
  const bool decides_himself = self && *self <= t;
  if (!decides_himself || holders.purpose->with_guardians)
    holders.persons = Deciding(*holders.purpose, t);
  if (decides_himself) holders.persons.push_back(learner_);
  std::sort(holders.persons.begin(), holders.persons.end());
  holders.persons.erase(std::unique(holders.persons.begin(), holders.persons.end()),
                        holders.persons.end());
  return holders;
}

Custody Authority::CustodyAt(std::string_view person, Instant t) const {
  const std::string_view name = NameOf(person);
  const bool adult = Adult(t);
  Custody custody = Custody::kNever;
  for (const Edge& edge : edges_) {
    if (NameOf(edge.guardian) != name || t < edge.from) continue;
    if (edge.InForce(t) && !adult) return Custody::kHeld;
    // An edge that ended before it began was never held.
    if (!edge.until || edge.from < *edge.until) custody = Custody::kEnded;
  }
  return custody;
}

bool Authority::StillHolds(const Fact& established, Instant t) const {
  return !Adult(t) && std::any_of(edges_.begin(), edges_.end(), [&](const Edge& edge) {
    return edge.fact == &established && (!edge.until || t < *edge.until);
  });
}

bool Authority::Decides(std::string_view person, Instant t) const {
  const std::string_view name = NameOf(person);
  return !Adult(t) && std::any_of(edges_.begin(), edges_.end(), [&](const Edge& edge) {
    return edge.right == kDecide && edge.InForce(t) && NameOf(edge.guardian) == name;
  });
}

std::optional<Authority::End> Authority::DecisionEnds(
    const std::vector<std::string_view>& guardians, Instant from, const PolicyPack& pack) const {
  const std::optional<Instant> majority = Majority(pack);
  End end{from, nullptr};
  while (true) {
    if (majority && *majority <= end.at) return std::nullopt;
    const Edge* longest = nullptr;
    for (const Edge& edge : edges_) {
      if (edge.right != kDecide || !edge.InForce(end.at) ||
          std::find(guardians.begin(), guardians.end(), NameOf(edge.guardian)) == guardians.end())
        continue;
      if (!edge.until) return std::nullopt;
      if (longest == nullptr || *longest->until < *edge.until) longest = &edge;
    }
    if (longest == nullptr) return end;
    end = {*longest->until, longest->ended_by != nullptr ? longest->ended_by : longest->fact};
  }
}

Instant Authority::LinkUsed(std::string_view by, std::string_view subject, Instant t) const {
  Instant used = persons_.JoinedAt(learner_, subject).value_or(kInstantMin);
  if (!persons_.AnyLinks()) return used;
  // The learner himself: under his own identifier no link is used.
  std::optional<Instant> least = persons_.JoinedAt(by, subject);
  for (const Edge& edge : edges_) {
    if (edge.right != kDecide || !edge.InForce(t)) continue;
    const std::optional<Instant> as_guardian = persons_.JoinedAt(edge.guardian, by);
    const std::optional<Instant> as_learner = persons_.JoinedAt(edge.fact->event.subject, subject);
    if (!as_guardian || !as_learner) continue;
    const Instant needed = std::max(*as_guardian, *as_learner);
    if (!least || needed < *least) least = needed;
  }
  return std::max(used, least.value_or(kInstantMin));
}

}  // namespace oppi::projections
