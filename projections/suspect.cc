#include "projections/suspect.h"

#include <algorithm>

namespace oppi::projections {

bool IsSuspect(const Fact& fact, const Publishers& publishers, TreeSize known) {
  const auto& revocations = publishers.RevocationsOf(fact.publisher, fact.key);
  return std::any_of(revocations.begin(), revocations.end(), [&](const KeyRevocation& revocation) {
    return Contains(known, revocation.position) && revocation.compromised_from &&
           *revocation.compromised_from <= fact.recorded;
  });
}

SuspectSet SuspectSetOf(std::string_view publisher, std::string_view key,
                        const std::vector<const Fact*>& log, const Publishers& publishers,
                        TreeSize known) {
  SuspectSet set;
  for (const Fact* fact : log) {
    if (!Contains(known, fact->position) || fact->publisher != publisher || fact->key != key ||
        !IsSuspect(*fact, publishers, known))
      continue;
    set.suspect.push_back(fact);
    const bool vouched = std::any_of(log.begin(), log.end(), [&](const Fact* other) {
      return Contains(known, other->position) && !other->erased && !fact->erased &&
             other->event.type == events::EventType::kLedgerReattested &&
             other->event.text("event") == fact->event.id;
    });
    if (vouched) set.reattested.push_back(fact);
  }
  return set;
}

}  // namespace oppi::projections
