#pragma once

#include <string>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/secret_key.h"

/// Secrets on disk. A key file that others than its owner can read is refused, with the command that
/// mends it.

namespace oppi::ops {

/// Errors: kNotFound, kPermissionDenied (mode), kInvalidArgument (content).
[[nodiscard]] Result<NamedSigningKey> ReadKeyFile(const std::string& path);
/// Refuses to overwrite: kAlreadyExists.
[[nodiscard]] Status WriteKeyFile(const std::string& path, const NamedSigningKey& key);

/// 32 bytes as 64 hex digits.
[[nodiscard]] Result<ledger::SecretKey> ReadMasterKey(const std::string& path);
[[nodiscard]] Status WriteMasterKey(const std::string& path, Entropy& entropy);

}  // namespace oppi::ops
