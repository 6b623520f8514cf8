#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/ordinal.h"
#include "projections/fact.h"

/// Which facts of a stream stand at a log size: corrections (SUP) and annulments (ANN) of
/// vocabulary section 3, resolved once for every answer about a learner.
///
/// I1  Nothing at or above the size has any influence.
/// I2  An annulled fact does not stand, and neither does it correct anything: what it had corrected
///     stands again, unless another correction of the chain does.
/// I3  An annulment is final; it is never annulled itself.
/// I4  Only the controller of a fact corrects or annuls it, and only later in the log. Intake
/// refuses
///     anything else (NOT_OWN_FACT); a fold over somebody else's bytes does not rely on it.
/// I5  Quarantined and erased events have no effect.
/// I6  A stream holds events in which the person is named beside another subject (a guardian's
/// stream:
///     the guardianship). Only facts whose subject is the learner - under whichever identifier -
///     count.

namespace oppi::projections {

/// The identifiers of one person at a log size: `learner`, and every identifier that a link which
/// is not annulled (identity.pseudonyms_linked) joins to it. Ascending.
[[nodiscard]] std::vector<std::string> IdentifiersOf(std::string_view learner, const Facts& stream,
                                                     TreeSize known);

class Corrections {
 public:
  /// Keeps pointers into `stream`, which must outlive it and stay as it is. `stream` in log order.
  Corrections(std::string_view learner, const Facts& stream, TreeSize known);

  /// IdentifiersOf the learner.
  [[nodiscard]] const std::vector<std::string>& identifiers() const { return identifiers_; }
  [[nodiscard]] bool IsLearner(std::string_view person) const;

  /// Facts that are visible, have effect, and are neither corrected nor annulled; log order.
  /// Annulments themselves are not among them.
  [[nodiscard]] const std::vector<const Fact*>& standing() const { return standing_; }

  /// The visible fact with this event id and controller; nullptr when there is none.
  [[nodiscard]] const Fact* Find(std::string_view id, std::string_view controller) const;
  /// The same, whoever its controller is: references between events carry ids alone.
  [[nodiscard]] const Fact* Find(std::string_view id) const;

  /// The first annulment of the fact; nullptr when it is not annulled.
  [[nodiscard]] const Fact* AnnulledBy(const Fact& fact) const;
  /// The newest effective fact of the chain that corrects `fact`, directly or through others;
  /// nullptr when it is not corrected.
  [[nodiscard]] const Fact* CorrectedBy(const Fact& fact) const;
  [[nodiscard]] bool Stands(const Fact& fact) const {
    return AnnulledBy(fact) == nullptr && CorrectedBy(fact) == nullptr;
  }

  /// Ids of what `fact` replaces, newest first; annulled members of the chain are left out.
  [[nodiscard]] std::vector<std::string> Replaces(const Fact& fact) const;
  /// The oldest fact of the chain that is known here: what references to any member mean.
  [[nodiscard]] const Fact& RootOf(const Fact& fact) const;

 private:
  [[nodiscard]] const Fact* TargetOf(const Fact& fact) const;

  std::vector<std::string> identifiers_;
  std::unordered_multimap<std::string_view, const Fact*> by_id_;
  std::unordered_map<const Fact*, const Fact*> annulled_by_;
  std::unordered_map<const Fact*, const Fact*> corrected_by_;
  std::vector<const Fact*> standing_;
};

/// The order that decides between facts that are in force at the same time: (V, position).
[[nodiscard]] inline bool EarlierInForce(const Fact& a, const Fact& b) {
  return std::pair(a.event.V(), a.position) < std::pair(b.event.V(), b.position);
}

/// Has begun at t, and not ended by its own `validto`: [V, validto).
[[nodiscard]] inline bool InForce(const Fact& fact, Instant t) {
  return fact.event.V() <= t && (!fact.event.valid_to || t < *fact.event.valid_to);
}

}  // namespace oppi::projections
