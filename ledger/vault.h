#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/generation.h"
#include "ledger/key_ring.h"
#include "ledger/master_key.h"
#include "ledger/sealing.h"
#include "ledger/store.h"
#include "ledger/vrf_key.h"

/// Learner -> random handle, handle -> a data key for each class. Everything at rest is named by handle
/// and sealed under data keys; keys lie wrapped by the generation key, which lies outside the store,
/// wrapped by the master key. Destroying a wrapped key destroys what it sealed.
///
/// An erasure destroys keys in the rows; what old files still hold of those rows is destroyed with the
/// generation they were wrapped under: every key that is left is wrapped again under a new generation,
/// and the old generation key goes. A crash anywhere leaves the old or the new generation whole.

namespace oppi::ledger {

class Vault {
 public:
  struct Options {
    std::string directory;  // generation keys
    std::shared_ptr<MasterKey> master;
    bool create = true;  // the first generation, where there is none
  };
  /// Settles what a crash left: a generation that was
  /// not finished is dropped, one that was replaced is destroyed. Errors: kPermissionDenied (another
  /// master key), kDataLoss.
  [[nodiscard]] static Result<std::unique_ptr<Vault>> Open(Store& rows, Entropy& entropy, Options options);
  ~Vault();

  /// 16-byte keyed tag of any identifier: what indexes are keyed by instead of names. Any thread.
  [[nodiscard]] Bytes Tag(std::string_view domain, ByteView value) const;

  /// Makes and proves the labels of the stream map; the same in every generation. Any thread.
  [[nodiscard]] const VrfSecretKey& label_key() const { return *label_key_; }

  /// Seals the erasure list; the same in every generation.
  [[nodiscard]] SecretKey ListKey() const;

  // Reading. Any thread.

  /// The handle in use first, then those of which only a trail is kept; empty: nobody of the name.
  [[nodiscard]] Result<std::vector<Handle>> FindHandles(std::string_view owner) const;
  /// nullptr: no key of this handle is left.
  [[nodiscard]] Result<KeyRingPtr> FindRing(const Handle& handle) const;
  /// The keys of the handle in use; nullptr: there are none. Whoever asks before the writer does has spared
  /// it the reading.
  [[nodiscard]] Result<KeyRingPtr> FindRingInUse(std::string_view owner) const;
  /// The same without reading: nullptr also where nobody has asked for them yet.
  [[nodiscard]] KeyRingPtr RingAtHand(std::string_view owner) const;
  [[nodiscard]] Result<std::optional<SecretKey>> FindKey(const Handle& handle, KeyClass key_class) const;
  /// Every owner, in no order that means anything, until `each` returns false.
  [[nodiscard]] Status ScanOwners(const std::function<bool(const OwnerRow&)>& each) const;
  [[nodiscard]] std::uint32_t generation() const;
  /// Odd while rows in some view are under a key that is no longer or not yet the vault's; read before
  /// and after, it says whether something that did not open is to be read again.
  [[nodiscard]] std::uint64_t renewals() const { return renewals_.load(); }

  // The writer thread. Rows go to `rows`, to be applied before anything that is sealed under them;
  // the writer stops for good when that fails.

  /// The keys of the handle in use, made when there are none, for the handle proposed if there is one.
  /// An owner whose keys are lost gets another handle, as after an erasure as a whole.
  [[nodiscard]] Result<KeyRingPtr> RingFor(std::string_view owner, WriteBatch& rows, const Handle* proposed = nullptr);
  /// The ring with a key of this class; a new one where the old one was destroyed.
  [[nodiscard]] Result<KeyRingPtr> WithKey(std::string_view owner, KeyRingPtr ring, KeyClass key_class, WriteBatch& rows);
  /// One synced write; none when there is nothing to write.
  [[nodiscard]] Status Apply(const WriteBatch& rows);

  // Erasure. The writer thread.

  /// Rows for what changes, under each generation in use. A ring without keys and an owner without
  /// handles are deleted. Nothing changes before Adopt.
  void PutRing(const KeyRing& ring, WriteBatch& rows) const;
  void PutOwner(const OwnerRow& owner, WriteBatch& rows) const;
  [[nodiscard]] Result<std::optional<OwnerRow>> FindOwner(std::string_view owner) const;
  /// Applies rows that PutRing and PutOwner made, maybe before a restart: those of generations that are
  /// no more are left out. `number`: of the erasure, rising for each kind of key; what was adopted before
  /// is left alone. `owners` are forgotten by the caches. Keys were destroyed: a generation is owed.
  enum class KeysOf : std::uint8_t { kBodies, kViews };
  [[nodiscard]] Status Adopt(KeysOf kind, std::uint32_t number, const WriteBatch& rows, const std::vector<std::string_view>& owners);

  /// Around each renewal of view rows.
  void BeginRenewal() { ++renewals_; }
  void EndRenewal() { ++renewals_; }

  /// Keys were destroyed since the generation began: old files still hold them under its key.
  [[nodiscard]] bool owes_generation() const { return owed_; }
  /// Makes the next generation's key, unless one is begun. From here on every row is written under both.
  [[nodiscard]] Status BeginGeneration();
  /// Up to `rows` more rows, wrapped again; empty when none are left. Not the writer thread: sealing is
  /// most of the work. One thread.
  [[nodiscard]] Result<WriteBatch> Rewrap(std::size_t rows);
  /// The writer thread. Leaves out what was written anew since the generation began.
  [[nodiscard]] Status ApplyRewrapped(const WriteBatch& rows);
  /// Requires that Rewrap came to its end. The switch is one durable write; then the old key is
  /// destroyed.
  [[nodiscard]] Status FinishGeneration();
  /// Takes the rows of generations that are no more out of the store's files. Any thread.
  [[nodiscard]] Status DropOldRows();
  /// Rows wrapped again so far.
  [[nodiscard]] std::uint64_t rewrapped() const { return rewrapped_; }

 private:
  struct Cache;
  Vault(Store& rows, Entropy& entropy, Options options);
  [[nodiscard]] Status Settle(std::uint32_t current);
  [[nodiscard]] std::shared_ptr<const Generation> Current() const;
  void Put(char kind, ByteView id, ByteView plain, WriteBatch& rows) const;
  [[nodiscard]] Result<KeyRingPtr> FindRingInUse(std::string_view owner, std::optional<OwnerRow>& known) const;
  void NoteWritten(const WriteBatch& rows);
  [[nodiscard]] Result<std::optional<Bytes>> Read(char kind, ByteView id) const;

  Store& rows_;
  Entropy& entropy_;
  Options options_;
  std::optional<GuardedKey> tag_key_;
  std::optional<VrfSecretKey> label_key_;
  std::unique_ptr<Cache> cache_;
  std::atomic<std::uint64_t> renewals_{0};
  // The writer thread.
  std::shared_ptr<const Generation> next_;
  std::unordered_set<Bytes> written_anew_;  // keys of the next generation
  // Whoever wraps again.
  Bytes rewrap_from_;
  std::uint64_t rewrapped_ = 0;
  // The writer thread.
  bool owed_ = false;
};

}  // namespace oppi::ledger
