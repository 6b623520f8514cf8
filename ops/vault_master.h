#pragma once

#include <memory>
#include <string>

#include "events/entropy.h"
#include "events/result.h"
#include "ledger/master_key.h"
#include "ops/settings.h"

/// The master key that a ledger is opened with, and how it moves elsewhere.

namespace oppi::ops {

/// Opens with the key that ledger.toml names; while a move is unfinished, what that key does not open is
/// tried with the one before. Errors: those of OpenMasterKey.
[[nodiscard]] Result<std::shared_ptr<ledger::MasterKey>> OpenVaultMaster(const NodeConfig& config, const std::string& directory);

/// Makes (or finds) a master key at `to` and wraps the generation keys by it. ledger.toml names both keys
/// meanwhile, so the ledger opens after a crash at any point; run again, it finishes. The old key is left
/// where it is. Errors: kAlreadyExists (it is there already), kUnavailable (the ledger is open elsewhere),
/// kInvalidArgument (another move is unfinished), those of the keys.
[[nodiscard]] Status MoveVaultMaster(const std::string& directory, const MasterKeySource& to, Entropy& entropy);

}  // namespace oppi::ops
