#include "ops/key_files.h"

#include <sodium.h>

#include <cstring>

#include "ops/secret_file.h"

namespace oppi::ops {

Result<NamedSigningKey> ReadKeyFile(const std::string& path) {
  OPPI_TRY(const ledger::GuardedBytes text, ReadSecretFile(path));
  auto key = ParseSigningKey(text.view());
  if (!key.ok()) return At(path, std::move(key).error());
  return key;
}

Status WriteKeyFile(const std::string& path, const NamedSigningKey& key) {
  std::string text = FormatSigningKey(key);
  Status written = WriteSecretFile(path, text);
  sodium_memzero(text.data(), text.size());
  return written;
}

Result<ledger::SecretKey> ReadMasterKey(const std::string& path) {
  OPPI_TRY(const ledger::GuardedBytes text, ReadSecretFile(path));
  return ParseMasterKey("the master key file " + path, text.view());
}

Result<ledger::SecretKey> ParseMasterKey(const std::string& what, ByteView text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto raw = FromHex(text);
  if (!raw || raw->size() != 32) return InvalidArgument(what + " does not hold 64 hex digits");
  std::array<unsigned char, 32> bytes;
  std::memcpy(bytes.data(), raw->data(), bytes.size());
  sodium_memzero(raw->data(), raw->size());
  ledger::SecretKey key(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

Status WriteMasterKey(const std::string& path, Entropy& entropy) {
  Bytes raw = entropy.Take(32);
  std::string text = ToHex(raw) + "\n";
  Status written = WriteSecretFile(path, text);
  sodium_memzero(raw.data(), raw.size());
  sodium_memzero(text.data(), text.size());
  return written;
}

}  // namespace oppi::ops
