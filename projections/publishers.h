#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/ordinal.h"
#include "events/time.h"
#include "events/verify.h"
#include "events/vocabulary.h"
#include "projections/fact.h"

/// Who may publish what: the fold over the registry events that name publishers, keys and
/// delegations (vocabulary sections 5 and 7). The road asks it before anything enters the log; a
/// verifier folds the same public events and gets the same answers.
///
/// I1  Only what a publisher of role REGISTRAR said counts; everything else leaves the state as it
/// is. I2  The two bootstrap publishers stand in the first leaf of the log: `registrar` and
/// `ledger`. Their
///     role never changes, so that no event can lock everybody out.
/// I3  A key that was ever revoked stays revoked, whatever is said of it later.
/// I4  A key id means one public key for ever; saying it again may change its period and types
/// only.

namespace oppi::projections {

inline constexpr std::string_view kRegistrar = "registrar";
inline constexpr std::string_view kLedger = "ledger";

struct KeyRevocation {
  LeafIndex position{0};
  Instant recorded{};
  std::string event;
  std::string reason;                       // KREVOKE code
  std::optional<Instant> compromised_from;  // events of the key with R >= this are suspect
  friend bool operator==(const KeyRevocation&, const KeyRevocation&) = default;
};

struct PublisherKey {
  PublicKey public_key{};
  LeafIndex position{0};  // of the event that added it; bootstrap keys: 0
  Instant from{};         // V of that event; bootstrap keys: kInstantMin
  std::optional<Instant> until;
  std::vector<std::string> types;  // empty: every type of the role; names with or without prefix
  friend bool operator==(const PublisherKey&, const PublisherKey&) = default;
};

struct Publisher {
  events::Role role = events::Role::kNone;
  std::string organisation;          // OID; may be empty
  std::vector<std::string> sources;  // may be empty, see OwnsSource
  std::string event;                 // the registration that counts; bootstrap: empty
  friend bool operator==(const Publisher&, const Publisher&) = default;
};

struct Delegation {
  std::string event;
  LeafIndex position{0};
  std::string publisher;
  std::string controller;
  std::vector<std::string> acts;  // ACT codes
  Instant from{};                 // V
  std::optional<Instant> until;   // `validto`
  /// Ends that were said later; an end counts in a view that sees it.
  struct End {
    LeafIndex position{0};
    Instant at{};
    friend bool operator==(const End&, const End&) = default;
  };
  std::vector<End> ends;
  friend bool operator==(const Delegation&, const Delegation&) = default;
};

/// A regular value. One thread at a time while it is applied to; any thread afterwards.
class Publishers {
 public:
  /// The state after the first leaf: two publishers with a key each, ids as in the verifier keys.
  Publishers(const VerifierKey& registrar_key, const VerifierKey& ledger_key);
  /// The same without keys, for stories in which nothing is signed (rehearsals).
  Publishers();

  /// The next fact of the log; facts that are not about publishers change nothing.
  /// Requires log order among the facts applied.
  void Apply(const Fact& fact);

  /// nullptr when not registered.
  [[nodiscard]] const Publisher* Find(std::string_view publisher) const;
  /// kNone when not registered (PUBLISHER_UNKNOWN).
  [[nodiscard]] events::Role RoleOf(std::string_view publisher) const;

  /// May the publisher use this `source` (SOURCE_NOT_YOURS)? Registered with `sources`: those
  /// alone. Else, with an organisation: any system of that organisation. With neither: any source -
  /// what a registrar leaves open is open; stories of rehearsals register publishers by name and
  /// role only.
  [[nodiscard]] bool OwnsSource(std::string_view publisher, std::string_view source) const;

  /// Role matrix of section 5 and the narrowing of the key (TYPE_NOT_ALLOWED). Says nothing on
  /// whether the key exists or is revoked: those are rules of their own; an unknown key narrows
  /// nothing.
  [[nodiscard]] bool MayPublish(std::string_view publisher, std::string_view key,
                                events::EventType type) const;

  /// nullptr when the key was never added. Revoked and expired keys are found too.
  [[nodiscard]] const PublisherKey* FindKey(std::string_view publisher, std::string_view key) const;

  /// The earliest revocation of the key, for any reason (KEY_REVOKED), among those below `size`.
  [[nodiscard]] const KeyRevocation* KeyRevokedBefore(std::string_view publisher,
                                                      std::string_view key,
                                                      TreeSize size = TreeSize(~std::uint64_t{
                                                          0})) const;
  /// Every revocation of the key, in log order: the suspect set needs those with compromised_from.
  [[nodiscard]] const std::vector<KeyRevocation>& RevocationsOf(std::string_view publisher,
                                                                std::string_view key) const;

  /// consent-model C8: does a delegation for `act` from the controller, recorded below `size`,
  /// cover the instant `at`? Half-open. Ends count when they too are recorded below `size`.
  [[nodiscard]] bool Delegated(std::string_view publisher, std::string_view controller,
                               std::string_view act, Instant at,
                               TreeSize size = TreeSize(~std::uint64_t{0})) const;

  [[nodiscard]] const std::map<std::string, Publisher, std::less<>>& publishers() const {
    return publishers_;
  }
  /// By publisher, then key id.
  [[nodiscard]] const std::map<std::pair<std::string, std::string>, PublisherKey>& keys() const {
    return keys_;
  }
  [[nodiscard]] const std::vector<Delegation>& delegations() const { return delegations_; }

  friend bool operator==(const Publishers&, const Publishers&) = default;

 private:
  void Register(const Fact& fact);
  void AddKey(const Fact& fact);
  void RevokeKey(const Fact& fact);

  std::map<std::string, Publisher, std::less<>> publishers_;
  std::map<std::pair<std::string, std::string>, PublisherKey> keys_;
  std::map<std::pair<std::string, std::string>, std::vector<KeyRevocation>> revocations_;
  std::vector<Delegation> delegations_;
};

/// The keys of one immutable state, as batch verification looks them up. Any thread.
class PublisherKeys final : public events::KeySet {
 public:
  explicit PublisherKeys(std::shared_ptr<const Publishers> publishers);
  [[nodiscard]] std::optional<PublicKey> Find(std::string_view publisher,
                                              std::string_view key) const override;

 private:
  std::shared_ptr<const Publishers> publishers_;
};

}  // namespace oppi::projections
