#include "projections/consent_atoms.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace oppi::projections {
namespace {

bool Narrowed(const Question& q, const Access& access, const AtomKey& key) {
  if (!access.controller.empty() && access.controller != key.controller) return true;
  if (!q.controller.empty() && q.controller != key.controller) return true;
  if (!q.purpose.empty() && q.purpose != key.purpose) return true;
  return !q.recipient.empty() && q.recipient != key.recipient;
}

/// A category as leaves; its own leaf when there is no pack to say otherwise.
std::vector<std::string_view> LeavesOf(const PolicyPack* pack, std::string_view category) {
  if (pack == nullptr) return {category};
  return pack->LeavesOf(category);
}

bool Asked(const Question& q, const PolicyPack* pack, std::string_view leaf) {
  if (q.categories.empty()) return true;
  return std::any_of(q.categories.begin(), q.categories.end(), [&](const std::string& category) {
    const std::vector<std::string_view> leaves = LeavesOf(pack, category);
    return std::find(leaves.begin(), leaves.end(), leaf) != leaves.end();
  });
}

}  // namespace

std::set<AtomKey> AtomsNamedBy(const Fact& act, const History& history, const Question& question,
                               const Access& access, const View& view) {
  std::set<AtomKey> atoms;
  const events::Event& event = act.event;
  const PolicyPack* pack = history.PackAt(view.at);
  for (const std::string& recipient : event.list("recipients"))
    for (const std::string& category : event.list("data_categories"))
      for (const std::string_view leaf : LeavesOf(pack, category)) {
        AtomKey key{event.controller, std::string(event.text("purpose")), recipient,
                    std::string(leaf)};
        if (Narrowed(question, access, key) || !Asked(question, pack, leaf)) continue;
        atoms.insert(std::move(key));
      }
  return atoms;
}

std::set<AtomKey> AtomsOf(const History& history, const Question& question, const Access& access,
                          const View& view) {
  std::set<AtomKey> atoms;
  for (const auto& entry : history.groups())
    for (const Act& act : entry.second.acts) {
      if (act.fact != nullptr)
        atoms.merge(AtomsNamedBy(*act.fact, history, question, access, view));
    }
  return atoms;
}

}  // namespace oppi::projections
