#pragma once

#include <array>
#include <cstddef>

#include "events/bytes.h"
#include "events/digest.h"
#include "events/result.h"

/// The verifying half of C2SP vrf-r255 (ECVRF-RISTRETTO255-SHA512, RFC 9381): a keyed hash of which
/// the holder of the secret key can prove the value, and that nobody else can compute. Labels of
/// the stream map are made with it (ledger/label.h). Pure functions on libsodium, any thread; the
/// proving half is ledger/vrf_key.h.

namespace oppi::ledger {

/// A ristretto255 element other than the identity; parse foreign ones with ParseVrfPublicKey.
struct VrfPublicKey {
  std::array<unsigned char, 32> bytes{};
  [[nodiscard]] ByteView view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  friend bool operator==(const VrfPublicKey&, const VrfPublicKey&) = default;
};

/// Gamma (32, an element) || c (16, little-endian) || s (32, little-endian, below the group order).
struct VrfProof {
  std::array<unsigned char, 80> bytes{};
  [[nodiscard]] ByteView view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  friend bool operator==(const VrfProof&, const VrfProof&) = default;
};
inline constexpr std::size_t kVrfProofBytes = 80;

/// The hash of the input, "beta" in RFC 9381: 64 bytes.
struct VrfOutput {
  std::array<unsigned char, 64> bytes{};
  [[nodiscard]] ByteView view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  friend bool operator==(const VrfOutput&, const VrfOutput&) = default;
};

/// Errors: kInvalidArgument unless these are the 32 canonical bytes of an element that is not the
/// identity.
[[nodiscard]] Result<VrfPublicKey> ParseVrfPublicKey(ByteView bytes);
/// Errors: kInvalidArgument unless there are 80 bytes. What they say is looked at by VerifyVrf.
[[nodiscard]] Result<VrfProof> ParseVrfProof(ByteView bytes);

/// The output that `proof` proves for this key and input. Strict: Gamma and s have one spelling.
/// Errors: kInvalidArgument, with the reason.
[[nodiscard]] Result<VrfOutput> VerifyVrf(const VrfPublicKey& key, ByteView input,
                                          const VrfProof& proof);

}  // namespace oppi::ledger
