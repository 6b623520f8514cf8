#pragma once

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/secret_key.h"

namespace oppi::ledger {

/// AEAD (XChaCha20-Poly1305). Sealed = nonce 24 || ciphertext || tag 16.
[[nodiscard]] Bytes Seal(const SecretKey& key, ByteView plain, ByteView bound_to, Entropy& entropy);
/// The nonce is a keyed hash of what is sealed: equal input, equal output. For views that must be
/// byte-identical after a rebuild.
[[nodiscard]] Bytes SealDeterministic(const SecretKey& key, ByteView plain, ByteView bound_to);
/// kDataLoss when it does not open.
[[nodiscard]] Result<Bytes> Unseal(const SecretKey& key, ByteView sealed, ByteView bound_to);

}  // namespace oppi::ledger
