#include "ledger/vrf.h"

#include <sodium.h>

#include <algorithm>
#include <string>

#include "ledger/vrf_group.h"

namespace oppi::ledger {
namespace {

using vrf_group::Element;
using vrf_group::Scalar;

/// a - b. Requires elements.
Element Subtract(const Element& a, const Element& b) {
  Element difference;
  OPPI_CHECK(crypto_core_ristretto255_sub(difference.data(), a.data(), b.data()) == 0);
  return difference;
}

}  // namespace

Result<VrfPublicKey> ParseVrfPublicKey(ByteView bytes) {
  VrfPublicKey key;
  if (bytes.size() != key.bytes.size())
    return InvalidArgument("VRF key: expected 32 bytes, got " + std::to_string(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(key.bytes.data()));
  if (!vrf_group::IsElement(key.bytes)) return InvalidArgument("VRF key: not a group element");
  if (key == VrfPublicKey{}) return InvalidArgument("VRF key: it is the identity");
  return key;
}

Result<VrfProof> ParseVrfProof(ByteView bytes) {
  VrfProof proof;
  if (bytes.size() != proof.bytes.size())
    return InvalidArgument("VRF proof: expected 80 bytes, got " + std::to_string(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(proof.bytes.data()));
  return proof;
}

Result<VrfOutput> VerifyVrf(const VrfPublicKey& key, ByteView input, const VrfProof& proof) {
  OPPI_TRY(const VrfPublicKey checked, ParseVrfPublicKey(key.view()));
  Element gamma;
  Scalar challenge{};
  Scalar s;
  std::copy_n(proof.bytes.begin(), 32, gamma.begin());
  std::copy_n(proof.bytes.begin() + 32, 16, challenge.begin());
  std::copy_n(proof.bytes.begin() + 48, 32, s.begin());
  if (!vrf_group::IsElement(gamma)) return InvalidArgument("VRF proof: Gamma is no group element");
  if (!vrf_group::IsScalar(s)) return InvalidArgument("VRF proof: s is not below the group order");
  const Element h = vrf_group::InputElement(checked, input);
  const Element u =
      Subtract(vrf_group::MultiplyBase(s), vrf_group::Multiply(challenge, checked.bytes));
  const Element v = Subtract(vrf_group::Multiply(s, h), vrf_group::Multiply(challenge, gamma));
  if (vrf_group::Challenge(checked, h, gamma, u, v) != challenge)
    return InvalidArgument("VRF proof: not of this key and input");
  return vrf_group::OutputOf(gamma);
}

}  // namespace oppi::ledger
