#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "events/vocabulary.h"

/// Parts of a learner's record that say who the learner is and who may act for the learner.

namespace oppi::projections {

/// kErased: gone by order. kUnreadable: lost without one, an incident.
enum class ItemStatus : std::uint8_t { kPresent, kErased, kHeld, kUnreadable };
[[nodiscard]] std::string_view ItemStatusName(ItemStatus status);  // "PRESENT", ...

/// Where an item comes from; every part of a record has one.
struct Item {
  std::string event;
  LeafIndex position{0};
  Instant recorded{};            // R
  Instant from{};                // V
  std::optional<Instant> until;  // end of validity as the view knows it
  std::string publisher;
  std::string controller;
  events::Sensitivity sensitivity{};
  ItemStatus status = ItemStatus::kPresent;
  std::string by;  // kHeld: the hold; kErased: the execution, where it is certain
  std::vector<std::string> replaces;  // corrected predecessors, newest first
  friend bool operator==(const Item&, const Item&) = default;

  [[nodiscard]] bool InForce(Instant t) const { return from <= t && (!until || t < *until); }
};

struct AttributeChange {
  Item item;
  std::string attribute;  // ATTR code
  std::string value;
  friend bool operator==(const AttributeChange&, const AttributeChange&) = default;
};

struct PseudonymLink {
  Item item;
  std::string kept;
  std::string merged;
  std::string reason;
  friend bool operator==(const PseudonymLink&, const PseudonymLink&) = default;
};

struct Registration {
  Item item;
  std::optional<Date> birth_date;
  std::string language;
  std::string given_name;
  std::string family_name;
  std::string municipality;
  friend bool operator==(const Registration&, const Registration&) = default;
};

/// name, language, municipality, contact: what is in force at t, whichever of registration and
/// changes is newest. `registrations` and `changes` by (V, position).
struct Identity {
  std::string name;
  std::optional<Date> birth_date;
  std::string language;
  std::string municipality;
  std::string contact;
  std::vector<Registration> registrations;
  std::vector<AttributeChange> changes;
  std::vector<PseudonymLink> pseudonyms;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Guardian {
  Item item;  // `until`: validto, guardianship.ended or majority, whichever is first
  std::string guardian;
  std::string right;                         // DECIDE or INFO
  std::vector<std::string> purpose_classes;  // empty: all
  bool in_force = false;                     // at t
  std::string ended_by;
  friend bool operator==(const Guardian&, const Guardian&) = default;
};

struct DividedDuty {
  Item item;
  std::string guardian;
  std::vector<std::string> purpose_classes;
  std::string court_ref;
  friend bool operator==(const DividedDuty&, const DividedDuty&) = default;
};

struct Restriction {
  Item item;  // `until`: validto or restriction.cleared
  std::string kind;
  std::vector<std::string> purposes;
  std::vector<std::string> data_categories;
  std::string cleared_by;
  friend bool operator==(const Restriction&, const Restriction&) = default;
};

}  // namespace oppi::projections
