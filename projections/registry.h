#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "projections/fact.h"
#include "projections/legal_basis.h"
#include "projections/notices.h"
#include "projections/policy.h"
#include "projections/publishers.h"

/// Everything the registry says about consent: policy packs, notices and legal bases beside the
/// publishers, their keys and delegations. Built once from the registry facts in log order and then
/// asked by view: every question names the log size it may see, so one object serves every view.

namespace oppi::projections {

/// One thread at a time while facts are applied; any thread afterwards. Not copyable: answers point
/// into it.
class Registry {
 public:
  explicit Registry(Publishers publishers) : publishers_(std::move(publishers)) {}
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The next registry fact of the log. A policy pack counts if its body came with the fact and can
  /// be read; facts read from view rows have no body: hand the pack over by AddPolicy.
  void Apply(const Fact& fact);
  /// A pack published at `position` (none: known in every view) and valid in [from, until).
  void AddPolicy(PolicyPack pack, Instant from, std::optional<Instant> until = std::nullopt,
                 std::optional<LeafIndex> position = std::nullopt);

  /// Every fact applied, in log order. Addresses stay.
  [[nodiscard]] const std::deque<Fact>& facts() const { return facts_; }
  [[nodiscard]] const Fact* Find(std::string_view event) const;
  [[nodiscard]] const Publishers& publishers() const { return publishers_; }
  [[nodiscard]] const Notices& notices() const { return notices_; }
  [[nodiscard]] const LegalBases& bases() const { return bases_; }

  /// The pack in force at (t, S): the one with the greatest (V, position) valid at t; nullptr:
  /// none.
  [[nodiscard]] const PolicyPack* PackAt(Instant t, TreeSize known) const;
  /// Instants at which another pack may come into force, ascending.
  [[nodiscard]] std::vector<Instant> PackChanges(TreeSize known) const;
  /// Every visible pack, of whatever time.
  [[nodiscard]] std::vector<const PolicyPack*> Packs(TreeSize known) const;
  /// Some visible pack, of whatever time, knows the purpose.
  [[nodiscard]] bool PurposeEverKnown(std::string_view purpose, TreeSize known) const;

 private:
  struct Pack {
    std::unique_ptr<const PolicyPack> pack;
    Instant from{};
    std::optional<Instant> until;
    std::optional<LeafIndex> position;
    [[nodiscard]] bool VisibleIn(TreeSize known) const {
      return !position || Contains(known, *position);
    }
  };

  Publishers publishers_;
  Notices notices_;
  LegalBases bases_;
  std::deque<Fact> facts_;
  std::unordered_map<std::string_view, const Fact*> by_id_;
  std::vector<Pack> packs_;  // by (from, position)
};

}  // namespace oppi::projections
