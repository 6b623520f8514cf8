#include "projections/registry.h"

#include <algorithm>
#include <utility>

namespace oppi::projections {

void Registry::Apply(const Fact& applied) {
  publishers_.Apply(applied);
  facts_.push_back(applied);
  const Fact& fact = facts_.back();
  by_id_.emplace(fact.event.id, &fact);
  notices_.Apply(fact);
  bases_.Apply(fact);
  if (fact.erased || fact.outcome != events::Outcome::kAccepted ||
      fact.event.type != events::EventType::kRegistryPolicyPublished)
    return;
  Result<PolicyPack> pack = ParsePolicyPack(fact.event.text("body"));
  if (!pack.ok()) return;
  AddPolicy(std::move(pack).value(), fact.event.V(), fact.event.valid_to, fact.position);
}

void Registry::AddPolicy(PolicyPack pack, Instant from, std::optional<Instant> until,
                         std::optional<LeafIndex> position) {
  Pack added{std::make_unique<const PolicyPack>(std::move(pack)), from, until, position};
  const auto place =
      std::upper_bound(packs_.begin(), packs_.end(), added, [](const Pack& a, const Pack& b) {
        return std::pair(a.from, a.position) < std::pair(b.from, b.position);
      });
  packs_.insert(place, std::move(added));
}

const Fact* Registry::Find(std::string_view event) const {
  const auto found = by_id_.find(event);
  return found == by_id_.end() ? nullptr : found->second;
}

const PolicyPack* Registry::PackAt(Instant t, TreeSize known) const {
  for (auto at = packs_.rbegin(); at != packs_.rend(); ++at)
    if (at->VisibleIn(known) && at->from <= t && (!at->until || t < *at->until))
      return at->pack.get();
  return nullptr;
}

std::vector<Instant> Registry::PackChanges(TreeSize known) const {
  std::vector<Instant> changes;
  for (const Pack& pack : packs_) {
    if (!pack.VisibleIn(known)) continue;
    changes.push_back(pack.from);
    if (pack.until) changes.push_back(*pack.until);
  }
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  return changes;
}

std::vector<const PolicyPack*> Registry::Packs(TreeSize known) const {
  std::vector<const PolicyPack*> packs;
  for (const Pack& pack : packs_)
    if (pack.VisibleIn(known)) packs.push_back(pack.pack.get());
  return packs;
}

bool Registry::PurposeEverKnown(std::string_view purpose, TreeSize known) const {
  return std::any_of(packs_.begin(), packs_.end(), [&](const Pack& pack) {
    return pack.VisibleIn(known) && pack.pack->Purpose(purpose) != nullptr;
  });
}

}  // namespace oppi::projections
