#include "ledger/bodies.h"

#include <sodium.h>

#include <cstring>

namespace oppi::ledger {
namespace {

constexpr std::string_view kContentBound = "oppiloki/content/v1\n";
constexpr std::string_view kWrapBound = "oppiloki/wrap/v1\n";

Bytes WrapBound(const Handle& handle, KeyClass key_class) {
  Bytes bound(kWrapBound);
  bound.append(handle.view());
  bound.push_back(static_cast<char>(key_class));
  return bound;
}

}  // namespace

SealedContent SealContent(const events::BatchItem& item, Entropy& entropy) {
  SealedContent content;
  auto raw = entropy.Array<32>();
  content.content_key = SecretKey(raw);
  sodium_memzero(raw.data(), raw.size());
  content.encoding = item.encoding;
  Bytes plain;
  plain.reserve(item.salt.size() + item.bytes.size());
  plain.append(reinterpret_cast<const char*>(item.salt.data()), item.salt.size()).append(item.bytes);
  content.sealed = Seal(content.content_key, plain, kContentBound, entropy);
  return content;
}

Wrap WrapKey(const Handle& handle, KeyClass key_class, const SecretKey& data_key, const SecretKey& content_key,
             Entropy& entropy) {
  return {handle, key_class, Seal(data_key, content_key.view(), WrapBound(handle, key_class), entropy)};
}

Bytes EncodeBody(const Body& body) {
  Bytes bytes;
  bytes.reserve(body.sealed.size() + body.wraps.size() * 96 + 8);
  ByteWriter w(bytes);
  w.U8(static_cast<std::uint8_t>(body.encoding));
  w.U8(static_cast<std::uint8_t>(body.wraps.size()));
  for (const Wrap& wrap : body.wraps) {
    w.Raw(wrap.handle.view());
    w.U8(static_cast<std::uint8_t>(wrap.key_class));
    w.Short(wrap.sealed_key);
  }
  w.Raw(body.sealed);
  return bytes;
}

Result<Body> DecodeBody(ByteView bytes) {
  ByteReader r(bytes);
  Body body;
  const std::uint8_t encoding = r.U8();
  const std::size_t wraps = r.U8();
  for (std::size_t i = 0; i < wraps && r.ok(); ++i) {
    Wrap wrap;
    const auto handle = HandleFrom(r.Raw(wrap.handle.bytes.size()));
    const std::uint8_t key_class = r.U8();
    wrap.sealed_key = r.Short();
    if (!r.ok() || !handle || key_class > static_cast<std::uint8_t>(KeyClass::kView)) return DataLoss("body: damaged row");
    wrap.handle = *handle;
    wrap.key_class = static_cast<KeyClass>(key_class);
    body.wraps.push_back(std::move(wrap));
  }
  if (!r.ok() || (encoding != 1 && encoding != 2)) return DataLoss("body: damaged row");
  body.encoding = static_cast<events::Encoding>(encoding);
  body.sealed = r.rest();
  if (body.wraps.empty() && !body.sealed.empty()) return DataLoss("body: damaged row");
  return body;
}

std::optional<SecretKey> Unwrap(const Wrap& wrap, const SecretKey& data_key) {
  auto raw = Unseal(data_key, wrap.sealed_key, WrapBound(wrap.handle, wrap.key_class));
  if (!raw.ok() || raw->size() != 32) return std::nullopt;
  std::array<unsigned char, 32> key_bytes;
  std::memcpy(key_bytes.data(), raw->data(), key_bytes.size());
  const SecretKey content_key(key_bytes);
  sodium_memzero(key_bytes.data(), key_bytes.size());
  sodium_memzero(raw->data(), raw->size());
  return content_key;
}

Result<Opened> OpenBody(const Body& body, const Vault& vault) {
  Opened opened;
  if (body.tombstone()) {
    opened.state = Opened::State::kErased;
    return opened;
  }
  for (const Wrap& wrap : body.wraps) {
    OPPI_TRY(const KeyRingPtr ring, vault.FindRing(wrap.handle));
    const SecretKey* data_key = ring == nullptr ? nullptr : ring->Find(wrap.key_class);
    const auto content_key = data_key == nullptr ? std::nullopt : Unwrap(wrap, *data_key);
    if (!content_key) continue;
    auto plain = Unseal(*content_key, body.sealed, kContentBound);
    if (!plain.ok() || plain->size() < events::kSaltBytes) continue;
    opened.item.encoding = body.encoding;
    std::memcpy(opened.item.salt.data(), plain->data(), opened.item.salt.size());
    opened.item.bytes = plain->substr(events::kSaltBytes);
    opened.state = Opened::State::kOpen;
    for (const Wrap& left : body.wraps) opened.owners.push_back(left.handle);
    return opened;
  }
  return opened;
}

Bytes DocumentKey(const Vault& vault, const Handle& owner, const Sha256Digest& digest) {
  return Bytes(owner.view()) + vault.Tag("document", digest.view());
}

}  // namespace oppi::ledger
