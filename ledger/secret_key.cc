#include "ledger/secret_key.h"

#include <sodium.h>

namespace oppi::ledger {

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

}  // namespace oppi::ledger
