#include "projections/persons.h"

#include <algorithm>
#include <set>

namespace oppi::projections {
namespace {

using events::EventType;

bool HasEffect(const Fact& fact, TreeSize known) {
  return Contains(known, fact.position) && !fact.erased &&
         fact.outcome == events::Outcome::kAccepted;
}

bool Annulled(const Fact& link, const Facts& stream, TreeSize known) {
  return std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) {
    return HasEffect(fact, known) && fact.event.type == EventType::kLedgerFactAnnulled &&
           fact.position > link.position && fact.event.annuls == link.event.id &&
           fact.event.controller == link.event.controller;
  });
}

}  // namespace

Persons::Persons(const Facts& stream, TreeSize known) {
  for (const Fact& fact : stream) {
    if (fact.erased || fact.event.type != EventType::kIdentityPseudonymsLinked) continue;
    if (!HasEffect(fact, known) || Annulled(fact, stream, known)) continue;
    links_.push_back({fact.event.text("kept"), fact.event.text("merged"), fact.recorded});
  }
  for (const Link& link : links_) {
    const std::string_view kept = NameOf(link.kept, {});
    const std::string_view merged = NameOf(link.merged, {});
    if (kept != merged) kept_[merged] = kept;
  }
}

std::string_view Persons::NameOf(std::string_view person, std::string_view preferred) const {
  if (person == preferred || kept_.empty()) return person;
  std::string_view root = person;
  for (auto at = kept_.find(root); at != kept_.end(); at = kept_.find(root)) root = at->second;
  if (preferred.empty()) return root;
  return NameOf(preferred, {}) == root ? preferred : root;
}

bool Persons::Same(std::string_view a, std::string_view b) const {
  return a == b || (!kept_.empty() && NameOf(a, {}) == NameOf(b, {}));
}

std::optional<Instant> Persons::JoinedAt(std::string_view a, std::string_view b) const {
  if (a == b) return kInstantMin;
  // Recorded time rises along the log: the first link that connects the two is the one that counts.
  std::map<std::string_view, std::string_view> up;
  const auto root = [&up](std::string_view person) {
    for (auto at = up.find(person); at != up.end(); at = up.find(person)) person = at->second;
    return person;
  };
  for (const Link& link : links_) {
    const std::string_view kept = root(link.kept);
    const std::string_view merged = root(link.merged);
    if (kept != merged) up[merged] = kept;
    if (root(a) == root(b)) return link.recorded;
  }
  return std::nullopt;
}

std::vector<std::string> PossibleIdentifiers(std::string_view person, const Facts& facts) {
  std::set<std::string, std::less<>> known{std::string(person)};
  for (bool grew = true; grew;) {
    grew = false;
    for (const Fact& fact : facts) {
      if (fact.erased || fact.event.type != EventType::kIdentityPseudonymsLinked) continue;
      const std::string_view kept = fact.event.text("kept");
      const std::string_view merged = fact.event.text("merged");
      if (known.contains(kept) == known.contains(merged)) continue;
      known.insert(std::string(known.contains(kept) ? merged : kept));
      grew = true;
    }
  }
  known.erase(known.find(person));
  std::vector<std::string> all{std::string(person)};
  all.insert(all.end(), known.begin(), known.end());
  return all;
}

}  // namespace oppi::projections
