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
    const ByteView handle = r.Raw(wrap.handle.bytes.size());
    const std::uint8_t key_class = r.U8();
    wrap.sealed_key = r.Short();
    if (!r.ok() || key_class > static_cast<std::uint8_t>(KeyClass::kView)) return DataLoss("body: damaged row");
    std::memcpy(wrap.handle.bytes.data(), handle.data(), handle.size());
    wrap.key_class = static_cast<KeyClass>(key_class);
    body.wraps.push_back(std::move(wrap));
  }
  if (!r.ok() || (encoding != 1 && encoding != 2)) return DataLoss("body: damaged row");
  body.encoding = static_cast<events::Encoding>(encoding);
  body.sealed = r.rest();
  return body;
}

Result<Opened> OpenBody(const Body& body, const Vault& vault) {
  Opened opened;
  for (const Wrap& wrap : body.wraps) {
    OPPI_TRY(const std::optional<SecretKey> data_key, vault.FindKey(wrap.handle, wrap.key_class));
    if (!data_key) continue;
    opened.state = Opened::State::kUnreadable;
    auto raw = Unseal(*data_key, wrap.sealed_key, WrapBound(wrap.handle, wrap.key_class));
    if (!raw.ok() || raw->size() != 32) continue;
    std::array<unsigned char, 32> key_bytes;
    std::memcpy(key_bytes.data(), raw->data(), key_bytes.size());
    const SecretKey content_key(key_bytes);
    sodium_memzero(key_bytes.data(), key_bytes.size());
    sodium_memzero(raw->data(), raw->size());
    auto plain = Unseal(content_key, body.sealed, kContentBound);
    if (!plain.ok() || plain->size() < events::kSaltBytes) continue;
    opened.item.encoding = body.encoding;
    std::memcpy(opened.item.salt.data(), plain->data(), opened.item.salt.size());
    opened.item.bytes = plain->substr(events::kSaltBytes);
    opened.state = Opened::State::kOpen;
    return opened;
  }
  return opened;
}

Bytes DocumentKey(const Vault& vault, const Handle& owner, const Sha256Digest& digest) {
  return Bytes(owner.view()) + vault.Tag("document", digest.view());
}

}  // namespace oppi::ledger
