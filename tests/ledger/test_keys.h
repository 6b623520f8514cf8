#pragma once

#include <array>
#include <string>

#include "events/ed25519.h"

namespace oppi::tests {

/// A key that is the same in every run; `seed` tells keys of one name apart.
inline NamedSigningKey TestKey(const std::string& name, unsigned char seed = 1) {
  std::array<unsigned char, kSeedBytes> bytes{};
  bytes.fill(seed);
  return {name, SigningKey::FromSeed(bytes)};
}

}  // namespace oppi::tests
