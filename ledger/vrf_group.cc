#include "ledger/vrf_group.h"

#include <sodium.h>

#include <algorithm>

#include "events/check.h"

namespace oppi::ledger::vrf_group {
namespace {

constexpr std::string_view kSuite =
    "\xff"
    "c2sp.org/vrf-r255";
constexpr std::size_t kChallengeBytes = 16;
static_assert(crypto_core_ristretto255_BYTES == 32 && crypto_core_ristretto255_SCALARBYTES == 32 &&
              crypto_core_ristretto255_HASHBYTES == 64 && crypto_hash_sha512_BYTES == 64);

const unsigned char* U(ByteView v) { return reinterpret_cast<const unsigned char*>(v.data()); }

}  // namespace

ByteView ViewOf(const std::array<unsigned char, 32>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Sha512 HashParts(Domain domain, std::initializer_list<ByteView> parts) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  crypto_hash_sha512_update(&state, U(kSuite), kSuite.size());
  const auto separator = static_cast<unsigned char>(domain);
  crypto_hash_sha512_update(&state, &separator, 1);
  for (const ByteView part : parts) crypto_hash_sha512_update(&state, U(part), part.size());
  Sha512 hash;
  crypto_hash_sha512_final(&state, hash.data());
  sodium_memzero(&state, sizeof(state));  // of a nonce it has seen the secret key
  return hash;
}

bool IsElement(const Element& element) {
  return crypto_core_ristretto255_is_valid_point(element.data()) == 1;
}

bool IsScalar(const Scalar& scalar) {
  std::array<unsigned char, 64> wide{};
  std::copy(scalar.begin(), scalar.end(), wide.begin());
  Scalar reduced;
  crypto_core_ristretto255_scalar_reduce(reduced.data(), wide.data());
  const bool same = sodium_memcmp(reduced.data(), scalar.data(), scalar.size()) == 0;
  sodium_memzero(wide.data(), wide.size());
  sodium_memzero(reduced.data(), reduced.size());
  return same;
}

Element Multiply(const Scalar& scalar, const Element& element) {
  OPPI_CHECK(IsElement(element));
  // The library reports an identity as a failure; for us it is an element like others, all zeros.
  Element product{};
  if (crypto_scalarmult_ristretto255(product.data(), scalar.data(), element.data()) != 0)
    product.fill(0);
  return product;
}

Element MultiplyBase(const Scalar& scalar) {
  Element product{};
  if (crypto_scalarmult_ristretto255_base(product.data(), scalar.data()) != 0) product.fill(0);
  return product;
}

Element InputElement(const VrfPublicKey& key, ByteView input) {
  const Sha512 hash = HashParts(Domain::kToElement, {key.view(), input});
  Element element;
  OPPI_CHECK(crypto_core_ristretto255_from_hash(element.data(), hash.data()) == 0);
  return element;
}

Scalar Challenge(const VrfPublicKey& key, const Element& input, const Element& gamma,
                 const Element& u, const Element& v) {
  const Sha512 hash = HashParts(Domain::kChallenge, {key.view(), ViewOf(input), ViewOf(gamma),
                                                     ViewOf(u), ViewOf(v), ByteView("\0", 1)});
  Scalar challenge{};
  std::copy_n(hash.begin(), kChallengeBytes, challenge.begin());
  return challenge;
}

VrfOutput OutputOf(const Element& gamma) {
  return {HashParts(Domain::kOutput, {ViewOf(gamma), ByteView("\0", 1)})};
}

}  // namespace oppi::ledger::vrf_group
