#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/ordinal.h"
#include "projections/fact.h"
#include "projections/publishers.h"

/// Key compromise (consent-model section 9): a revocation with `compromised_from` makes every event
/// of that key recorded at or after that instant suspect, in views that see the revocation.

namespace oppi::projections {

[[nodiscard]] bool IsSuspect(const Fact& fact, const Publishers& publishers, TreeSize known);

struct SuspectSet {
  std::vector<const Fact*> suspect;     // log order
  std::vector<const Fact*> reattested;  // those of them that somebody vouched for again
};
/// Among `log`: facts of the whole log, or of the part one may see, in log order.
[[nodiscard]] SuspectSet SuspectSetOf(std::string_view publisher, std::string_view key,
                                      const std::vector<const Fact*>& log,
                                      const Publishers& publishers, TreeSize known);

}  // namespace oppi::projections
