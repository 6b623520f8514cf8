#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/result.h"

/// Ed25519 on libsodium: strict verification, one signature at a time - evidence must not depend on
/// how a verifier batches. Refused are an S that is not reduced, a key or an R of low order or not in
/// its one encoding, and what holds only after multiplication by the cofactor
/// (tests/events/ed25519_vectors_test.cc states the rule against public edge cases).

namespace oppi {

inline constexpr std::size_t kPublicKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 64;
inline constexpr std::size_t kSeedBytes = 32;

using PublicKey = std::array<unsigned char, kPublicKeyBytes>;
using Signature = std::array<unsigned char, kSignatureBytes>;

[[nodiscard]] inline ByteView View(const PublicKey& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }
[[nodiscard]] inline ByteView View(const Signature& s) { return {reinterpret_cast<const char*>(s.data()), s.size()}; }

[[nodiscard]] bool VerifySignature(const PublicKey& key, ByteView message, const Signature& signature);

/// A private key that wipes itself. Move only; nothing prints it.
class SigningKey {
 public:
  [[nodiscard]] static SigningKey Generate(Entropy& entropy);
  [[nodiscard]] static SigningKey FromSeed(const std::array<unsigned char, kSeedBytes>& seed);
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&& other) noexcept;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] Signature Sign(ByteView message) const;
  /// The seed, for writing the key file; wipe it after use.
  [[nodiscard]] std::array<unsigned char, kSeedBytes> seed() const;

 private:
  SigningKey() = default;
  PublicKey public_{};
  std::array<unsigned char, 64> secret_{};  // libsodium: seed || public key
};

/// C2SP signed-note key identity: SHA-256(name || 0x0A || type || public key)[:4].
[[nodiscard]] std::uint32_t NoteKeyId(std::string_view name, std::uint8_t signature_type, const PublicKey& key);

/// A C2SP verifier key: `<name>+<8 hex>+base64(type || public key)`.
struct VerifierKey {
  std::string name;
  std::uint8_t type = 0x01;  // 01 Ed25519 note, 04 timestamped cosignature
  PublicKey key{};
  std::uint32_t id = 0;
  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};
/// Key names: not empty, valid UTF-8, no white space, no '+', at most kKeyNameBytesMax.
[[nodiscard]] bool KeyNameOk(std::string_view name);
[[nodiscard]] Result<VerifierKey> ParseVerifierKey(std::string_view text);
[[nodiscard]] std::string FormatVerifierKey(const VerifierKey& key);
[[nodiscard]] VerifierKey MakeVerifierKey(std::string_view name, std::uint8_t type, const PublicKey& key);
/// 8 lower-case hex digits.
[[nodiscard]] std::string KeyIdText(std::uint32_t id);

/// Private key file text: `PRIVATE+KEY+<name>+<8 hex>+base64(type || seed)\n`, the Go note form.
struct NamedSigningKey {
  std::string name;
  SigningKey key;
  [[nodiscard]] VerifierKey verifier(std::uint8_t type = 0x01) const { return MakeVerifierKey(name, type, key.public_key()); }
};
[[nodiscard]] Result<NamedSigningKey> ParseSigningKey(std::string_view text);
[[nodiscard]] std::string FormatSigningKey(const NamedSigningKey& key);

}  // namespace oppi
