#include "projections/custody.h"

#include <algorithm>

namespace oppi::projections {
namespace {

using events::EventType;

void EndAt(Edge& edge, Instant instant, const Fact* by) {
  if (edge.until && *edge.until <= instant) return;
  edge.until = instant;
  edge.ended_by = by;
}

}  // namespace

std::optional<Instant> MajorityOf(const Corrections& facts, const AgeRules& ages) {
  if (!ages.majority_age) return std::nullopt;
  const Fact* newest = nullptr;
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type != EventType::kIdentityLearnerRegistered) continue;
    if (newest == nullptr || EarlierInForce(*newest, *fact)) newest = fact;
  }
  if (newest == nullptr || !newest->event.has("birth_date")) return std::nullopt;
  const Date birth{static_cast<std::int32_t>(newest->event.number("birth_date"))};
  return ReachesAge(birth, *ages.majority_age, ages.leap);
}

std::vector<Edge> EdgesOf(const Corrections& facts, const AgeRules& ages) {
  const std::optional<Instant> majority = MajorityOf(facts, ages);
  std::vector<Edge> edges;
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type != EventType::kGuardianshipEstablished) continue;
    Edge edge;
    edge.fact = fact;
    edge.guardian = fact->event.text("guardian");
    edge.right = fact->event.text("right");
    edge.purpose_classes = fact->event.list("purpose_classes");
    edge.from = fact->event.V();
    edge.until = fact->event.valid_to;
    if (majority) EndAt(edge, *majority, nullptr);
    edges.push_back(std::move(edge));
  }
  for (const Fact* fact : facts.standing()) {
    if (fact->event.type != EventType::kGuardianshipEnded) continue;
    const Fact* target = facts.Find(fact->event.text("guardianship"));
    if (target == nullptr) continue;
    // An end that names a corrected version of the edge ends the edge all the same.
    for (Edge& edge : edges) {
      if (&facts.RootOf(*edge.fact) == &facts.RootOf(*target)) EndAt(edge, fact->event.V(), fact);
    }
  }
  std::stable_sort(edges.begin(), edges.end(),
                   [](const Edge& a, const Edge& b) { return EarlierInForce(*a.fact, *b.fact); });
  return edges;
}

Custody CustodyOf(const std::vector<Edge>& edges, std::string_view person, Instant t) {
  Custody custody = Custody::kNever;
  for (const Edge& edge : edges) {
    if (edge.guardian != person) continue;
    if (edge.InForce(t)) return Custody::kHeld;
    // An edge that ended before it began was never held.
    if (edge.until && *edge.until <= t && edge.from < *edge.until) custody = Custody::kEnded;
  }
  return custody;
}

}  // namespace oppi::projections
