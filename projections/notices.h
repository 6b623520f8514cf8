#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "projections/fact.h"

/// Notices and their versions (consent-model section 7). A material version ends consents to the
/// versions before it when its grace is over; a version that is not material has no effect.

namespace oppi::projections {

struct Notice {
  const Fact* fact = nullptr;
  std::string_view notice;
  std::string_view version;
  bool material = false;
  Instant grace_end{};  // `grace_until`, else V of the version
};

class Notices {
 public:
  /// The next fact of the log; it must stay where it is. Other facts change nothing.
  void Apply(const Fact& fact);

  /// The version as last published with V at or before t, else as first published; nullptr:
  /// unknown.
  [[nodiscard]] const Notice* Find(std::string_view notice, std::string_view version, Instant t,
                                   TreeSize known) const;
  /// Material versions later than this one, by (V, position).
  [[nodiscard]] std::vector<const Notice*> MaterialAfter(const Notice& version,
                                                         TreeSize known) const;

 private:
  std::unordered_map<std::string_view, std::vector<Notice>> versions_;  // each by (V, position)
};

}  // namespace oppi::projections
