#include "projections/notices.h"

#include <algorithm>

#include "projections/corrections.h"

namespace oppi::projections {

void Notices::Apply(const Fact& fact) {
  if (fact.erased || fact.outcome != events::Outcome::kAccepted ||
      fact.event.type != events::EventType::kRegistryNoticePublished)
    return;
  const events::Event& event = fact.event;
  Notice notice{&fact, event.text("notice"), event.text("version"), event.number("material") != 0,
                event.V()};
  if (event.has("grace_until")) notice.grace_end = Instant{event.number("grace_until")};
  auto& versions = versions_[notice.notice];
  const auto place = std::upper_bound(
      versions.begin(), versions.end(), notice,
      [](const Notice& a, const Notice& b) { return EarlierInForce(*a.fact, *b.fact); });
  versions.insert(place, notice);
}

const Notice* Notices::Find(std::string_view notice, std::string_view version, Instant t,
                            TreeSize known) const {
  const auto found = versions_.find(notice);
  if (found == versions_.end()) return nullptr;
  const Notice* best = nullptr;
  for (const Notice& candidate : found->second) {
    if (candidate.version != version || !Contains(known, candidate.fact->position)) continue;
    if (best == nullptr || candidate.fact->event.V() <= t) best = &candidate;
  }
  return best;
}

std::vector<const Notice*> Notices::MaterialAfter(const Notice& version, TreeSize known) const {
  std::vector<const Notice*> later;
  const auto found = versions_.find(version.notice);
  if (found == versions_.end()) return later;
  for (const Notice& candidate : found->second) {
    if (candidate.material && candidate.version != version.version &&
        Contains(known, candidate.fact->position) && EarlierInForce(*version.fact, *candidate.fact))
      later.push_back(&candidate);
  }
  return later;
}

}  // namespace oppi::projections
