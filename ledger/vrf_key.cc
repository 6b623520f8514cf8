#include "ledger/vrf_key.h"

#include <sodium.h>

#include <algorithm>

#include "events/check.h"
#include "ledger/vrf_group.h"

namespace oppi::ledger {
namespace {

using vrf_group::Domain;
using vrf_group::Element;
using vrf_group::Scalar;

/// A scalar nobody may see after it is used.
struct Secret {
  Scalar bytes{};
  Secret() = default;
  explicit Secret(const SecretKey& key) { std::copy_n(key.data(), bytes.size(), bytes.begin()); }
  ~Secret() { sodium_memzero(bytes.data(), bytes.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

}  // namespace

VrfSecretKey::VrfSecretKey(const SecretKey& scalar) : scalar_(scalar) {
  const Secret x(scalar);
  public_.bytes = vrf_group::MultiplyBase(x.bytes);
}

VrfSecretKey VrfSecretKey::Generate(Entropy& entropy) {
  std::array<unsigned char, 64> wide = entropy.Array<64>();
  return Reduced(wide);
}

VrfSecretKey VrfSecretKey::Derive(const SecretKey& key, std::string_view context) {
  std::array<unsigned char, 64> wide;
  crypto_generichash(wide.data(), wide.size(),
                     reinterpret_cast<const unsigned char*>(context.data()), context.size(),
                     key.data(), 32);
  return Reduced(wide);
}

/// Wipes what it is given.
VrfSecretKey VrfSecretKey::Reduced(std::array<unsigned char, 64>& wide) {
  Secret x;
  crypto_core_ristretto255_scalar_reduce(x.bytes.data(), wide.data());
  sodium_memzero(wide.data(), wide.size());
  OPPI_CHECK(sodium_is_zero(x.bytes.data(), x.bytes.size()) == 0);
  return VrfSecretKey(SecretKey(x.bytes));
}

Result<VrfSecretKey> VrfSecretKey::From(const SecretKey& scalar) {
  const Secret x(scalar);
  if (!vrf_group::IsScalar(x.bytes))
    return InvalidArgument("VRF secret key: not below the group order");
  if (sodium_is_zero(x.bytes.data(), x.bytes.size()) != 0)
    return InvalidArgument("VRF secret key: it is zero");
  return VrfSecretKey(scalar);
}

VrfOutput VrfSecretKey::Hash(ByteView input) const {
  const Secret x(scalar_.get());
  return vrf_group::OutputOf(vrf_group::Multiply(x.bytes, vrf_group::InputElement(public_, input)));
}

VrfSecretKey::Proved VrfSecretKey::Prove(ByteView input) const {
  const Secret x(scalar_.get());
  const Element h = vrf_group::InputElement(public_, input);
  const Element gamma = vrf_group::Multiply(x.bytes, h);
  vrf_group::Sha512 wide =
      vrf_group::HashParts(Domain::kNonce, {vrf_group::ViewOf(x.bytes), vrf_group::ViewOf(h)});
  Secret nonce;
  crypto_core_ristretto255_scalar_reduce(nonce.bytes.data(), wide.data());
  sodium_memzero(wide.data(), wide.size());
  const Scalar challenge = vrf_group::Challenge(
      public_, h, gamma, vrf_group::MultiplyBase(nonce.bytes), vrf_group::Multiply(nonce.bytes, h));
  // s = nonce + challenge * x
  Secret product;
  crypto_core_ristretto255_scalar_mul(product.bytes.data(), challenge.data(), x.bytes.data());
  Scalar s;
  crypto_core_ristretto255_scalar_add(s.data(), nonce.bytes.data(), product.bytes.data());
  Proved proved{vrf_group::OutputOf(gamma), {}};
  auto out = std::copy(gamma.begin(), gamma.end(), proved.proof.bytes.begin());
  out = std::copy_n(challenge.begin(), 16, out);
  std::copy(s.begin(), s.end(), out);
  return proved;
}

}  // namespace oppi::ledger
