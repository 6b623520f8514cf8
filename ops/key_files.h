#pragma once

#include <string>

#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/secret_key.h"

/// Keys on disk, read and written as ops/secret_file.h says.

namespace oppi::ops {

/// Errors: kNotFound, kPermissionDenied (mode, owner), kInvalidArgument (content).
[[nodiscard]] Result<NamedSigningKey> ReadKeyFile(const std::string& path);
/// Refuses to overwrite: kAlreadyExists.
[[nodiscard]] Status WriteKeyFile(const std::string& path, const NamedSigningKey& key);

/// 32 bytes as 64 hex digits.
[[nodiscard]] Result<ledger::SecretKey> ReadMasterKey(const std::string& path);
[[nodiscard]] Status WriteMasterKey(const std::string& path, Entropy& entropy);
/// The same from where else it came; `what` is for the error.
[[nodiscard]] Result<ledger::SecretKey> ParseMasterKey(const std::string& what, ByteView text);

}  // namespace oppi::ops
