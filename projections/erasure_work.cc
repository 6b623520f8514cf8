#include "projections/erasure_work.h"

#include <algorithm>
#include <map>
#include <memory>

#include "ledger/prepared.h"
#include "projections/consent_answer.h"
#include "projections/erasure_answer.h"
#include "projections/history.h"
#include "projections/registry.h"

namespace oppi::projections {

Result<std::vector<ErasureRequest>> OpenRequests(const ViewStores& stores,
                                                 const ledger::LogView& log, Instant now,
                                                 std::int64_t delay_micros) {
  OPPI_TRY(const Facts all,
           ReadIndexed(stores.views, stores.vault, Projection::kErasures, {}, log.size()));
  std::map<std::string, LeafIndex, std::less<>> open;  // request -> position
  std::map<std::string, std::string, std::less<>> learner_of;
  for (const Fact& fact : all) {
    if (fact.erased || fact.outcome != events::Outcome::kAccepted) continue;
    if (fact.event.type == events::EventType::kErasureRequested) {
      open.emplace(fact.event.id, fact.position);
      learner_of.emplace(fact.event.id, fact.event.subject);
    } else if (fact.event.type == events::EventType::kErasureExecuted) {
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
    if (request.status != ErasureStatus::kRefused)
      requests.emplace_back(position, std::move(request));
  }
  std::sort(requests.begin(), requests.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ErasureRequest> in_order;
  in_order.reserve(requests.size());
  for (auto& [position, request] : requests) in_order.push_back(std::move(request));
  return in_order;
}

ledger::ErasureOrder OrderFor(const History& history, const Fact& execution,
                              const ledger::Vault& vault) {
  ledger::ErasureOrder order;
  order.owner = execution.event.subject;
  order.whole_subject = execution.event.number("whole_subject") != 0;
  for (const Fact* fact : CoveredBy(history, execution)) {
    const events::Event& event = fact->event;
    // Under another identifier of the same person it is another request's.
    const auto subjects = event.Subjects();
    if (std::find(subjects.begin(), subjects.end(), order.owner) == subjects.end()) continue;
    std::optional<Sha256Digest> document;
    if (const auto raw = FromHex(event.correlation); raw) document = Sha256Digest::From(*raw);
    order.covered.push_back(
        {fact->position, ledger::DedupKey(vault, event.source, event.id), document});
  }
  return order;
}

Result<std::vector<LeafIndex>> FindCovered(const ledger::ErasureList& list, const Facts& stream,
                                           const Fact& execution) {
  std::vector<LeafIndex> gone;
  for (const Fact& fact : stream)
    if (fact.erased && fact.position < execution.position) gone.push_back(fact.position);
  if (StatesCovered(execution, gone)) return gone;
  for (std::uint32_t number = list.last(); number > 0; --number) {
    OPPI_TRY(const ledger::ErasureRecord record, list.Read(number));
    std::vector<LeafIndex> taken;
    for (const auto& wrap : record.wraps)
      if (wrap.sealed_key.empty()) taken.push_back(wrap.index);
    std::sort(taken.begin(), taken.end());
    taken.erase(std::unique(taken.begin(), taken.end()), taken.end());
    if (StatesCovered(execution, taken)) return taken;
  }
  return DataLoss("erasure list: it does not have this execution");
}

}  // namespace oppi::projections
