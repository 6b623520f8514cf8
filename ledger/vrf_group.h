#pragma once

#include <array>
#include <initializer_list>

#include "events/bytes.h"
#include "ledger/vrf.h"

/// What both halves of vrf-r255 compute: elements and scalars of ristretto255, and the hashes of
/// the suite, each separated by a prefix. Internal to vrf.cc and vrf_key.cc.

namespace oppi::ledger::vrf_group {

/// Canonical little-endian bytes of a number below the group order.
using Scalar = std::array<unsigned char, 32>;
/// Canonical bytes of an element; zeros are the identity.
using Element = std::array<unsigned char, 32>;
using Sha512 = std::array<unsigned char, 64>;

/// First byte behind the suite's name in everything that is hashed.
enum class Domain : unsigned char {
  kChallenge = 0x02,
  kOutput = 0x03,
  kNonce = 0x81,
  kToElement = 0x82,
};

[[nodiscard]] ByteView ViewOf(const std::array<unsigned char, 32>& bytes);
/// SHA-512(suite || domain || parts...).
[[nodiscard]] Sha512 HashParts(Domain domain, std::initializer_list<ByteView> parts);

[[nodiscard]] bool IsElement(const Element& element);
[[nodiscard]] bool IsScalar(const Scalar& scalar);
/// scalar * element and scalar * base, the identity included. Constant time. Requires an element.
[[nodiscard]] Element Multiply(const Scalar& scalar, const Element& element);
[[nodiscard]] Element MultiplyBase(const Scalar& scalar);

/// The element that an input is hashed to ("encode to curve").
[[nodiscard]] Element InputElement(const VrfPublicKey& key, ByteView input);
/// The 16 bytes of the challenge, as a scalar.
[[nodiscard]] Scalar Challenge(const VrfPublicKey& key, const Element& input, const Element& gamma,
                               const Element& u, const Element& v);
[[nodiscard]] VrfOutput OutputOf(const Element& gamma);

}  // namespace oppi::ledger::vrf_group
