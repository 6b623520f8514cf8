#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/guarded_memory.h"
#include "ledger/master_key.h"

/// Generation keys: what wraps every key of the vault. One file each beside the vault's rows, wrapped
/// by the master key. Destroying the file destroys whatever was wrapped under that generation alone:
/// old rows, write-ahead logs, snapshots, backups.

namespace oppi::ledger {

struct Generation {
  std::uint32_t number = 0;
  GuardedKey tags;  // as in the file; the same in every generation: tags outlive erasures
  GuardedKey wrap;  // what rows are sealed under
  GuardedKey tag;   // what tags are made with
};

/// The first one when `before` is nullptr, else its successor. Durable when it returns.
[[nodiscard]] Result<Generation> MakeGeneration(const std::string& directory, const Generation* before, MasterKey& master,
                                                Entropy& entropy);
/// Errors: kNotFound, kPermissionDenied (another master key), kDataLoss.
[[nodiscard]] Result<Generation> ReadGeneration(const std::string& directory, std::uint32_t number, MasterKey& master);
/// Overwritten with noise, synced, unlinked. That the medium forgets as well is up to the medium
/// (docs/operations.md). Done already is done.
[[nodiscard]] Status DestroyGeneration(const std::string& directory, std::uint32_t number, Entropy& entropy);
/// Numbers of the generation files, ascending.
[[nodiscard]] std::vector<std::uint32_t> GenerationsIn(const std::string& directory);
[[nodiscard]] std::string GenerationPath(const std::string& directory, std::uint32_t number);
/// What the content of a generation file is bound to.
[[nodiscard]] Bytes GenerationBound(std::uint32_t number);

}  // namespace oppi::ledger
