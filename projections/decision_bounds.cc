#include "projections/decision_bounds.h"

#include <algorithm>

namespace oppi::projections {
namespace {

class Narrowing {
 public:
  explicit Narrowing(Instant t) : t_(t) {}
  void By(Instant instant) {
    if (instant <= t_)
      steady_.from = std::max(steady_.from, instant);
    else
      steady_.until = std::min(steady_.until, instant);
  }
  void By(const std::vector<Instant>& ascending) {
    const auto after = std::upper_bound(ascending.begin(), ascending.end(), t_);
    if (after != ascending.end()) By(*after);
    if (after != ascending.begin()) By(*std::prev(after));
  }
  [[nodiscard]] Steady steady() const { return steady_; }

 private:
  Instant t_;
  Steady steady_;
};

/// Birthdays that the pack attaches something to, and when what follows from them is due.
void NarrowByAges(const Authority& authority, const PolicyPack& pack, Narrowing& narrowing) {
  std::vector<int> ages = {pack.iss_age, pack.self_age, pack.majority_age};
  for (const auto& entry : pack.purposes)
    if (entry.second.self_age) ages.push_back(*entry.second.self_age);
  for (const int age : ages) {
    const std::optional<Instant> birthday = authority.Reaches(age, pack.leap_birthday);
    if (!birthday) return;
    narrowing.By(*birthday);
    if (age == pack.iss_age) narrowing.By(*birthday + pack.on_iss_age_days * kMicrosPerDay);
  }
}

/// What a grant ends by, and when its reviews are due.
void NarrowByGrant(const Fact& grant, const PolicyPack& pack, Narrowing& narrowing) {
  narrowing.By(grant.recorded + pack.review_days * kMicrosPerDay);
  if (const PurposeRules* purpose = pack.Purpose(grant.event.text("purpose")))
    narrowing.By(grant.event.V() + purpose->ttl_days * kMicrosPerDay);
}

}  // namespace

bool MovesDecisions(const events::TypeInfo& type) {
  return (type.feeds & (events::kFeedCO | events::kFeedER)) != 0 && type.group != "access";
}

Steady SteadyAround(const History& history, const std::vector<Instant>& registry_changes, Instant t) {
  Narrowing narrowing(t);
  narrowing.By(registry_changes);
  const std::vector<const PolicyPack*> packs = history.registry().Packs(history.known());
  for (const PolicyPack* pack : packs) NarrowByAges(history.authority(), *pack, narrowing);
  std::vector<Instant> instants;
  for (const Fact& fact : history.stream()) {
    if (fact.erased) continue;
    narrowing.By(fact.recorded);
    if (fact.anchored) narrowing.By(*fact.anchored);
    instants.clear();
    AddInstants(fact.event, instants);
    for (const Instant instant : instants) narrowing.By(instant);
    if (fact.event.type != events::EventType::kConsentGiven) continue;
    for (const PolicyPack* pack : packs) NarrowByGrant(fact, *pack, narrowing);
  }
  return narrowing.steady();
}

void AddInstants(const events::Event& event, std::vector<Instant>& instants) {
  instants.push_back(event.V());
  if (event.valid_to) instants.push_back(*event.valid_to);
  const auto fields = event.info().fields;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].type == events::FieldType::kTime && event.fields[i].present)
      instants.push_back(Instant{event.fields[i].number});
}

}  // namespace oppi::projections
