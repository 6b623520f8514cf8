#include "consumers/access_log.h"

#include <utility>

namespace oppi::consumers {
namespace {

Status OutcomeOf(const Result<BatchReport>& report, std::size_t item, std::size_t items) {
  if (!report.ok()) return report.error();
  const bool answered = report->error == events::ErrorCode::kNone && report->items.size() == items;
  if (answered && report->items[item].outcome == events::Outcome::kAccepted) return {};
  const events::ErrorCode code = answered ? report->items[item].code : report->error;
  return InvalidArgument("the access could not be recorded, so there is no answer: " + std::string(events::ErrorName(code)));
}

}  // namespace

Status AccessLog::Record(const events::Event& event) {
  auto item = ledger::SealedOwn::Of(event, ports_.decode, ports_.vault, ports_.entropy);
  if (!item.ok()) return At("the access could not be recorded, so there is no answer", item.error());
  std::shared_ptr<Group> group;
  std::size_t place = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!gathering_) gathering_ = std::make_shared<Group>();
    group = gathering_;
    place = group->items.size();
    group->items.push_back(std::move(item).value());
    if (group->items.size() == options_.group_events_max) gathering_.reset();
  }
  if (place == 0)
    Send(group);
  else
    group->told.wait();
  return group->outcomes[place];
}

void AccessLog::Send(const std::shared_ptr<Group>& group) {
  std::size_t items = 0;
  const Result<BatchReport> report = ports_.road.Ingest([&] {
    std::vector<ledger::SealedOwn> closed = Close(group);
    items = closed.size();
    return ledger::SignSealed(ledger::OwnHeader(ports_.origin, ports_.ledger_key, ports_.entropy), std::move(closed),
                              ports_.ledger_key.key);
  });
  // It may have failed before it was made: whoever gathered here is told, and nobody joins any more.
  const std::size_t left = Close(group).size();
  const std::size_t all = items + left;
  group->outcomes.reserve(all);
  for (std::size_t i = 0; i < all; ++i) group->outcomes.push_back(OutcomeOf(report, i, all));
  group->done.set_value();
}

std::vector<ledger::SealedOwn> AccessLog::Close(const std::shared_ptr<Group>& group) {
  const std::scoped_lock lock(mutex_);
  if (gathering_ == group) gathering_.reset();
  return std::exchange(group->items, {});
}

}  // namespace oppi::consumers
