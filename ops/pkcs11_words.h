#pragma once

#include <cstdint>

#include "events/result.h"
#include "ops/pkcs11_master.h"

/// What a token answered, as an error that a person can act on. Internal to pkcs11_*.cc; numbers are
/// those of PKCS#11 2.40.

namespace oppi::ops {

/// `rv`: a CK_RV other than CKR_OK.
[[nodiscard]] Error Pkcs11Error(const Pkcs11Place& place, const char* doing, unsigned long rv);

/// Whether a program may try the PIN at all. `flags`: those of CK_TOKEN_INFO.
[[nodiscard]] Status Pkcs11PinState(const Pkcs11Place& place, unsigned long flags);

}  // namespace oppi::ops
