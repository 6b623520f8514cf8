#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events/codec/json_tree.h"

/// What Caliper Analytics 1.2 demands of an event, an entity, an envelope or an endpoint's
/// configuration by itself.

namespace oppi::events {

enum class CaliperStrictness : std::uint8_t {
  /// What a sender has to do: known types, decimals with a fraction ("12.0"), instants written
  /// YYYY-MM-DDTHH:mm:ss.SSSZ.
  kCertified,
  /// What a receiver can live with: types of other versions and profiles pass where only they would
  /// be
  /// at fault, any number is a decimal, any instant with an offset an instant.
  kTolerant,
};

/// nullopt when every rule is kept; else where one is broken: "data.actor.type".
[[nodiscard]] std::optional<std::string> ValidateCaliper(const Json& record,
                                                         CaliperStrictness strictness);

/// Whether the record claims to be an envelope (`sensor`, `data`), and whether an event.
[[nodiscard]] bool IsCaliperEnvelope(const Json& record);
[[nodiscard]] bool IsCaliperEvent(const Json& record);

}  // namespace oppi::events
