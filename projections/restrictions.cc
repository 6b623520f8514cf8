#include "projections/restrictions.h"

#include <algorithm>

#include "projections/policy.h"

namespace oppi::projections {
namespace {

using events::EventType;

std::optional<RestrictionKind> KindOf(std::string_view code) {
  if (code == "PROTECTION") return RestrictionKind::kProtection;
  if (code == "ART18") return RestrictionKind::kArt18;
  if (code == "OBJECTION") return RestrictionKind::kObjection;
  return std::nullopt;
}

}  // namespace

Restrictions::Restrictions(const Corrections& facts) {
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type != EventType::kRestrictionSet) continue;
    if (const auto kind = KindOf(fact->event.text("kind")))
      all_.push_back({*kind, fact, fact->event.valid_to});
  }
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type != EventType::kRestrictionCleared) continue;
    for (Restriction& restriction : all_) {
      if (restriction.fact->event.id != fact->event.text("restriction")) continue;
      // An objection that was upheld is over as a procedure, but it stands.
      if (restriction.kind == RestrictionKind::kObjection &&
          fact->event.text("outcome") == "UPHELD")
        continue;
      if (!restriction.until || fact->event.V() < *restriction.until)
        restriction.until = fact->event.V();
    }
  }
  std::stable_sort(all_.begin(), all_.end(), [](const Restriction& a, const Restriction& b) {
    return EarlierInForce(*a.fact, *b.fact);
  });
}

const Fact* Restrictions::InForceAt(RestrictionKind kind, std::string_view purpose,
                                    const std::vector<std::string_view>& path, Instant t) const {
  for (const Restriction& restriction : all_) {
    if (restriction.kind != kind || !restriction.At(t)) continue;
    const auto& purposes = restriction.fact->event.list("purposes");
    const auto& categories = restriction.fact->event.list("data_categories");
    const bool on_purpose =
        purposes.empty() || std::find(purposes.begin(), purposes.end(), purpose) != purposes.end();
    if (on_purpose && (categories.empty() || NamesOneOf(categories, path))) return restriction.fact;
  }
  return nullptr;
}

bool Restrictions::Protected(Instant t) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Restriction& restriction) {
    return restriction.kind == RestrictionKind::kProtection && restriction.At(t);
  });
}

}  // namespace oppi::projections
