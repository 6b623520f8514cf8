#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/ordinal.h"
#include "events/result.h"
#include "ops/backup_manifest.h"
#include "ops/file_tree.h"

/// A ledger again from a backup and from what survived of it (docs/adr/0015). What is newer wins:
/// the vault, the erasure list and the lock of the directory over those of the backup. Nothing can
/// be asked before every erasure of the list was done again.

namespace oppi::ops {

struct RestoreOptions {
  std::string from;
  /// May hold keys/, vault/, erasures/ and lock/ that survived; no log and no settings.
  std::string data;
  /// How many entries are known to be lost, said by somebody who accepts that.
  std::optional<std::uint64_t> lost_entries;
  CopyProgressFn progress;
  std::function<void(TreeSize folded, TreeSize size)> catching_up;
};

struct RestoreReport {
  BackupManifest backup;
  bool vault_survived = false;
  std::uint32_t generation = 0;
  std::uint32_t erasures = 0;        // records of the list
  std::uint32_t erasures_again = 0;  // of these, done again now
  std::uint64_t lost_entries = 0;
  std::uint64_t size = 0;  // of the log now
  std::vector<std::string> warnings;
};

/// Errors: kAlreadyExists (a ledger is there), kNotFound (no backup, a key is missing), kDataLoss
/// (damaged, of another ledger, entries would be lost), kPermissionDenied (another master key). Run
/// again after it was interrupted, it begins anew.
[[nodiscard]] Result<RestoreReport> Restore(const RestoreOptions& options);

}  // namespace oppi::ops
