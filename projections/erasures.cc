#include "projections/erasures.h"

#include <algorithm>

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

bool Has(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool Covers(const std::vector<std::string>& classes, const std::vector<std::string>& types,
            std::string_view type, events::Sensitivity sensitivity) {
  return Has(classes, events::SensitivityName(sensitivity)) && (types.empty() || Has(types, type));
}

/// Facts of these groups are not covered by an erasure while they are in force.
bool KeptWhileInForce(std::string_view group) {
  return group == "identity" || group == "guardianship" || group == "restriction";
}

}  // namespace

std::string_view Erasures::HeldBy(const Fact& fact,
                                  const std::vector<std::string>& statutory) const {
  const std::string_view type = fact.event.info().name;
  if (fact.erased || Has(statutory, type) || KeptWhileInForce(fact.event.info().group)) return {};
  for (const ErasureOrder& order : waiting) {
    if (!Covers(order.classes, order.types, type, fact.event.sensitivity)) continue;
    for (const Hold& hold : holds) {
      const bool touches = std::any_of(order.classes.begin(), order.classes.end(),
                                       [&](const std::string& c) { return Has(hold.classes, c); });
      if (touches) return hold.event;
    }
  }
  return {};
}

std::string_view Erasures::ErasedBy(LeafIndex position, EventType type,
                                    events::Sensitivity sensitivity) const {
  for (const ErasureExecution& execution : executions) {
    if (execution.position > position &&
        Covers(execution.classes, execution.types, events::InfoOf(type).name, sensitivity)) {
      return execution.event;
    }
  }
  return {};
}

std::string_view Erasures::ErasedBy(LeafIndex position) const {
  std::string_view only;
  for (const ErasureExecution& execution : executions) {
    if (execution.position <= position) continue;
    if (!only.empty()) return {};
    only = execution.event;
  }
  return only;
}

Erasures ErasuresOf(const Facts& stream, const View& view) {
  Erasures all;
  for (const Fact& fact : stream) {
    if (fact.erased || fact.outcome != events::Outcome::kAccepted) continue;
    const Event& event = fact.event;
    if (event.type == EventType::kErasureExecuted) {
      all.executions.push_back(
          {event.id, fact.position, event.list("classes"), event.list("types")});
    }
    if (!Visible(fact, view) || event.V() > view.at) continue;
    if (event.type == EventType::kErasureRequested) {
      all.waiting.push_back({event.id, event.list("classes"), event.list("types"), false});
    } else if (event.type == EventType::kErasureDecided) {
      for (ErasureOrder& order : all.waiting) {
        if (order.request == event.text("request")) {
          order.accepted = event.text("outcome") == "ACCEPTED";
        }
      }
    } else if (event.type == EventType::kErasureExecuted) {
      std::erase_if(all.waiting, [&](const ErasureOrder& order) {
        return order.request == event.text("request");
      });
    } else if (event.type == EventType::kErasureHoldSet) {
      all.holds.push_back({event.id, event.list("classes")});
    } else if (event.type == EventType::kErasureHoldReleased) {
      std::erase_if(all.holds, [&](const Hold& hold) { return hold.event == event.text("hold"); });
    }
  }
  std::erase_if(all.waiting, [](const ErasureOrder& order) { return !order.accepted; });
  return all;
}

}  // namespace oppi::projections
