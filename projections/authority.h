#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/corrections.h"
#include "projections/custody.h"
#include "projections/persons.h"
#include "projections/policy.h"
#include "projections/registry.h"

/// Who may decide for a learner (consent-model section 3), seen from one log size: guardianship
/// edges, divided duties and ages. Persons are named by one identifier each (Persons::NameOf); the
/// learner by the identifier that was asked for.

namespace oppi::projections {

struct Holders {
  std::vector<std::string_view> persons;  // ascending
  const PurposeRules* purpose = nullptr;  // nullptr: the pack in force does not know the purpose
  [[nodiscard]] bool Has(std::string_view person) const;
};

class Authority {
 public:
  /// Points into all of its arguments.
  Authority(std::string_view learner, const Registry& registry, const Corrections& facts,
            const Persons& persons, TreeSize known);

  /// holders(K, t, S): by the pack in force at t.
  [[nodiscard]] Holders HoldersAt(std::string_view purpose, Instant t) const;

  /// Local midnight of the birthday; nullopt when the birth date is not known.
  [[nodiscard]] std::optional<Instant> Reaches(int age, LeapBirthday leap) const;
  [[nodiscard]] std::optional<Instant> Majority(const PolicyPack& pack) const {
    return Reaches(pack.majority_age, pack.leap_birthday);
  }
  [[nodiscard]] std::optional<Instant> IssAge(const PolicyPack& pack) const {
    return Reaches(pack.iss_age, pack.leap_birthday);
  }

  /// Any edge (DECIDE or INFO) at t: held, held once and ended, or never.
  [[nodiscard]] Custody CustodyAt(std::string_view person, Instant t) const;
  /// The edge that this guardianship.established made has not ended by t.
  [[nodiscard]] bool StillHolds(const Fact& established, Instant t) const;
  /// Any DECIDE edge in force at t, whatever its purpose classes.
  [[nodiscard]] bool Decides(std::string_view person, Instant t) const;

  /// When, from `from` on, the last DECIDE edge of these guardians ends; `by` is the event that
  /// says so. nullopt: it does not, or only by majority, which has rules of its own.
  struct End {
    Instant at{};
    const Fact* by = nullptr;
  };
  [[nodiscard]] std::optional<End> DecisionEnds(const std::vector<std::string_view>& guardians,
                                                Instant from, const PolicyPack& pack) const;

  /// R of the link that a grant needs: `by` decides at t for `subject` under other identifiers than
  /// those the edges name. kInstantMin when no link is needed.
  [[nodiscard]] Instant LinkUsed(std::string_view by, std::string_view subject, Instant t) const;

 private:
  [[nodiscard]] bool Adult(Instant t) const;
  [[nodiscard]] std::string_view NameOf(std::string_view person) const {
    return persons_.NameOf(person, learner_);
  }
  [[nodiscard]] std::vector<std::string_view> Deciding(const PurposeRules& purpose,
                                                       Instant t) const;

  std::string_view learner_;
  const Registry& registry_;
  const Persons& persons_;
  TreeSize known_;
  std::vector<Edge> edges_;           // without majority, by (V, position)
  std::vector<const Fact*> divided_;  // guardianship.duties_divided, by (V, position)
  std::optional<Date> birth_;
};

}  // namespace oppi::projections
