#include "projections/publishers.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "events/bytes.h"
#include "events/check.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;
using events::Role;

std::pair<std::string, std::string> KeyName(std::string_view publisher, std::string_view key) {
  return {std::string(publisher), std::string(key)};
}

bool IsBootstrap(std::string_view publisher) {
  return publisher == kRegistrar || publisher == kLedger;
}

/// "urn:oid:<organisation>/<system>" -> "<organisation>"; empty when the text has another form.
std::string_view OrganisationOf(std::string_view source) {
  constexpr std::string_view kPrefix = "urn:oid:";
  if (!source.starts_with(kPrefix)) return {};
  source.remove_prefix(kPrefix.size());
  const std::size_t slash = source.find('/');
  return slash == std::string_view::npos ? std::string_view() : source.substr(0, slash);
}

PublisherKey BootstrapKey(const VerifierKey& key) {
  PublisherKey made;
  made.public_key = key.key;
  made.from = kInstantMin;
  return made;
}

}  // namespace

Publishers::Publishers() {
  publishers_[std::string(kRegistrar)].role = Role::kRegistrar;
  publishers_[std::string(kLedger)].role = Role::kLedger;
}

Publishers::Publishers(const VerifierKey& registrar_key, const VerifierKey& ledger_key)
    : Publishers() {
  keys_[KeyName(kRegistrar, KeyIdText(registrar_key.id))] = BootstrapKey(registrar_key);
  keys_[KeyName(kLedger, KeyIdText(ledger_key.id))] = BootstrapKey(ledger_key);
}

void Publishers::Apply(const Fact& fact) {
  if (fact.erased || fact.outcome != events::Outcome::kAccepted) return;
  const Event& event = fact.event;
  if (event.info().group != "registry" || RoleOf(fact.publisher) != Role::kRegistrar) return;
  switch (event.type) {
    case EventType::kRegistryPublisherRegistered:
      Register(fact);
      return;
    case EventType::kRegistryKeyAdded:
      AddKey(fact);
      return;
    case EventType::kRegistryKeyRevoked:
      RevokeKey(fact);
      return;
    case EventType::kRegistryDelegationGranted:
      delegations_.push_back({.event = event.id,
                              .position = fact.position,
                              .publisher = std::string(event.text("publisher")),
                              .controller = std::string(event.text("controller")),
                              .acts = event.list("acts"),
                              .from = event.V(),
                              .until = event.valid_to,
                              .ends = {}});
      return;
    case EventType::kRegistryDelegationEnded:
      for (Delegation& delegation : delegations_) {
        if (delegation.event == event.text("delegation")) {
          delegation.ends.push_back({fact.position, event.V()});
        }
      }
      return;
    default:
      return;  // policies, notices, bases and code sets have folds of their own
  }
}

void Publishers::Register(const Fact& fact) {
  const Event& event = fact.event;
  const std::string name(event.text("publisher"));
  const std::optional<Role> role = events::ParseRole(event.text("role"));
  if (!role || name.empty()) return;
  // A correction may correct the name itself: then nobody of the old name is registered any more.
  if (!event.corrects.empty()) {
    std::erase_if(publishers_, [&](const auto& entry) {
      return entry.second.event == event.corrects && entry.first != name &&
             !IsBootstrap(entry.first);
    });
  }
  Publisher& publisher = publishers_[name];
  if (!IsBootstrap(name)) publisher.role = *role;
  publisher.organisation = event.text("organisation");
  publisher.sources = event.list("sources");
  publisher.event = event.id;
}

void Publishers::AddKey(const Fact& fact) {
  const Event& event = fact.event;
  const std::optional<Bytes> raw = FromBase64(event.text("public_key"));
  if (!raw || raw->size() != kPublicKeyBytes) return;  // nothing can be signed with it
  PublisherKey key;
  std::memcpy(key.public_key.data(), raw->data(), kPublicKeyBytes);
  key.position = fact.position;
  key.from = event.V();
  key.until = event.valid_to;
  key.types = event.list("types");
  const auto [place, added] =
      keys_.emplace(KeyName(event.text("publisher"), event.text("key")), key);
  if (!added && place->second.public_key == key.public_key) place->second = std::move(key);
}

