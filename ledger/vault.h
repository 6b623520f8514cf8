#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/event.h"
#include "events/result.h"
#include "ledger/master_key.h"
#include "ledger/sealing.h"
#include "ledger/secret_key.h"
#include "ledger/store.h"

/// Learner -> random handle, (learner, class) -> data key. Everything at rest is named by handle and
/// sealed under data keys; keys lie wrapped by the generation key, which lies outside the store,
/// wrapped by the master key. Destroying a wrapped key destroys what it sealed.

namespace oppi::ledger {

/// Random name of a learner (or other key owner) inside this ledger; erasable.
struct Handle {
  std::array<unsigned char, 16> bytes{};
  friend auto operator<=>(const Handle&, const Handle&) = default;
  [[nodiscard]] ByteView view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Which key of a learner: one per sensitivity class, and one for view rows.
enum class KeyClass : std::uint8_t { kS0, kS1, kS2, kS3, kS4, kC, kA, kView };
[[nodiscard]] inline KeyClass KeyClassOf(events::Sensitivity s) { return static_cast<KeyClass>(s); }

class Vault {
 public:
  struct Options {
    std::string directory;  // generation keys
    std::shared_ptr<MasterKey> master;
  };
  /// Makes the first generation when the directory has none. Errors of the master key pass through.
  [[nodiscard]] static Result<std::unique_ptr<Vault>> Open(Store& store, Entropy& entropy, Options options);

  /// 16-byte keyed tag of any identifier: what indexes are keyed by instead of names. Any thread.
  [[nodiscard]] Bytes Tag(std::string_view domain, ByteView value) const;

  /// Reading: nullopt when the learner (or the key) is not there. Any thread.
  [[nodiscard]] Result<std::optional<Handle>> FindHandle(std::string_view owner) const;
  [[nodiscard]] Result<std::optional<SecretKey>> FindKey(const Handle& handle, KeyClass key_class) const;

  /// Writer thread: find, or make and add the wrapped row to `writes`. A key made here is used only
  /// if `writes` commits (the writer stops for good when a commit fails).
  [[nodiscard]] Result<Handle> HandleFor(std::string_view owner, WriteBatch& writes);
  [[nodiscard]] Result<SecretKey> KeyFor(const Handle& handle, KeyClass key_class, WriteBatch& writes);

 private:
  struct Cache;
  Vault(Store& store, Entropy& entropy, Options options);
  Store& store_;
  Entropy& entropy_;
  Options options_;
  SecretKey generation_;
  SecretKey tag_key_;
  std::unique_ptr<Cache> cache_;

 public:
  ~Vault();
};

}  // namespace oppi::ledger
