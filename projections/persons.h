#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ordinal.h"
#include "events/time.h"
#include "projections/fact.h"

/// Which identifiers mean one person in a view (consent-model section 2). A link that the view sees
/// and that is not annulled joins two identifiers; annulling it separates them again.

namespace oppi::projections {

class Persons {
 public:
  /// Links among `stream` (log order) that are visible at `known`.
  Persons(const Facts& stream, TreeSize known);

  [[nodiscard]] bool Same(std::string_view a, std::string_view b) const;
  /// R of the link that made the two one person; kInstantMin when they are the same identifier,
  /// nullopt when they are not one person.
  [[nodiscard]] std::optional<Instant> JoinedAt(std::string_view a, std::string_view b) const;
  /// One name per person: `preferred` when it is one of his identifiers, else the one that was
  /// kept.
  [[nodiscard]] std::string_view NameOf(std::string_view person, std::string_view preferred) const;
  [[nodiscard]] bool AnyLinks() const { return !links_.empty(); }

 private:
  struct Link {
    std::string_view kept;
    std::string_view merged;
    Instant recorded{};
  };
  std::vector<Link> links_;                            // log order
  std::map<std::string_view, std::string_view> kept_;  // identifier -> the one that was kept
};

/// Every identifier that any link of `facts` (any size, annulled or not) joins to the person: whose
/// streams to read for an answer. The person first, the rest ascending.
[[nodiscard]] std::vector<std::string> PossibleIdentifiers(std::string_view person,
                                                           const Facts& facts);

}  // namespace oppi::projections
