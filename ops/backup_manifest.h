#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events/digest.h"
#include "events/ed25519.h"
#include "events/result.h"
#include "events/time.h"

/// What a backup says about itself, signed by the ledger's own key. Replacing this one small file
/// is what makes a backup, and a refresh of one, valid as a whole.
///
///   manifest         this
///   unfinished       the id of a backup that is being made, or was interrupted
///   log/             the log as it was; never changed afterwards
///   state-1/         ledger.toml, trust.policy, keys/, vault/: replaced by a refresh, under
///   another number
///   *.sha256         hashes of the files of each folder
///   erasures/        the erasure list

namespace oppi::ops {

struct BackupManifest {
  std::string id;  // random: a copy of a backup elsewhere has the same
  std::string origin;
  Instant made;
  Instant refreshed;             // `made`, or when its keys were last replaced
  std::uint64_t size = 0;        // of the log
  std::string root;              // base64
  std::string checkpoint;        // the signed note
  std::uint32_t generation = 0;  // of the vault in it
  std::uint32_t erasures = 0;    // records of the erasure list that were there
  std::uint32_t state = 1;       // which state folder counts
  bool keys = false;             // the signing keys are in it
  bool master = false;           // and the master key too: as secret as the ledger itself
  Sha256Digest log_files;
  Sha256Digest state_files;
  friend bool operator==(const BackupManifest&, const BackupManifest&) = default;

  [[nodiscard]] std::string StateFolder() const { return "state-" + std::to_string(state); }
};

/// The first file of a backup, gone when it is whole: says later whose leftovers these are.
[[nodiscard]] Status WriteUnfinished(const std::string& backup, const std::string& id);
/// nullopt: there is none.
[[nodiscard]] Result<std::optional<std::string>> ReadUnfinished(const std::string& backup);
void RemoveUnfinished(const std::string& backup);

/// Durable when it returns; a crash leaves this one or the one before.
[[nodiscard]] Status WriteManifest(const std::string& backup, const BackupManifest& manifest,
                                   const NamedSigningKey& key);

/// Errors: kNotFound (no backup there), kDataLoss (damaged, or not signed by this key).
[[nodiscard]] Result<BackupManifest> ReadManifest(const std::string& backup,
                                                  const VerifierKey& key);
/// The same without looking at the signature: to find the key that is to have signed it.
[[nodiscard]] Result<BackupManifest> PeekManifest(const std::string& backup);

}  // namespace oppi::ops
