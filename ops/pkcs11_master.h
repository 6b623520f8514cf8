#pragma once

#include <functional>
#include <memory>
#include <string>

#include "events/result.h"
#include "ledger/guarded_memory.h"
#include "ledger/master_key.h"

/// A master key that never leaves a token: AES-256 in GCM on a PKCS#11 device (hardware module, smart
/// card, SoftHSM). Wrapped = nonce 12 || ciphertext || tag 16, made on the token.

namespace oppi::ops {

struct Pkcs11Place {
  std::string module;  // path of the library that came with the token
  std::string token;   // its label
  std::string key;     // label of the key on it
  friend bool operator==(const Pkcs11Place&, const Pkcs11Place&) = default;
};

/// Fetches the PIN anew for each use, so that it lies in memory only while the token asks for it.
using PinSource = std::function<Result<ledger::GuardedBytes>()>;

/// Logs in and looks at the key. Errors, in words that say what to do: kNotFound (module, key),
/// kUnavailable (token absent, device trouble), kPermissionDenied (PIN wrong, locked, or not to be tried
/// again by a program), kInvalidArgument (the token or the key is not fit for this).
/// A wrong PIN is tried once: after that the token remembers, and nothing is tried until a person logged in.
[[nodiscard]] Result<std::shared_ptr<ledger::MasterKey>> OpenPkcs11Master(const Pkcs11Place& place, PinSource pin);

/// Makes the key on the token: sensitive, never extractable. kAlreadyExists when one of that label is there.
[[nodiscard]] Status MakePkcs11Key(const Pkcs11Place& place, const PinSource& pin);

}  // namespace oppi::ops
