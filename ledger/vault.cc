#include "ledger/vault.h"

#include <sodium.h>

#include <cstring>
#include <filesystem>
#include <shared_mutex>

#include "ledger/durable_file.h"

namespace oppi::ledger {
namespace {

/// Past this many cached learners the caches are dropped and refilled from the store.
constexpr std::size_t kCachedMax = 2'000'000;

const unsigned char* U(ByteView v) { return reinterpret_cast<const unsigned char*>(v.data()); }
unsigned char* U(Bytes& v) { return reinterpret_cast<unsigned char*>(v.data()); }

Bytes HandleRow(ByteView tag) { return Bytes("h").append(tag); }
Bytes KeyRow(const Handle& handle, KeyClass key_class) {
  Bytes row("k");
  row.append(handle.view());
  row.push_back(static_cast<char>(key_class));
  return row;
}

SecretKey Derive(const SecretKey& key, std::string_view context) {
  std::array<unsigned char, 32> out;
  crypto_generichash(out.data(), out.size(), U(context), context.size(), key.data(), 32);
  SecretKey derived(out);
  sodium_memzero(out.data(), out.size());
  return derived;
}

Result<SecretKey> KeyFrom(ByteView bytes) {
  if (bytes.size() != 32) return DataLoss("vault: a key has the wrong length");
  std::array<unsigned char, 32> raw;
  std::memcpy(raw.data(), bytes.data(), raw.size());
  SecretKey key(raw);
  sodium_memzero(raw.data(), raw.size());
  return key;
}

/// Generation file: generation key and tag key, wrapped by the master key.
constexpr std::string_view kGenerationBound = "oppiloki/generation/v1\n";

}  // namespace

struct Vault::Cache {
  struct KeyName {
    Handle handle;
    KeyClass key_class;
    friend bool operator==(const KeyName&, const KeyName&) = default;
  };
  struct KeyNameHash {
    std::size_t operator()(const KeyName& n) const {
      std::uint64_t v = 0;
      std::memcpy(&v, n.handle.bytes.data(), sizeof(v));  // handles are random
      return v ^ (static_cast<std::uint64_t>(n.key_class) * 0x9e3779b97f4a7c15U);
    }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::shared_mutex mutex;
  std::unordered_map<std::string, Handle, TextHash, std::equal_to<>> handles;
  std::unordered_map<KeyName, SecretKey, KeyNameHash> keys;
};

Vault::Vault(Store& store, Entropy& entropy, Options options)
    : store_(store), entropy_(entropy), options_(std::move(options)), cache_(std::make_unique<Cache>()) {}
Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::Open(Store& store, Entropy& entropy, Options options) {
  std::unique_ptr<Vault> vault(new Vault(store, entropy, std::move(options)));
  const std::string path = vault->options_.directory + "/generation.key";
  OPPI_TRY(const std::optional<Bytes> file, ReadFileIfThere(path));
  if (!file) {
    OPPI_TRY(const auto any, store.Floor(Table::kVault, "\xff"));
    if (any) return DataLoss("vault: the generation key file is missing, but keys wrapped by it exist");
    Bytes secret = entropy.Take(64);
    const auto wrapped = vault->options_.master->Wrap(secret, kGenerationBound, entropy);
    sodium_memzero(secret.data(), secret.size());
    if (!wrapped.ok()) return At("vault", wrapped.error());
    OPPI_RETURN_IF_ERROR(WriteFileDurably(path, *wrapped, 0600));
    return Open(store, entropy, vault->options_);
  }
  auto opened = vault->options_.master->Unwrap(*file, kGenerationBound);
  if (!opened.ok() && opened.error().code != Code::kPermissionDenied) return At("vault", std::move(opened).error());
  if (!opened.ok() || opened->size() != 64) return PermissionDenied("vault: the master key does not open the generation key");
  OPPI_TRY(vault->generation_, KeyFrom(ByteView(*opened).substr(0, 32)));
  OPPI_TRY(vault->tag_key_, KeyFrom(ByteView(*opened).substr(32)));
  sodium_memzero(opened->data(), opened->size());
  vault->generation_ = Derive(vault->generation_, "wrap");
  vault->tag_key_ = Derive(vault->tag_key_, "tag");
  return vault;
}

Bytes Vault::Tag(std::string_view domain, ByteView value) const {
  Bytes tag(16, '\0');
  crypto_generichash_state state;
  crypto_generichash_init(&state, tag_key_.data(), 32, tag.size());
  const auto length = static_cast<unsigned char>(domain.size());
  crypto_generichash_update(&state, &length, 1);
  crypto_generichash_update(&state, U(domain), domain.size());
  crypto_generichash_update(&state, U(value), value.size());
  crypto_generichash_final(&state, U(tag), tag.size());
  return tag;
}

Result<std::optional<Handle>> Vault::FindHandle(std::string_view owner) const {
  {
    const std::shared_lock lock(cache_->mutex);
    const auto it = cache_->handles.find(owner);
    if (it != cache_->handles.end()) return std::optional(it->second);
  }
  const Bytes row = HandleRow(Tag("owner", owner));
  OPPI_TRY(const auto sealed, store_.Get(Table::kVault, row));
  if (!sealed) return std::optional<Handle>();
  OPPI_TRY(const Bytes plain, Unseal(generation_, *sealed, row));
  Handle handle;
  if (plain.size() != handle.bytes.size()) return DataLoss("vault: a handle has the wrong length");
  std::memcpy(handle.bytes.data(), plain.data(), plain.size());
  const std::unique_lock lock(cache_->mutex);
  if (cache_->handles.size() >= kCachedMax) cache_->handles.clear();
  cache_->handles.emplace(owner, handle);
  return std::optional(handle);
}

Result<std::optional<SecretKey>> Vault::FindKey(const Handle& handle, KeyClass key_class) const {
  const Cache::KeyName name{handle, key_class};
  {
    const std::shared_lock lock(cache_->mutex);
    const auto it = cache_->keys.find(name);
    if (it != cache_->keys.end()) return std::optional(it->second);
  }
  const Bytes row = KeyRow(handle, key_class);
  OPPI_TRY(const auto sealed, store_.Get(Table::kVault, row));
  if (!sealed) return std::optional<SecretKey>();
  OPPI_TRY(Bytes plain, Unseal(generation_, *sealed, row));
  OPPI_TRY(const SecretKey key, KeyFrom(plain));
  sodium_memzero(plain.data(), plain.size());
  const std::unique_lock lock(cache_->mutex);
  if (cache_->keys.size() >= kCachedMax) cache_->keys.clear();
  cache_->keys.emplace(name, key);
  return std::optional(key);
}

Result<Handle> Vault::HandleFor(std::string_view owner, WriteBatch& writes) {
  OPPI_TRY(const std::optional<Handle> found, FindHandle(owner));
  if (found) return *found;
  Handle handle;
  entropy_.Fill(handle.bytes);
  const Bytes row = HandleRow(Tag("owner", owner));
  writes.Put(Table::kVault, row, Seal(generation_, handle.view(), row, entropy_));
  const std::unique_lock lock(cache_->mutex);
  cache_->handles.emplace(owner, handle);
  return handle;
}

Result<SecretKey> Vault::KeyFor(const Handle& handle, KeyClass key_class, WriteBatch& writes) {
  OPPI_TRY(const std::optional<SecretKey> found, FindKey(handle, key_class));
  if (found) return *found;
  auto raw = entropy_.Array<32>();
  const SecretKey key(raw);
  sodium_memzero(raw.data(), raw.size());
  const Bytes row = KeyRow(handle, key_class);
  writes.Put(Table::kVault, row, Seal(generation_, key.view(), row, entropy_));
  const std::unique_lock lock(cache_->mutex);
  cache_->keys.emplace(Cache::KeyName{handle, key_class}, key);
  return key;
}

}  // namespace oppi::ledger
