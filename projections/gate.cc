#include "projections/gate.h"

#include <algorithm>
#include <map>


namespace oppi::projections {

using events::ErrorCode;

Gate::Gate(const ViewStores& stores, Publishers publishers, Facts registry)
    : stores_(stores), publishers_(std::move(publishers)), registry_(std::move(registry)) {
  Publish();
}

Result<std::unique_ptr<Gate>> Gate::Open(const ViewStores& stores, const ledger::GenesisLeaf& genesis) {
  OPPI_TRY(const VerifierKey registrar, ParseVerifierKey(genesis.registrar_key));
  OPPI_TRY(const VerifierKey own, ParseVerifierKey(genesis.ledger_key));
  OPPI_TRY(const TreeSize cursor, ReadCursor(stores.views));
  OPPI_TRY(Facts registry, ReadRegistry(stores.views, cursor));
  Publishers publishers(registrar, own);
  for (const Fact& fact : registry) publishers.Apply(fact);
  std::unique_ptr<Gate> gate(new Gate(stores, std::move(publishers), std::move(registry)));
  gate->ViewsReached(cursor);
  return gate;
}

ErrorCode Gate::JudgeSource(const events::BatchHeader& header, std::string_view source) {
  if (publishers_.Find(header.publisher) == nullptr) return ErrorCode::kPublisherUnknown;
  if (!header.attested_by.empty()) {
    // Only a gateway (or the ledger's own door) may vouch for what somebody else sent unsigned.
    const events::Role role = publishers_.RoleOf(header.attested_by);
    if (role != events::Role::kGateway && role != events::Role::kLedger) return ErrorCode::kPublisherUnknown;
  }
  if (!source.empty() && !publishers_.OwnsSource(header.publisher, source)) return ErrorCode::kSourceNotYours;
  return ErrorCode::kNone;
}

ErrorCode Gate::JudgeType(const events::BatchHeader& header, const events::TypeInfo& type) {
  const bool attested = !header.attested_by.empty();
  // A key narrows what its owner may publish; a gateway's key says nothing of the publisher's types.
  if (!publishers_.MayPublish(header.publisher, attested ? std::string_view() : header.key, type.type))
    return ErrorCode::kTypeNotAllowed;
  const std::string& signer = attested ? header.attested_by : header.publisher;
  if (publishers_.KeyRevokedBefore(signer, header.key) != nullptr) return ErrorCode::kKeyRevoked;
  return ErrorCode::kNone;
}

Result<ledger::Verdict> Gate::JudgeEvent(const ledger::CommittedEvent&) { return ledger::Verdict{}; }

void Gate::Sequenced(std::shared_ptr<const ledger::CommittedEvent> event) {
  if (event->event.sensitivity == events::Sensitivity::kS0) {
    registry_.push_back(*event);
    publishers_.Apply(*event);
    if (event->event.info().group == "registry") Publish();
  }
  for (const std::string_view subject : event->event.Subjects()) tail_of_[std::string(subject)].push_back(event);
  tail_.push_back(std::move(event));
  Prune();
}

void Gate::Prune() {
  const TreeSize cursor(cursor_.load(std::memory_order_relaxed));
  while (!tail_.empty() && Contains(cursor, tail_.front()->position)) {
    for (const std::string_view subject : tail_.front()->event.Subjects()) {
      const auto it = tail_of_.find(std::string(subject));
      if (it == tail_of_.end()) continue;
      std::erase_if(it->second, [&](const auto& e) { return Contains(cursor, e->position); });
      if (it->second.empty()) tail_of_.erase(it);
    }
    tail_.pop_front();
  }
}

Result<Facts> Gate::StreamOf(const std::string& person) {
  // The cursor first, then the tail: what leaves the tail later is below a later cursor only.
  const TreeSize cursor(cursor_.load());
  std::map<LeafIndex, Fact> merged;
  if (const auto it = tail_of_.find(person); it != tail_of_.end())
    for (const auto& event : it->second) merged.emplace(event->position, *event);
  OPPI_TRY(const auto handle, stores_.vault.FindHandle(person));
  if (handle) {
    OPPI_TRY(Facts stored, ReadFacts(stores_, *handle, {Projection::kRecord, Projection::kConsent, Projection::kAudit},
                                     cursor, cursor));
    for (Fact& fact : stored) merged.emplace(fact.position, std::move(fact));
  }
  Facts facts;
  facts.reserve(merged.size());
  for (auto& [position, fact] : merged) facts.push_back(std::move(fact));
  return facts;
}

void Gate::Publish() {
  auto snapshot = std::make_shared<const Publishers>(publishers_);
  const std::scoped_lock lock(mutex_);
  published_ = std::move(snapshot);
}

std::shared_ptr<const Publishers> Gate::Registry() const {
  const std::scoped_lock lock(mutex_);
  return published_;
}

std::shared_ptr<const events::KeySet> Gate::Keys() const { return std::make_shared<const PublisherKeys>(Registry()); }

}  // namespace oppi::projections
