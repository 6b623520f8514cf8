#pragma once

#include <memory>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"
#include "ledger/secret_key.h"

namespace oppi::ledger {

/// What wraps the generation keys: a key in memory, or one that never leaves a token. Any thread.
class MasterKey {
 public:
  virtual ~MasterKey() = default;
  /// Errors: kUnavailable when the key cannot be used now.
  [[nodiscard]] virtual Result<Bytes> Wrap(ByteView plain, ByteView bound_to, Entropy& entropy) = 0;
  /// Errors: kPermissionDenied when it does not open under this key, kUnavailable as above.
  [[nodiscard]] virtual Result<Bytes> Unwrap(ByteView wrapped, ByteView bound_to) = 0;
};

/// 32 secret bytes held in memory. Wraps as Seal() does.
[[nodiscard]] std::shared_ptr<MasterKey> MasterKeyOf(const SecretKey& key);

}  // namespace oppi::ledger
