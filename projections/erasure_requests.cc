#include "projections/erasure_requests.h"

#include <algorithm>
#include <map>

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

const Fact* DecisionOn(const History& history, std::string_view request, Instant t) {
  const Fact* last = nullptr;
  for (const Fact* fact : history.OfType(EventType::kErasureDecided))
    if (fact->event.V() <= t && fact->event.text("request") == request) last = fact;
  return last;
}

bool Names(const Event& event, std::string_view person) {
  const auto subjects = event.Subjects();
  return std::find(subjects.begin(), subjects.end(), person) != subjects.end();
}

}  // namespace

ErasureRequest RequestOf(const History& history, const Fact& requested, Instant now, std::int64_t delay_micros) {
  const Event& event = requested.event;
  ErasureRequest request;
  request.id = event.id;
  request.learner = event.subject;
  request.controller = event.controller;
  request.classes = event.list("classes");
  request.types = event.list("types");
  request.ground = event.text("ground");
  request.whole_subject = event.number("whole_subject") != 0;
  request.requested_by = requested.publisher;
  request.requested = requested.recorded;
  const ErasureProgress progress = ProgressOf(history, requested, now);
  request.status = progress.status;
  request.by = progress.by->event.id;
  request.covered = progress.covered;
  if (const Fact* decision = DecisionOn(history, event.id, now)) {
    request.decided_by = decision->publisher;
    request.decided = decision->recorded;
    if (progress.status == ErasureStatus::kDue) request.due = std::max(decision->recorded + delay_micros, progress.due.value_or(decision->recorded));
  }
  if (progress.status == ErasureStatus::kRequested || progress.status == ErasureStatus::kDeferred)
    if (const Fact* hold = HoldOn(history, request.classes, now)) request.hold = hold->event.id;
  return request;
}

ErasurePreview PreviewOf(const History& history, const Event& order) {
  Fact execution;
  execution.position = NextIndex(history.known());
  execution.recorded = order.time;
  execution.event = order;
  ErasurePreview preview;
  for (const std::string& name : order.list("classes")) preview.classes.push_back({name, 0, 0});
  const std::vector<const Fact*> covered = CoveredBy(history, execution);
  std::map<std::string, ErasurePreview::Recipient, std::less<>> recipients;
  for (const Fact& fact : history.stream()) {
    if (!Contains(history.known(), fact.position)) continue;
    if (fact.erased) {
      ++(fact.unreadable ? preview.unreadable : preview.already_erased);
      continue;
    }
    if (!Names(fact.event, order.subject)) continue;
    const auto of_class = std::find_if(preview.classes.begin(), preview.classes.end(), [&](const auto& c) {
      return c.name == events::SensitivityName(fact.event.sensitivity);
    });
    if (of_class != preview.classes.end()) {
      const bool taken = std::find(covered.begin(), covered.end(), &fact) != covered.end();
      ++(taken ? of_class->taken : of_class->kept);
    }
    if (fact.event.type == EventType::kAccessDisclosed) {
      auto& recipient = recipients[std::string(fact.event.text("recipient"))];
      recipient.name = fact.event.text("recipient");
      ++recipient.disclosures;
      recipient.last = std::max(recipient.last, fact.event.V());
    }
  }
  for (auto& [name, recipient] : recipients) preview.recipients.push_back(std::move(recipient));
  return preview;
}

}  // namespace oppi::projections
