#include "projections/corrections.h"

#include <algorithm>

namespace oppi::projections {
namespace {

using events::EventType;

bool HasEffect(const Fact& fact, TreeSize known) {
  return Contains(known, fact.position) && !fact.erased &&
         fact.outcome == events::Outcome::kAccepted;
}

bool IsAnnulment(const Fact& fact) { return fact.event.type == EventType::kLedgerFactAnnulled; }

bool IsLink(const Fact& fact) { return fact.event.type == EventType::kIdentityPseudonymsLinked; }

bool Has(const std::vector<std::string>& sorted, std::string_view id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

void Insert(std::vector<std::string>& sorted, std::string_view id) {
  sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), id), std::string(id));
}

}  // namespace

std::vector<std::string> IdentifiersOf(std::string_view learner, const Facts& stream,
                                       TreeSize known) {
  std::vector<const Fact*> links;
  for (const Fact& fact : stream) {
    if (HasEffect(fact, known) && IsLink(fact)) links.push_back(&fact);
  }
  std::erase_if(links, [&](const Fact* link) {
    return std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) {
      return HasEffect(fact, known) && IsAnnulment(fact) && fact.position > link->position &&
             fact.event.annuls == link->event.id && fact.event.controller == link->event.controller;
    });
  });
  std::vector<std::string> all{std::string(learner)};
  for (bool grew = true; grew;) {
    grew = false;
    for (const Fact* link : links) {
      const std::string_view kept = link->event.text("kept");
      const std::string_view merged = link->event.text("merged");
      if (Has(all, kept) == Has(all, merged)) continue;
      Insert(all, Has(all, kept) ? merged : kept);
      grew = true;
    }
  }
  return all;
}

Corrections::Corrections(std::string_view learner, const Facts& stream, TreeSize known)
    : identifiers_(IdentifiersOf(learner, stream, known)) {
  std::vector<const Fact*> visible;
  for (const Fact& fact : stream) {
    if (!HasEffect(fact, known) || (!IsLearner(fact.event.subject) && !IsLink(fact))) continue;
    visible.push_back(&fact);
    by_id_.emplace(fact.event.id, &fact);
  }
  for (const Fact* fact : visible) {
    if (!IsAnnulment(*fact)) continue;
    const Fact* target = Find(fact->event.annuls, fact->event.controller);
    if (target == nullptr || IsAnnulment(*target) || target->position >= fact->position) continue;
    annulled_by_.emplace(target, fact);  // keeps the first
  }
  // Newest first, so that the first effective corrector that reaches a fact is the newest.
  for (auto at = visible.rbegin(); at != visible.rend(); ++at) {
    if (AnnulledBy(**at) != nullptr) continue;
    for (const Fact* target = TargetOf(**at); target != nullptr; target = TargetOf(*target)) {
      // Whoever marked this one before went on to the end of the chain.
      if (!corrected_by_.emplace(target, *at).second) break;
    }
  }
  for (const Fact* fact : visible) {
    if (!IsAnnulment(*fact) && Stands(*fact)) standing_.push_back(fact);
  }
}

bool Corrections::IsLearner(std::string_view person) const { return Has(identifiers_, person); }

const Fact* Corrections::Find(std::string_view id, std::string_view controller) const {
  const Fact* first = nullptr;
  const auto [begin, end] = by_id_.equal_range(id);
  for (auto at = begin; at != end; ++at) {
    const Fact* fact = at->second;
    if (fact->event.controller != controller) continue;
    if (first == nullptr || fact->position < first->position) first = fact;
  }
  return first;
}

const Fact* Corrections::Find(std::string_view id) const {
  const Fact* first = nullptr;
  const auto [begin, end] = by_id_.equal_range(id);
  for (auto at = begin; at != end; ++at) {
    if (first == nullptr || at->second->position < first->position) first = at->second;
  }
  return first;
}

const Fact* Corrections::TargetOf(const Fact& fact) const {
  if (fact.event.corrects.empty()) return nullptr;
  const Fact* target = Find(fact.event.corrects, fact.event.controller);
  // Positions fall along a chain, so that following it always ends.
  if (target == nullptr || target->event.type != fact.event.type) return nullptr;
  return target->position < fact.position ? target : nullptr;
}

const Fact* Corrections::AnnulledBy(const Fact& fact) const {
  const auto found = annulled_by_.find(&fact);
  return found == annulled_by_.end() ? nullptr : found->second;
}

const Fact* Corrections::CorrectedBy(const Fact& fact) const {
  const auto found = corrected_by_.find(&fact);
  return found == corrected_by_.end() ? nullptr : found->second;
}

std::vector<std::string> Corrections::Replaces(const Fact& fact) const {
  std::vector<std::string> ids;
  for (const Fact* target = TargetOf(fact); target != nullptr; target = TargetOf(*target)) {
    if (AnnulledBy(*target) == nullptr) ids.push_back(target->event.id);
  }
  return ids;
}

const Fact& Corrections::RootOf(const Fact& fact) const {
  const Fact* root = &fact;
  while (const Fact* target = TargetOf(*root)) root = target;
  return *root;
}

}  // namespace oppi::projections
