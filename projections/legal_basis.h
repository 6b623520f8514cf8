#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "projections/fact.h"

/// Legal bases (consent-model section 2): what was asserted for (controller, purpose, category),
/// and, kept apart, what authorities determined about it later. An assertion is never rewritten.

namespace oppi::projections {

enum class BasisStatus : std::uint8_t { kNone, kAsserted, kContested, kInvalid, kOpen, kConfirmed };
[[nodiscard]] std::string_view BasisStatusName(BasisStatus status);  // "NONE", ...

struct Basis {
  const Fact* fact = nullptr;  // the assertion
  std::string_view code;       // "A6-1-a"
};

class LegalBases {
 public:
  /// The next fact of the log; it must stay where it is. Other facts change nothing.
  void Apply(const Fact& fact);

  /// Basis of (controller, purpose, leaf): the assertion with the greatest (V, position) valid at t
  /// that names the leaf or a category above it (`path`: PolicyPack::PathOf). nullopt: none.
  [[nodiscard]] std::optional<Basis> At(std::string_view controller, std::string_view purpose,
                                        const std::vector<std::string_view>& path, Instant t,
                                        TreeSize known) const;

  struct Standing {
    BasisStatus status = BasisStatus::kAsserted;
    const Fact* by = nullptr;  // the determination that counts; nullptr: there is none
  };
  /// By the last determination that the view sees, whenever it was made.
  [[nodiscard]] Standing StandingOf(const Basis& basis, TreeSize known) const;

 private:
  using ControllerAndPurpose = std::pair<std::string_view, std::string_view>;
  std::map<ControllerAndPurpose, std::vector<const Fact*>> asserted_;          // each in log order
  std::unordered_map<std::string_view, std::vector<const Fact*>> determined_;  // by assertion
};

}  // namespace oppi::projections
