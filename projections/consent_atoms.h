#pragma once

#include <compare>
#include <set>
#include <string>

#include "projections/authorise.h"
#include "projections/consent_state.h"
#include "projections/history.h"
#include "projections/question.h"

/// Which atoms (consent-model section 2) an answer about consents speaks of. Pure; any thread.

namespace oppi::projections {

struct AtomKey {
  std::string controller;
  std::string purpose;
  std::string recipient;
  std::string category;  // a leaf
  friend auto operator<=>(const AtomKey&, const AtomKey&) = default;
};

/// Points into the key.
[[nodiscard]] inline Atom AtomOf(const AtomKey& key) {
  return {key.controller, key.purpose, key.recipient, key.category};
}

/// Atoms that one act names, as leaves of the pack in force at the view; narrowed by the question's
/// members and to what the asker may see.
[[nodiscard]] std::set<AtomKey> AtomsNamedBy(const Fact& act, const History& history,
                                             const Question& question, const Access& access,
                                             const View& view);

/// The same of every act with an effective instant.
[[nodiscard]] std::set<AtomKey> AtomsOf(const History& history, const Question& question,
                                        const Access& access, const View& view);

}  // namespace oppi::projections
