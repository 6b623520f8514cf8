#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "events/entropy.h"
#include "events/result.h"
#include "ledger/master_key.h"
#include "ops/pkcs11_master.h"

/// Where the master key of a ledger is, and how it is made and opened there.

namespace oppi::ops {

struct MasterKeySource {
  enum class Kind { kFile, kSystemd, kPkcs11 };
  Kind kind = Kind::kFile;
  std::string file = "keys/master.key";        // kFile: as seen from the ledger directory
  std::string credential = "oppiloki-master";  // kSystemd
  Pkcs11Place place;                           // kPkcs11
  std::string pin_file;                        // kPkcs11: either this or pin_credential
  std::string pin_credential;
  friend bool operator==(const MasterKeySource&, const MasterKeySource&) = default;
};

/// What is typed after --master: `file[:PATH]`, `systemd[:CREDENTIAL]`, or a PKCS#11 URI (RFC 7512) with
/// token, object, module-path, and pin-source=file:PATH or pin-source=credential:NAME. A pin-value is
/// refused: command lines are no place for a PIN.
[[nodiscard]] Result<MasterKeySource> ParseMasterKeySource(const std::string& text);

/// kInvalidArgument: something that this kind needs is missing, or cannot stand in ledger.toml.
[[nodiscard]] Status CheckMasterKeySource(const MasterKeySource& source);

/// "the file keys/master.key", "the key K on the token T".
[[nodiscard]] std::string Describe(const MasterKeySource& source);

/// Makes the key where it is to be; a key that is there already is kept. A systemd credential is made by
/// systemd-creds: here it must be there. Errors as of OpenMasterKey.
[[nodiscard]] Status MakeMasterKey(const MasterKeySource& source, const std::string& directory, Entropy& entropy);

/// Errors, with the command that mends it where there is one: kNotFound, kPermissionDenied, kUnavailable,
/// kInvalidArgument.
[[nodiscard]] Result<std::shared_ptr<ledger::MasterKey>> OpenMasterKey(const MasterKeySource& source,
                                                                       const std::string& directory);

}  // namespace oppi::ops
