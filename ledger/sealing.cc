#include "ledger/sealing.h"

#include <sodium.h>

#include <cstring>

namespace oppi::ledger {
namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kAuth = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* U(ByteView v) { return reinterpret_cast<const unsigned char*>(v.data()); }
unsigned char* U(Bytes& v) { return reinterpret_cast<unsigned char*>(v.data()); }

Bytes SealWithNonce(const SecretKey& key, ByteView plain, ByteView bound_to, const unsigned char* nonce) {
  Bytes sealed(kNonce + plain.size() + kAuth, '\0');
  std::memcpy(sealed.data(), nonce, kNonce);
  unsigned long long length = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(U(sealed) + kNonce, &length, U(plain), plain.size(), U(bound_to),
                                             bound_to.size(), nullptr, nonce, key.data());
  return sealed;
}

}  // namespace

Bytes Seal(const SecretKey& key, ByteView plain, ByteView bound_to, Entropy& entropy) {
  const auto nonce = entropy.Array<kNonce>();
  return SealWithNonce(key, plain, bound_to, nonce.data());
}

Bytes SealDeterministic(const SecretKey& key, ByteView plain, ByteView bound_to) {
  std::array<unsigned char, kNonce> nonce;
  crypto_generichash_state state;
  crypto_generichash_init(&state, key.data(), 32, nonce.size());
  Bytes length;
  ByteWriter(length).U64(bound_to.size());
  crypto_generichash_update(&state, U(length), length.size());
  crypto_generichash_update(&state, U(bound_to), bound_to.size());
  crypto_generichash_update(&state, U(plain), plain.size());
  crypto_generichash_final(&state, nonce.data(), nonce.size());
  return SealWithNonce(key, plain, bound_to, nonce.data());
}

Result<Bytes> Unseal(const SecretKey& key, ByteView sealed, ByteView bound_to) {
  if (sealed.size() < kNonce + kAuth) return DataLoss("sealed bytes are too short");
  Bytes plain(sealed.size() - kNonce - kAuth, '\0');
  unsigned long long length = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(U(plain), &length, nullptr, U(sealed) + kNonce, sealed.size() - kNonce,
                                                 U(bound_to), bound_to.size(), U(sealed), key.data()) != 0)
    return DataLoss("sealed bytes do not open under this key");
  return plain;
}

}  // namespace oppi::ledger
