#include "projections/held.h"

#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "projections/record_visit.h"

namespace oppi::projections {
namespace {

using events::EventType;

constexpr View kEverything{Instant{std::numeric_limits<std::int64_t>::max()},
                           TreeSize(std::numeric_limits<std::uint64_t>::max())};

/// Where the first of these orders was accepted.
std::optional<LeafIndex> FirstAccepted(const Facts& stream,
                                       const std::vector<ErasureOrder>& orders) {
  for (const Fact& fact : stream) {
    if (fact.erased || fact.event.type != EventType::kErasureDecided) continue;
    for (const ErasureOrder& order : orders)
      if (order.request == fact.event.text("request")) return fact.position;
  }
  return std::nullopt;
}

}  // namespace

HeldNow::HeldNow(const Facts& stream, std::vector<std::string> statutory)
    : erasures_(ErasuresOf(stream, kEverything)), statutory_(std::move(statutory)) {
  // A hold that ended later had deferred the erasure. What it kept is kept for nothing now, and is
  // no more open in the days until it goes.
  const std::optional<LeafIndex> accepted = FirstAccepted(stream, erasures_.waiting);
  if (!accepted) return;
  for (const Fact& end : stream) {
    if (end.erased || end.event.type != EventType::kErasureHoldReleased || end.position < *accepted)
      continue;
    for (const Fact& set : stream)
      if (!set.erased && set.event.type == EventType::kErasureHoldSet &&
          set.event.id == end.event.text("hold"))
        erasures_.holds.push_back({set.event.id, set.event.list("classes")});
  }
}

std::string_view HeldNow::By(const Fact& fact) const {
  // Without the annulment, what it annuls would stand again.
  if (fact.erased || fact.event.type == EventType::kLedgerFactAnnulled) return {};
  return erasures_.HeldBy(fact, statutory_);
}

LearnerRecord BuildRecordWithoutHeld(std::string_view learner, const Facts& facts,
                                     const HeldNow& held, const View& view,
                                     const RecordRules& rules) {
  std::map<LeafIndex, std::string> hold_on;
  Facts open;
  for (const Fact& fact : facts) {
    const std::string_view hold = held.By(fact);
    if (hold.empty())
      open.push_back(fact);
    else
      hold_on.emplace(fact.position, hold);
  }
  LearnerRecord record = BuildRecord(learner, open, view, rules);
  if (hold_on.empty()) return record;
  std::map<LeafIndex, Item> shown;
  const LearnerRecord whole = BuildRecord(learner, facts, view, rules);
  ForEachItem(whole, [&](const Item& item) {
    const auto found = hold_on.find(item.position);
    if (found == hold_on.end()) return;
    Item bare;
    bare.position = item.position;
    bare.recorded = item.recorded;
    bare.status = ItemStatus::kHeld;
    bare.by = found->second;
    shown.emplace(item.position, std::move(bare));
  });
  for (auto& [position, item] : shown) record.held.push_back(std::move(item));
  return record;
}

}  // namespace oppi::projections
