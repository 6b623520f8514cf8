#include <sodium.h>

#include "events/digest.h"

// SHA-256 where there is no libcrypto and no CPU instruction for it: the WebAssembly build.
// Otherwise digest.cc.

namespace oppi {

namespace {
crypto_hash_sha256_state* State(std::array<unsigned char, 112>& bytes) {
  static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(bytes));
  return reinterpret_cast<crypto_hash_sha256_state*>(bytes.data());
}
}  // namespace

Sha256::Sha256() { crypto_hash_sha256_init(State(context_)); }

Sha256& Sha256::Update(ByteView bytes) {
  crypto_hash_sha256_update(State(context_), reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
  return *this;
}

Sha256& Sha256::Update(unsigned char byte) {
  crypto_hash_sha256_update(State(context_), &byte, 1);
  return *this;
}

void Sha256::FinalInto(unsigned char* out) { crypto_hash_sha256_final(State(context_), out); }

}  // namespace oppi
