#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/ordinal.h"
#include "projections/fact.h"

/// Erasure orders and legal holds of a learner, as far as answers need them to say why content is
/// gone or kept (consent-model section 9). Of what is gone the physical log decides, whatever size
/// was asked for; what waits and what is held is that of the view (t, S).

namespace oppi::projections {

struct ErasureOrder {
  std::string request;               // event id of erasure.requested
  std::vector<std::string> classes;  // CLASS codes
  std::vector<std::string> types;    // names without prefix; empty: all
  bool accepted = false;
};

struct ErasureExecution {
  std::string event;
  LeafIndex position{0};
  std::vector<std::string> classes;
  std::vector<std::string> types;
};

struct Hold {
  std::string event;
  std::vector<std::string> classes;
};

struct Erasures {
  std::vector<ErasureOrder> waiting;         // accepted and not executed
  std::vector<ErasureExecution> executions;  // log order
  std::vector<Hold> holds;                   // set and not released

  /// The id of the hold that keeps this fact's content from an accepted erasure; empty when none
  /// does. Types in `statutory` (names without prefix) are never covered by an erasure.
  [[nodiscard]] std::string_view HeldBy(const Fact& fact,
                                        const std::vector<std::string>& statutory) const;

  /// The execution that erased content of this type at `position`: the first one after it that
  /// names the class and the type. Empty when none does.
  [[nodiscard]] std::string_view ErasedBy(LeafIndex position, events::EventType type,
                                          events::Sensitivity sensitivity) const;
  /// The same when nothing is left to say of what type it was: the only execution after `position`,
  /// empty when there are several.
  [[nodiscard]] std::string_view ErasedBy(LeafIndex position) const;
};

[[nodiscard]] Erasures ErasuresOf(const Facts& stream, const View& view);

}  // namespace oppi::projections
