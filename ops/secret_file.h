#pragma once

#include <string>

#include "events/result.h"
#include "ledger/guarded_memory.h"

/// Files that hold a secret. One that others could read, or that belongs to somebody else, is refused,
/// with the command that mends it.

namespace oppi::ops {

/// A file of the person (or service) that runs this, mode 0600 or less, at most 64 KiB.
/// Errors: kNotFound, kPermissionDenied (mode, owner), kInvalidArgument (size).
[[nodiscard]] Result<ledger::GuardedBytes> ReadSecretFile(const std::string& path);

/// Refuses to overwrite: kAlreadyExists.
[[nodiscard]] Status WriteSecretFile(const std::string& path, ByteView bytes);

/// A credential that systemd gave this service: $CREDENTIALS_DIRECTORY/NAME (systemd.exec(5)).
/// Errors: kNotFound (none given), kPermissionDenied (others can read it).
[[nodiscard]] Result<ledger::GuardedBytes> ReadCredential(const std::string& name);

/// Without the line end that editors put there.
void DropLineEnd(ledger::GuardedBytes& text);

}  // namespace oppi::ops
