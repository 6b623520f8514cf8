#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/corrections.h"
#include "projections/fact.h"

/// Restrictions of processing: protection orders, Art. 18 restrictions and objections
/// (consent-model section 8), as far as one log size shows them.

namespace oppi::projections {

enum class RestrictionKind : std::uint8_t { kProtection, kArt18, kObjection };

class Restrictions {
 public:
  explicit Restrictions(const Corrections& facts);

  /// The earliest restriction of the kind that is in force at t and covers purpose and category
  /// (`path`: PolicyPack::PathOf); nullptr: none. An absent list covers all.
  [[nodiscard]] const Fact* InForceAt(RestrictionKind kind, std::string_view purpose,
                                      const std::vector<std::string_view>& path, Instant t) const;
  /// A protection order of whatever scope is in force at t.
  [[nodiscard]] bool Protected(Instant t) const;

 private:
  struct Restriction {
    RestrictionKind kind{};
    const Fact* fact = nullptr;
    std::optional<Instant> until;
    [[nodiscard]] bool At(Instant t) const {
      return fact->event.V() <= t && (!until || t < *until);
    }
  };
  std::vector<Restriction> all_;  // by (V, position)
};

}  // namespace oppi::projections
