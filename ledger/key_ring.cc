#include "ledger/key_ring.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace oppi::ledger {

SecretKey NewKey(Entropy& entropy) {
  auto raw = entropy.Array<32>();
  const SecretKey key(raw);
  sodium_memzero(raw.data(), raw.size());
  return key;
}

Handle NewHandle(Entropy& entropy) {
  Handle handle;
  entropy.Fill(handle.bytes);
  return handle;
}

std::optional<HandleSalt> SaltOf(const KeyRing& ring) {
  constexpr std::string_view kContext = "oppiloki/handle salt/v1";
  const SecretKey* key = ring.Find(KeyClass::kA);
  if (key == nullptr) return std::nullopt;
  HandleSalt salt;
  crypto_generichash(salt.data(), salt.size(), reinterpret_cast<const unsigned char*>(kContext.data()), kContext.size(), key->data(), 32);
  return salt;
}

KeyRing NewKeyRing(const Handle& handle, Entropy& entropy) {
  KeyRing ring;
  ring.handle = handle;
  for (std::size_t i = 1; i < kKeyClasses; ++i) ring.keys[i] = NewKey(entropy);
  return ring;
}

Bytes EncodeKeyRing(const KeyRing& ring) {
  Bytes bytes;
  bytes.reserve(kKeyClasses * 33);
  for (std::size_t i = 0; i < kKeyClasses; ++i) {
    if (!ring.keys[i]) continue;
    bytes.push_back(static_cast<char>(i));
    bytes.append(ring.keys[i]->view());
  }
  return bytes;
}

Result<KeyRing> DecodeKeyRing(const Handle& handle, ByteView bytes) {
  KeyRing ring;
  ring.handle = handle;
  ByteReader r(bytes);
  int last = -1;
  while (r.ok() && !r.rest().empty()) {
    const int key_class = r.U8();
    const ByteView raw = r.Raw(32);
    if (!r.ok() || key_class <= last || static_cast<std::size_t>(key_class) >= kKeyClasses)
      return DataLoss("vault: a ring of keys is damaged");
    std::array<unsigned char, 32> copy;
    std::memcpy(copy.data(), raw.data(), copy.size());
    ring.keys[static_cast<std::size_t>(key_class)].emplace(copy);
    sodium_memzero(copy.data(), copy.size());
    last = key_class;
  }
  return ring;
}

Bytes EncodeOwner(const OwnerRow& owner) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.Long(owner.name);
  w.U8(static_cast<std::uint8_t>(owner.handles.size()));
  for (const Handle& handle : owner.handles) w.Raw(handle.view());
  return bytes;
}

Result<OwnerRow> DecodeOwner(ByteView bytes) {
  ByteReader r(bytes);
  OwnerRow owner;
  owner.name = r.Long();
  const std::size_t count = r.U8();
  for (std::size_t i = 0; i < count && r.ok(); ++i)
    if (const auto handle = HandleFrom(r.Raw(sizeof(Handle::bytes)))) owner.handles.push_back(*handle);
  if (!r.done() || owner.handles.empty()) return DataLoss("vault: an owner's row is damaged");
  return owner;
}

}  // namespace oppi::ledger
