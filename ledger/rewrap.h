#pragma once

#include <string>

#include "events/entropy.h"
#include "events/result.h"
#include "ledger/master_key.h"

namespace oppi::ledger {

/// Wraps the generation keys in `directory` by another master key. Each file is replaced whole, after what
/// will stand in it was opened again, so an interruption leaves every file under one key or the other; run
/// again, it does what is left. Errors: kPermissionDenied (a file that neither key opens), kNotFound (no
/// generation keys here), those of the keys. Nobody else may have the vault open.
[[nodiscard]] Status RewrapGenerationKeys(const std::string& directory, MasterKey& from, MasterKey& to, Entropy& entropy);

}  // namespace oppi::ledger
