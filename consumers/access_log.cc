#include "consumers/access_log.h"

#include "ledger/own_events.h"

namespace oppi::consumers {

Status AccessLog::Record(const events::Event& event) {
  auto item = events::OwnItem::Of(event, ports_.decode, ports_.entropy);
  if (!item.ok()) return At("the access could not be recorded, so there is no answer", item.error());
  const auto caller = std::make_shared<Caller>(std::move(item).value());
  bool my_turn = false;
  {
    const std::scoped_lock lock(mutex_);
    my_turn = sending_ < options_.groups_at_once;
    if (my_turn)
      ++sending_;
    else
      waiting_.push_back(caller);
  }
  if (!my_turn)
    if (std::optional<Status> outcome = caller->told.get_future().get()) return *std::move(outcome);
  return SendFor(caller);
}

Status AccessLog::SendFor(const std::shared_ptr<Caller>& caller) {
  Callers group{caller};
  {
    const std::scoped_lock lock(mutex_);
    while (!waiting_.empty() && group.size() < options_.group_events_max) {
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  std::vector<Status> outcomes = Send(group);
  // The turn goes to whoever has waited longest, before anybody of this group is woken.
  std::shared_ptr<Caller> next;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty()) {
      --sending_;
    } else {
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
  }
  if (next) next->told.set_value(std::nullopt);
  for (std::size_t i = 1; i < group.size(); ++i) group[i]->told.set_value(std::move(outcomes[i]));
  return std::move(outcomes[0]);
}

std::vector<Status> AccessLog::Send(Callers& group) {
  std::vector<events::OwnItem> items;
  items.reserve(group.size());
  for (const auto& caller : group) items.push_back(std::move(caller->item));
  const Result<BatchReport> report = ports_.road.Ingest(events::SignOwnBatch(
      ledger::OwnHeader(ports_.origin, ports_.ledger_key, ports_.entropy), std::move(items), ports_.ledger_key.key));

  std::vector<Status> outcomes;
  outcomes.reserve(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!report.ok()) {
      outcomes.emplace_back(report.error());
      continue;
    }
    const bool answered = report->error == events::ErrorCode::kNone && report->items.size() == group.size();
    if (answered && report->items[i].outcome == events::Outcome::kAccepted) {
      outcomes.emplace_back();
      continue;
    }
    const events::ErrorCode code = answered ? report->items[i].code : report->error;
    outcomes.emplace_back(InvalidArgument("the access could not be recorded, so there is no answer: " + std::string(events::ErrorName(code))));
  }
  return outcomes;
}

}  // namespace oppi::consumers
