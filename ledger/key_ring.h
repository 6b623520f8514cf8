#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/event.h"
#include "events/result.h"
#include "ledger/handle.h"
#include "ledger/secret_key.h"

/// What the vault knows of one key owner: the random names it goes by, and a key for each class.

namespace oppi::ledger {

/// Which key of a learner: one per sensitivity class, and one for view rows. Nothing is sealed as S0.
enum class KeyClass : std::uint8_t { kS0, kS1, kS2, kS3, kS4, kC, kA, kView };
inline constexpr std::size_t kKeyClasses = 8;
[[nodiscard]] inline KeyClass KeyClassOf(events::Sensitivity s) { return static_cast<KeyClass>(s); }

struct KeyRing {
  Handle handle;
  std::array<std::optional<SecretKey>, kKeyClasses> keys;

  /// nullptr: destroyed.
  [[nodiscard]] const SecretKey* Find(KeyClass key_class) const {
    const auto& key = keys[static_cast<std::size_t>(key_class)];
    return key ? &*key : nullptr;
  }
  void Set(KeyClass key_class, std::optional<SecretKey> key) { keys[static_cast<std::size_t>(key_class)] = std::move(key); }
};
using KeyRingPtr = std::shared_ptr<const KeyRing>;

[[nodiscard]] SecretKey NewKey(Entropy& entropy);
[[nodiscard]] Handle NewHandle(Entropy& entropy);
/// A new key of every class.
[[nodiscard]] KeyRing NewKeyRing(const Handle& handle, Entropy& entropy);
/// Follows from the key of the trail, which is the last to go: nothing of its own is kept, and who
/// is shown it learns nothing of the key. nullopt: that key is destroyed, and the salt with it.
[[nodiscard]] std::optional<HandleSalt> SaltOf(const KeyRing& ring);
/// Secret bytes: seal them, then wipe them.
[[nodiscard]] Bytes EncodeKeyRing(const KeyRing& ring);
/// Strict. Errors: kDataLoss.
[[nodiscard]] Result<KeyRing> DecodeKeyRing(const Handle& handle, ByteView bytes);

/// Handles of one owner: the one in use first, then those of which only a trail is kept.
struct OwnerRow {
  std::string name;
  std::vector<Handle> handles;
  friend bool operator==(const OwnerRow&, const OwnerRow&) = default;
};
[[nodiscard]] Bytes EncodeOwner(const OwnerRow& owner);
[[nodiscard]] Result<OwnerRow> DecodeOwner(ByteView bytes);

}  // namespace oppi::ledger
