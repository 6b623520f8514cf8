#include "events/ed25519.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "events/digest.h"
#include "events/limits.h"

namespace oppi {
namespace {

constexpr std::string_view kPrivatePrefix = "PRIVATE+KEY+";

std::uint32_t BigEndian32(ByteView bytes) {
  std::uint32_t v = 0;
  for (const char c : bytes.substr(0, 4)) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

/// Valid UTF-8 without the white space that Unicode knows. Overlong forms and surrogates are refused.
bool IsPlainUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3fU);
    }
    static constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    const bool space = point <= 0x20 || point == 0x7f || point == 0x85 || point == 0xa0 || point == 0x1680 ||
                       (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
                       point == 0x202f || point == 0x205f || point == 0x3000;
    if (space) return false;
    i += length;
  }
  return true;
}

struct NamedKeyText {
  std::string name;
  std::uint32_t id;
  std::uint8_t type;
  std::array<unsigned char, 32> bytes;
};

/// "<name>+<8 hex>+base64(type || 32 bytes)"
Result<NamedKeyText> ParseNamedKey(std::string_view text) {
  const auto first = text.find('+');
  const auto second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos) return InvalidArgument("key: expected name+id+key");
  NamedKeyText parsed;
  parsed.name = text.substr(0, first);
  const auto id = FromHex(text.substr(first + 1, second - first - 1));
  const auto blob = FromBase64(text.substr(second + 1));
  if (!KeyNameOk(parsed.name)) return InvalidArgument("key: bad name");
  if (!id || id->size() != 4) return InvalidArgument("key: the id is not 8 hex digits");
  if (!blob || blob->size() != 33) return InvalidArgument("key: not the base64 of 33 bytes");
  parsed.id = BigEndian32(*id);
  parsed.type = static_cast<std::uint8_t>((*blob)[0]);
  std::memcpy(parsed.bytes.data(), blob->data() + 1, 32);
  if (parsed.type != 0x01 && parsed.type != 0x04) return InvalidArgument("key: unknown signature type");
  return parsed;
}

std::string FormatNamedKey(std::string_view name, std::uint32_t id, std::uint8_t type,
                           const std::array<unsigned char, 32>& bytes) {
  Bytes blob(1, static_cast<char>(type));
  blob.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string text = std::string(name) + "+" + KeyIdText(id) + "+" + ToBase64(blob);
  sodium_memzero(blob.data(), blob.size());
  return text;
}

}  // namespace

bool VerifySignature(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(message.data()),
                                     message.size(), key.data()) == 0;
}

SigningKey SigningKey::Generate(Entropy& entropy) {
  auto seed = entropy.Array<kSeedBytes>();
  SigningKey key = FromSeed(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

SigningKey SigningKey::FromSeed(const std::array<unsigned char, kSeedBytes>& seed) {
  SigningKey key;
  crypto_sign_seed_keypair(key.public_.data(), key.secret_.data(), seed.data());
  return key;
}

SigningKey::SigningKey(SigningKey&& other) noexcept : public_(other.public_), secret_(other.secret_) {
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  if (this != &other) {
    public_ = other.public_;
    secret_ = other.secret_;
    sodium_memzero(other.secret_.data(), other.secret_.size());
  }
  return *this;
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

Signature SigningKey::Sign(ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(message.data()),
                       message.size(), secret_.data());
  return signature;
}

std::array<unsigned char, kSeedBytes> SigningKey::seed() const {
  std::array<unsigned char, kSeedBytes> seed;
  std::copy_n(secret_.begin(), kSeedBytes, seed.begin());
  return seed;
}

std::uint32_t NoteKeyId(std::string_view name, std::uint8_t signature_type, const PublicKey& key) {
  const auto digest = Sha256()
                          .Update(name)
                          .Update(static_cast<unsigned char>(0x0a))
                          .Update(static_cast<unsigned char>(signature_type))
                          .Update(View(key))
                          .Final<Sha256Digest>();
  return BigEndian32(digest.view());
}

bool KeyNameOk(std::string_view name) {
  return !name.empty() && name.size() <= kKeyNameBytesMax && name.find('+') == name.npos && IsPlainUtf8(name);
}

std::string KeyIdText(std::uint32_t id) {
  Bytes bytes;
  ByteWriter(bytes).U32(id);
  return ToHex(bytes);
}

VerifierKey MakeVerifierKey(std::string_view name, std::uint8_t type, const PublicKey& key) {
  return {std::string(name), type, key, NoteKeyId(name, type, key)};
}

Result<VerifierKey> ParseVerifierKey(std::string_view text) {
  OPPI_TRY(const NamedKeyText parsed, ParseNamedKey(text));
  VerifierKey key = MakeVerifierKey(parsed.name, parsed.type, parsed.bytes);
  if (key.id != parsed.id) return InvalidArgument("key: the id does not belong to this name and key");
  return key;
}

std::string FormatVerifierKey(const VerifierKey& key) { return FormatNamedKey(key.name, key.id, key.type, key.key); }

Result<NamedSigningKey> ParseSigningKey(std::string_view text) {
  if (!text.starts_with(kPrivatePrefix)) return InvalidArgument("key file: not a private key");
  text.remove_prefix(kPrivatePrefix.size());
  if (text.ends_with('\n')) text.remove_suffix(1);
  OPPI_TRY(NamedKeyText parsed, ParseNamedKey(text));
  NamedSigningKey key{parsed.name, SigningKey::FromSeed(parsed.bytes)};
  sodium_memzero(parsed.bytes.data(), parsed.bytes.size());
  if (NoteKeyId(key.name, parsed.type, key.key.public_key()) != parsed.id)
    return InvalidArgument("key file: the id does not belong to this name and key");
  return key;
}

std::string FormatSigningKey(const NamedSigningKey& key) {
  auto seed = key.key.seed();
  const std::string text = std::string(kPrivatePrefix) +
                           FormatNamedKey(key.name, NoteKeyId(key.name, 0x01, key.key.public_key()), 0x01, seed) + "\n";
  sodium_memzero(seed.data(), seed.size());
  return text;
}

}  // namespace oppi
