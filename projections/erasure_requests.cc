#include "projections/erasure_requests.h"

#include <algorithm>
#include <map>
#include <memory>

#include "ledger/prepared.h"
#include "projections/consent_answer.h"
#include "projections/history.h"
#include "projections/registry.h"

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

Result<std::vector<ErasureRequest>> OpenRequests(const ViewStores& stores, const ledger::LogView& log, Instant now,
                                                 std::int64_t delay_micros) {
  OPPI_TRY(const Facts all, ReadIndexed(stores.views, stores.vault, Projection::kErasures, {}, log.size()));
  std::map<std::string, LeafIndex, std::less<>> open;  // request -> position
  std::map<std::string, std::string, std::less<>> learner_of;
  for (const Fact& fact : all) {
    if (fact.erased || fact.outcome != events::Outcome::kAccepted) continue;
    if (fact.event.type == EventType::kErasureRequested) {
      open.emplace(fact.event.id, fact.position);
      learner_of.emplace(fact.event.id, fact.event.subject);
    } else if (fact.event.type == EventType::kErasureExecuted) {
      open.erase(std::string(fact.event.text("request")));
    }
  }
  OPPI_TRY(const Facts registry_facts, ReadFullRegistry(log, stores, log.size()));
  const auto registry = RegistryOf(registry_facts);
  std::vector<std::pair<LeafIndex, ErasureRequest>> requests;
  for (const auto& [id, position] : open) {
    const std::string& learner = learner_of.find(id)->second;
    OPPI_TRY(const Facts facts, ReadPerson(stores, learner, log.size()));
    const History history(learner, *registry, facts, log.size());
    const Fact* requested = history.Find(id);
    if (requested == nullptr) continue;
    ErasureRequest request = RequestOf(history, *requested, now, delay_micros);
    if (request.status != ErasureStatus::kRefused) requests.emplace_back(position, std::move(request));
  }
  std::sort(requests.begin(), requests.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ErasureRequest> in_order;
  in_order.reserve(requests.size());
  for (auto& [position, request] : requests) in_order.push_back(std::move(request));
  return in_order;
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

ledger::ErasureOrder OrderFor(const History& history, const Fact& execution, const ledger::Vault& vault) {
  ledger::ErasureOrder order;
  order.owner = execution.event.subject;
  order.whole_subject = execution.event.number("whole_subject") != 0;
  for (const Fact* fact : CoveredBy(history, execution)) {
    const Event& event = fact->event;
    // Under another identifier of the same person it is another request's.
    if (!Names(event, order.owner)) continue;
    std::optional<Sha256Digest> document;
    if (const auto raw = FromHex(event.correlation); raw) document = Sha256Digest::From(*raw);
    order.covered.push_back({fact->position, ledger::DedupKey(vault, event.source, event.id), document});
  }
  return order;
}

}  // namespace oppi::projections
