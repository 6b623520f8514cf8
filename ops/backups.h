#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/sequencer.h"
#include "ledger/store.h"
#include "ledger/vault.h"
#include "ops/backup_manifest.h"
#include "ops/copies.h"
#include "ops/file_tree.h"
#include "ops/settings.h"

/// Makes backups of an open ledger and keeps their keys up to date (docs/adr/0015). Log and vault
/// are copied at one standstill of the writer, as hard links inside the ledger's own directory, so
/// intake waits for a flush and not for the copying. Any thread; one thing at a time.

namespace oppi::ops {

class Backups {
 public:
  struct Ports {
    std::string directory;  // of the ledger
    NodeConfig config;
    ledger::Sequencer& sequencer;
    ledger::Store& log;
    ledger::Store& vault_rows;
    ledger::Vault& vault;
    const NamedSigningKey& ledger_key;  // signs manifests
    const Clock& clock;
    Entropy& entropy;
  };
  /// Removes what a crash left in the ledger's own directory.
  explicit Backups(Ports ports);

  /// Into `out`, which must be empty, not there, or hold what an interrupted backup of this ledger
  /// left. `with_keys`: the signing keys, and the master key when it is the file keys/master.key.
  /// Errors: kAlreadyExists, kInvalidArgument, kResourceExhausted.
  [[nodiscard]] Result<BackupManifest> Make(const std::string& out, bool with_keys,
                                            const CopyProgressFn& progress = {});

  /// The keys and settings in the backup are replaced by those of now, and what the erasure list
  /// has more is added. A crash leaves the old ones or the new ones. A copy of a backup that lies
  /// elsewhere is remembered from then on. Errors: kNotFound (not reachable), kDataLoss (damaged,
  /// of another ledger).
  [[nodiscard]] Result<BackupManifest> Refresh(const std::string& path,
                                               const CopyProgressFn& progress = {});
  /// The backup was destroyed. Errors: kNotFound (none is remembered there), kAlreadyExists (it is
  /// still there).
  [[nodiscard]] Status Forget(const std::string& path);

  /// After a generation went: refreshes every copy that is reachable and destroys what interrupted
  /// ones left; one text for each that still opens what was erased, with what hindered.
  [[nodiscard]] Result<std::vector<std::string>> BringUpToDate(const CopyProgressFn& progress = {});
  /// One text for each that still opens what was erased.
  [[nodiscard]] Result<std::vector<std::string>> Stale();

  /// For tests: work ends where this returns an error, as in a crash. Empty: no longer.
  void CutOff(std::function<Status(const char* step)> at) { cut_off_ = std::move(at); }

 private:
  struct Taken;
  [[nodiscard]] Status ClearPlace(const std::string& out);
  [[nodiscard]] Result<BackupManifest> MakeIn(const std::string& out, const std::string& id,
                                              bool with_keys, const CopyProgressFn& progress);
  [[nodiscard]] Status Abandon(const std::string& out, const std::string& id);
  [[nodiscard]] Status At(const char* step) const { return cut_off_ ? cut_off_(step) : Status(); }
  [[nodiscard]] Result<Taken> Take(bool with_log) const;
  [[nodiscard]] Status PutState(const std::string& out, bool with_keys, Taken& taken,
                                BackupManifest& manifest, const CopyProgressFn& progress) const;
  [[nodiscard]] Status PutErasures(const std::string& out, BackupManifest& manifest) const;
  [[nodiscard]] Status RemoveOtherStates(const std::string& out, const std::string& kept) const;
  [[nodiscard]] Result<BackupManifest> RefreshLocked(const std::string& path,
                                                     const CopyProgressFn& progress);
  [[nodiscard]] Status BringUpToDateLocked(const VaultCopy& copy, const CopyProgressFn& progress);
  [[nodiscard]] Status Remember(const VaultCopy& copy);

  const Ports ports_;
  std::function<Status(const char* step)> cut_off_;
  std::mutex mutex_;
};

/// Absolute, without "." and ".." and a slash at the end.
[[nodiscard]] std::string AbsolutePath(const std::string& path);

}  // namespace oppi::ops