void Publishers::RevokeKey(const Fact& fact) {
  const Event& event = fact.event;
  KeyRevocation revocation;
  revocation.position = fact.position;
  revocation.recorded = fact.recorded;
  revocation.event = event.id;
  revocation.reason = event.text("reason");
  if (event.has("compromised_from")) {
    revocation.compromised_from = Instant{event.number("compromised_from")};
  }
  revocations_[KeyName(event.text("publisher"), event.text("key"))].push_back(
      std::move(revocation));
}

const Publisher* Publishers::Find(std::string_view publisher) const {
  const auto found = publishers_.find(publisher);
  return found == publishers_.end() ? nullptr : &found->second;
}

Role Publishers::RoleOf(std::string_view publisher) const {
  const Publisher* found = Find(publisher);
  return found == nullptr ? Role::kNone : found->role;
}

bool Publishers::OwnsSource(std::string_view publisher, std::string_view source) const {
  const Publisher* found = Find(publisher);
  if (found == nullptr) return false;
  if (!found->sources.empty()) {
    return std::find(found->sources.begin(), found->sources.end(), source) != found->sources.end();
  }
  return found->organisation.empty() || OrganisationOf(source) == found->organisation;
}

bool Publishers::MayPublish(std::string_view publisher, std::string_view key,
                            EventType type) const {
  if (!events::RoleMayPublish(RoleOf(publisher), type)) return false;
  const PublisherKey* found = FindKey(publisher, key);
  if (found == nullptr || found->types.empty()) return true;
  const events::TypeInfo& info = events::InfoOf(type);
  return std::any_of(found->types.begin(), found->types.end(), [&](const std::string& allowed) {
    return allowed == info.name || allowed == info.full_name;
  });
}

const PublisherKey* Publishers::FindKey(std::string_view publisher, std::string_view key) const {
  const auto found = keys_.find(KeyName(publisher, key));
  return found == keys_.end() ? nullptr : &found->second;
}

const std::vector<KeyRevocation>& Publishers::RevocationsOf(std::string_view publisher,
                                                            std::string_view key) const {
  static const std::vector<KeyRevocation> kNever;
  const auto found = revocations_.find(KeyName(publisher, key));
  return found == revocations_.end() ? kNever : found->second;
}

const KeyRevocation* Publishers::KeyRevokedBefore(std::string_view publisher, std::string_view key,
                                                  TreeSize size) const {
  const std::vector<KeyRevocation>& all = RevocationsOf(publisher, key);
  // Log order: the first is the earliest.
  return all.empty() || !Contains(size, all.front().position) ? nullptr : &all.front();
}

bool Publishers::Delegated(std::string_view publisher, std::string_view controller,
                           std::string_view act, Instant at, TreeSize size) const {
  return std::any_of(delegations_.begin(), delegations_.end(), [&](const Delegation& d) {
    if (d.publisher != publisher || d.controller != controller) return false;
    if (!Contains(size, d.position) || at < d.from || (d.until && at >= *d.until)) return false;
    if (std::find(d.acts.begin(), d.acts.end(), act) == d.acts.end()) return false;
    return std::none_of(d.ends.begin(), d.ends.end(), [&](const Delegation::End& end) {
      return Contains(size, end.position) && at >= end.at;
    });
  });
}

PublisherKeys::PublisherKeys(std::shared_ptr<const Publishers> publishers)
    : publishers_(std::move(publishers)) {
  OPPI_CHECK(publishers_ != nullptr);
}

std::optional<PublicKey> PublisherKeys::Find(std::string_view publisher,
                                             std::string_view key) const {
  const PublisherKey* found = publishers_->FindKey(publisher, key);
  if (found == nullptr) return std::nullopt;
  return found->public_key;
}

}  // namespace oppi::projections
