#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "events/batch.h"
#include "events/ed25519.h"
#include "events/time.h"
#include "events/vocabulary.h"
#include "ledger/checkpoint_lock.h"
#include "ledger/fsck.h"
#include "ledger/leaf.h"
#include "ledger/log_view.h"
#include "ledger/memory_store.h"
#include "ledger/vault.h"
#include "tests/support/faulty_store.h"
#include "tests/support/shared_entropy.h"
#include "tests/support/temp_folder.h"

/// What a ledger stands on, in memory and from a seed: stores and lock that fail on demand, a clock
/// that stands still, keys, a vault. It outlives the writers that are opened over it, as a disk
/// outlives processes.

namespace oppi::tests {

inline constexpr const char* kOrigin = "oppiloki.example/tests";

struct LedgerParts {
  explicit LedgerParts(std::uint64_t seed);

  /// Genesis into the empty store.
  [[nodiscard]] Status Create();
  /// A vault without memory of the one before, as after a restart.
  [[nodiscard]] Status OpenVault();
  [[nodiscard]] ledger::SecretKey Master() const;
  [[nodiscard]] ledger::GenesisLeaf Genesis() const;

  TempFolder folder;
  ManualClock clock;
  SharedEntropy entropy;
  NamedSigningKey log_key;
  NamedSigningKey registrar_key;
  NamedSigningKey ledger_key;
  ledger::MemoryStore log_rows;  // past the faults, for planting damage
  ledger::MemoryStore vault_rows;
  ledger::MemoryStore view_rows;
  FaultyStore log_store{log_rows};
  FaultyStore vault_store{vault_rows};
  FaultyStore view_store{view_rows};
  ledger::MemoryLock kept_lock;
  FaultyLock lock{kept_lock};
  std::unique_ptr<ledger::Vault> vault;
};

/// A key that follows from its name alone.
[[nodiscard]] NamedSigningKey KeyNamed(const std::string& name);

/// Signed by the publisher that the key is named after. `anchor`: a checkpoint the publisher saw.
[[nodiscard]] events::SignedBatch SignEvents(const std::vector<events::Event>& events,
                                             const NamedSigningKey& key, Entropy& entropy,
                                             const ledger::Checkpoint* anchor = nullptr);
/// The same over bytes that need not be events.
[[nodiscard]] events::SignedBatch SignBytes(const std::vector<Bytes>& bytes,
                                            const NamedSigningKey& key, Entropy& entropy,
                                            const ledger::Checkpoint* anchor = nullptr);

/// An attendance mark about person `person`: the everyday event. Same numbers, same event.
[[nodiscard]] events::Event Mark(std::uint64_t number, std::uint64_t person);
[[nodiscard]] inline events::Event Mark(std::uint64_t number) { return Mark(number, number); }
/// Marks `first` to `first + count - 1`, about `persons` persons in turn.
[[nodiscard]] std::vector<events::Event> Marks(std::uint64_t first, std::uint64_t count,
                                               std::uint64_t persons = 7);

/// Re-verifies from bytes, naming what is wrong: fsck, the root hashed again from the entries, the
/// checkpoint and the lock, every tile, the receipt of every entry.
[[nodiscard]] std::vector<std::string> ProblemsOf(LedgerParts& parts, const ledger::LogView& view);

}  // namespace oppi::tests
