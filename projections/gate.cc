#include "projections/gate.h"

#include <algorithm>
#include <map>

#include "projections/intake_rules.h"
#include "projections/log_reader.h"
#include "projections/persons.h"


namespace oppi::projections {

using events::ErrorCode;

Gate::Gate(const ViewStores& stores, Publishers publishers) : stores_(stores), registry_(std::move(publishers)) {}

Result<std::unique_ptr<Gate>> Gate::Open(const ViewStores& stores, const ledger::LogView& log) {
  OPPI_TRY(const ledger::Leaf first, log.ReadLeaf(LeafIndex(0)));
  const auto* genesis = std::get_if<ledger::GenesisLeaf>(&first.body);
  if (genesis == nullptr) return DataLoss("the first entry of the log is not its genesis");
  OPPI_TRY(const VerifierKey registrar, ParseVerifierKey(genesis->registrar_key));
  OPPI_TRY(const VerifierKey own, ParseVerifierKey(genesis->ledger_key));
  OPPI_TRY(const TreeSize cursor, ReadCursor(stores.views));
  OPPI_TRY(const Facts registry, ReadFullRegistry(log, stores, cursor));
  std::unique_ptr<Gate> gate(new Gate(stores, Publishers(registrar, own)));
  for (const Fact& fact : registry) gate->registry_.Apply(fact);
  gate->Publish();
  gate->ViewsReached(cursor);
  return gate;
}

ErrorCode Gate::JudgeSource(const events::BatchHeader& header, std::string_view source) {
  if (registry_.publishers().Find(header.publisher) == nullptr) return ErrorCode::kPublisherUnknown;
  if (!header.attested_by.empty()) {
    // Only a gateway (or the ledger's own door) may vouch for what somebody else sent unsigned.
    const events::Role role = registry_.publishers().RoleOf(header.attested_by);
    if (role != events::Role::kGateway && role != events::Role::kLedger) return ErrorCode::kPublisherUnknown;
  }
  if (!source.empty() && !registry_.publishers().OwnsSource(header.publisher, source)) return ErrorCode::kSourceNotYours;
  return ErrorCode::kNone;
}

ErrorCode Gate::JudgeType(const events::BatchHeader& header, const events::TypeInfo& type) {
  const bool attested = !header.attested_by.empty();
  // A key narrows what its owner may publish; a gateway's key says nothing of the publisher's types.
  if (!registry_.publishers().MayPublish(header.publisher, attested ? std::string_view() : header.key, type.type))
    return ErrorCode::kTypeNotAllowed;
  const std::string& signer = attested ? header.attested_by : header.publisher;
  if (registry_.publishers().KeyRevokedBefore(signer, header.key) != nullptr) return ErrorCode::kKeyRevoked;
  return ErrorCode::kNone;
}

Result<ledger::Verdict> Gate::JudgeEvent(const ledger::CommittedEvent& candidate) {
  Facts stream;
  if (NeedsStream(candidate.event)) {
    OPPI_TRY(stream, StreamOf(candidate.event.KeyOwner()));
  }
  std::optional<Fact> found;
  Status failure;
  const auto elsewhere = [&](std::string_view event_id) -> const Fact* {
    if (const Fact* recent = InTail(event_id); recent != nullptr) return recent;
    auto fact = FindEvent(*view_(), stores_.vault, event_id);
    if (!fact.ok()) {
      failure = std::move(fact).error();
      return nullptr;
    }
    found = std::move(fact).value();
    return found ? &*found : nullptr;
  };
  const events::Role role = registry_.publishers().RoleOf(candidate.publisher);
  const ledger::Verdict verdict = JudgeIntake({registry_, stream, role, elsewhere}, candidate);
  OPPI_RETURN_IF_ERROR(failure);
  return verdict;
}

const Fact* Gate::InTail(std::string_view event_id) const {
  for (const auto& event : tail_)
    if (event->event.id == event_id) return event.get();
  return nullptr;
}

void Gate::Sequenced(std::shared_ptr<const ledger::CommittedEvent> event) {
  if (event->event.sensitivity == events::Sensitivity::kS0) {
    registry_.Apply(*event);
    if (event->event.info().group == "registry") Publish();
  }
  for (const std::string_view subject : event->event.Subjects()) tail_of_[std::string(subject)].push_back(event);
  if (event->event.subject.empty()) tail_of_[event->event.KeyOwner()].push_back(event);
  tail_.push_back(std::move(event));
  Prune();
}

void Gate::Prune() {
  const TreeSize cursor(cursor_.load(std::memory_order_relaxed));
  while (!tail_.empty() && Contains(cursor, tail_.front()->position)) {
    std::vector<std::string_view> owners = tail_.front()->event.Subjects();
    const std::string owner = tail_.front()->event.KeyOwner();
    if (owners.empty()) owners.push_back(owner);
    for (const std::string_view subject : owners) {
      const auto it = tail_of_.find(std::string(subject));
      if (it == tail_of_.end()) continue;
      std::erase_if(it->second, [&](const auto& e) { return Contains(cursor, e->position); });
      if (it->second.empty()) tail_of_.erase(it);
    }
    tail_.pop_front();
  }
}

Result<Facts> Gate::StreamOf(std::string_view owner) {
  // What the views have, they have as it is now: an erasure is seen there only.
  Prune();
  // The cursor first, then the tail: what leaves the tail later is below a later cursor only.
  const TreeSize cursor(cursor_.load());
  std::map<LeafIndex, Fact> merged;
  const auto add_tail = [&](const std::string& name) {
    if (const auto it = tail_of_.find(name); it != tail_of_.end())
      for (const auto& event : it->second) merged.emplace(event->position, *event);
  };
  add_tail(std::string(owner));
  OPPI_TRY(Facts stored, ReadPerson(stores_, owner, cursor));
  for (Fact& fact : stored) merged.emplace(fact.position, std::move(fact));
  Facts facts;
  for (auto& [position, fact] : merged) facts.push_back(std::move(fact));
  // Other identifiers of the same person may have news of their own.
  const std::vector<std::string> names = PossibleIdentifiers(owner, facts);
  if (names.size() == 1) return facts;
  merged.clear();
  for (Fact& fact : facts) merged.emplace(fact.position, std::move(fact));
  for (const std::string& name : names) {
    add_tail(name);
    OPPI_TRY(Facts more, ReadPerson(stores_, name, cursor));
    for (Fact& fact : more) merged.emplace(fact.position, std::move(fact));
  }
  facts.clear();
  for (auto& [position, fact] : merged) facts.push_back(std::move(fact));
  return facts;
}

void Gate::Publish() {
  auto snapshot = std::make_shared<const Publishers>(registry_.publishers());
  const std::scoped_lock lock(mutex_);
  published_ = std::move(snapshot);
}

std::shared_ptr<const Publishers> Gate::CurrentPublishers() const {
  const std::scoped_lock lock(mutex_);
  return published_;
}

std::shared_ptr<const events::KeySet> Gate::Keys() const { return std::make_shared<const PublisherKeys>(CurrentPublishers()); }

}  // namespace oppi::projections
