#include "ops/key_files.h"

#include <sodium.h>
#include <sys/stat.h>

#include <cstring>

#include "ledger/durable_file.h"

namespace oppi::ops {
namespace {

Result<Bytes> ReadSecretFile(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return NotFound("no key file at " + path);
  if ((info.st_mode & 077) != 0)
    return PermissionDenied("the key file " + path + " can be read by others; run: chmod 600 " + path);
  OPPI_TRY(std::optional<Bytes> bytes, ledger::ReadFileIfThere(path));
  if (!bytes) return NotFound("no key file at " + path);
  return *std::move(bytes);
}

Status WriteSecretFile(const std::string& path, ByteView bytes) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return AlreadyExists("there is a file at " + path + " already");
  return ledger::WriteFileDurably(path, bytes, 0600);
}

}  // namespace

Result<NamedSigningKey> ReadKeyFile(const std::string& path) {
  OPPI_TRY(Bytes text, ReadSecretFile(path));
  auto key = ParseSigningKey(text);
  sodium_memzero(text.data(), text.size());
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
  OPPI_TRY(Bytes text, ReadSecretFile(path));
  std::string_view hex = text;
  if (hex.ends_with('\n')) hex.remove_suffix(1);
  auto raw = FromHex(hex);
  sodium_memzero(text.data(), text.size());
  if (!raw || raw->size() != 32) return InvalidArgument("the master key file " + path + " does not hold 64 hex digits");
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
