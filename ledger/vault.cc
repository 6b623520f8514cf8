#include "ledger/vault.h"

#include <sodium.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "ledger/locked_memory.h"

namespace oppi::ledger {
namespace {

/// Past this many cached owners the caches are dropped and refilled from the store.
constexpr std::size_t kCachedMax = 2'000'000;

constexpr char kOwner = 'o';
constexpr char kRing = 'k';
constexpr std::string_view kGenerationName = "generation";
constexpr std::string_view kOwedName = "generation owed";
constexpr std::string_view kBodiesAdoptedName = "erasures: bodies";
constexpr std::string_view kViewsAdoptedName = "erasures: views";

const unsigned char* U(ByteView v) { return reinterpret_cast<const unsigned char*>(v.data()); }
unsigned char* U(Bytes& v) { return reinterpret_cast<unsigned char*>(v.data()); }

Bytes Prefix(std::uint32_t generation) {
  Bytes prefix;
  ByteWriter(prefix).U32(generation);
  return prefix;
}

Bytes RowKey(std::uint32_t generation, char kind, ByteView id) {
  Bytes key = Prefix(generation);
  key.push_back(kind);
  return key.append(id);
}

std::uint32_t GenerationOf(ByteView row_key) { return ByteReader(row_key).U32(); }

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
};

struct HandleHash {
  std::size_t operator()(const Handle& handle) const {
    std::uint64_t v = 0;
    std::memcpy(&v, handle.bytes.data(), sizeof(v));  // handles are random
    return v;
  }
};

}  // namespace

struct Vault::Cache {
  /// Keys are the one thing here that must reach neither swap nor a core dump.
  const std::shared_ptr<LockedArena> arena = std::make_shared<LockedArena>();

  [[nodiscard]] KeyRingPtr Locked(KeyRing ring) const {
    return std::allocate_shared<const KeyRing>(LockedAllocator<KeyRing>(arena), std::move(ring));
  }

  mutable std::shared_mutex mutex;  // guards what follows
  std::shared_ptr<const Generation> generation;
  /// Counts what was forgotten: what a reader fetched before is not put back after.
  std::uint64_t version = 0;
  std::unordered_map<std::string, std::shared_ptr<const OwnerRow>, TextHash, std::equal_to<>> owners;
  std::unordered_map<std::string, KeyRingPtr, TextHash, std::equal_to<>> in_use;
  std::unordered_map<Handle, KeyRingPtr, HandleHash> rings;

  void Trim() {
    if (owners.size() >= kCachedMax) owners.clear();
    if (in_use.size() >= kCachedMax) in_use.clear();
    if (rings.size() >= kCachedMax) rings.clear();
  }
};

Vault::Vault(Store& rows, Entropy& entropy, Options options)
    : rows_(rows), entropy_(entropy), options_(std::move(options)), cache_(std::make_unique<Cache>()) {}
Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::Open(Store& rows, Entropy& entropy, Options options) {
  std::unique_ptr<Vault> vault(new Vault(rows, entropy, std::move(options)));
  const std::string& directory = vault->options_.directory;
  MasterKey& master = *vault->options_.master;
  OPPI_TRY(const auto row, rows.Get(Table::kMeta, kGenerationName));
  std::uint32_t number = 1;
  if (row) {
    ByteReader r(*row);
    number = r.U32();
    if (!r.done() || number == 0) return DataLoss("vault: the number of the generation is damaged");
  } else {
    OPPI_TRY(const auto any, rows.Floor(Table::kVault, "\xff"));
    if (any) return DataLoss("vault: there are keys, but nothing says of which generation");
    if (!vault->options_.create) return DataLoss("vault: it is empty; put the vault of this ledger back");
    // An interrupted start may have left the key file; nothing was wrapped under it.
    if (GenerationsIn(directory).empty()) OPPI_RETURN_IF_ERROR(MakeGeneration(directory, nullptr, master, entropy));
  }
  auto generation = ReadGeneration(directory, number, master);
  if (!generation.ok() && generation.error().code == Code::kNotFound)
    return DataLoss("vault: the generation key file is missing, but keys wrapped by it exist");
  if (!generation.ok()) return std::move(generation).error();
  vault->tag_key_.emplace(generation->tag.get());
  vault->label_key_.emplace(VrfSecretKey::Derive(generation->tags.get(), "oppiloki/label key/v1"));
  vault->cache_->generation = std::make_shared<const Generation>(*std::move(generation));
  if (!row) {
    WriteBatch first;
    first.Put(Table::kMeta, kGenerationName, Prefix(number));
    OPPI_RETURN_IF_ERROR(rows.Apply(first, Durability::kSynced));
  }
  OPPI_RETURN_IF_ERROR(vault->Settle(number));
  return vault;
}

/// A switch that was interrupted: before it, the new generation is nothing yet; after it, the old one
/// is nothing any more.
Status Vault::Settle(std::uint32_t current) {
  for (const std::uint32_t number : GenerationsIn(options_.directory))
    if (number != current) OPPI_RETURN_IF_ERROR(DestroyGeneration(options_.directory, number, entropy_));
  const Bytes first = Prefix(current);
  const Bytes after = Prefix(current + 1);
  OPPI_TRY(const auto below, rows_.Floor(Table::kVault, first));
  if (below && GenerationOf(below->first) < current) OPPI_RETURN_IF_ERROR(rows_.Drop(Table::kVault, {}, first));
  OPPI_TRY(const auto above, rows_.Floor(Table::kVault, "\xff\xff\xff\xff\xff"));
  if (above && GenerationOf(above->first) > current) OPPI_RETURN_IF_ERROR(rows_.Drop(Table::kVault, after, {}));
  OPPI_TRY(const auto owed, rows_.Get(Table::kMeta, kOwedName));
  owed_ = owed.has_value();
  return {};
}

std::shared_ptr<const Generation> Vault::Current() const {
  const std::shared_lock lock(cache_->mutex);
  return cache_->generation;
}

std::uint32_t Vault::generation() const { return Current()->number; }

SecretKey Vault::ListKey() const {
  const SecretKey& tag_key = tag_key_->get();
  std::array<unsigned char, 32> out;
  crypto_generichash(out.data(), out.size(), U("erasure list"), 12, tag_key.data(), 32);
  const SecretKey key(out);
  sodium_memzero(out.data(), out.size());
  return key;
}

Bytes Vault::Tag(std::string_view domain, ByteView value) const {
  const SecretKey& tag_key = tag_key_->get();
  Bytes tag(16, '\0');
  crypto_generichash_state state;
  crypto_generichash_init(&state, tag_key.data(), 32, tag.size());
  const auto length = static_cast<unsigned char>(domain.size());
  crypto_generichash_update(&state, &length, 1);
  crypto_generichash_update(&state, U(domain), domain.size());
  crypto_generichash_update(&state, U(value), value.size());
  crypto_generichash_final(&state, U(tag), tag.size());
  return tag;
}

void Vault::Put(char kind, ByteView id, ByteView plain, WriteBatch& rows) const {
  for (const auto& generation : {Current(), next_}) {
    if (generation == nullptr) continue;
    const Bytes key = RowKey(generation->number, kind, id);
    if (plain.empty())
      rows.Delete(Table::kVault, key);
    else
      rows.Put(Table::kVault, key, Seal(generation->wrap.get(), plain, key, entropy_));
  }
}

Result<std::optional<Bytes>> Vault::Read(char kind, ByteView id) const {
  for (;;) {
    const auto generation = Current();
    const Bytes key = RowKey(generation->number, kind, id);
    OPPI_TRY(const auto sealed, rows_.Get(Table::kVault, key));
    if (!sealed) {
      if (Current() == generation) return std::optional<Bytes>();
      continue;  // the generation was switched, and the row went with the old one
    }
    OPPI_TRY(Bytes plain, Unseal(generation->wrap.get(), *sealed, key));
    return std::optional(std::move(plain));
  }
}

Result<std::optional<OwnerRow>> Vault::FindOwner(std::string_view owner) const {
  std::uint64_t version = 0;
  {
    const std::shared_lock lock(cache_->mutex);
    if (const auto it = cache_->owners.find(owner); it != cache_->owners.end()) return std::optional(*it->second);
    version = cache_->version;
  }
  OPPI_TRY(const auto plain, Read(kOwner, Tag("owner", owner)));
  if (!plain) return std::optional<OwnerRow>();
  OPPI_TRY(OwnerRow row, DecodeOwner(*plain));
  if (row.name != owner) return DataLoss("vault: an owner's row is another's");
  const std::unique_lock lock(cache_->mutex);
  if (cache_->version != version) return std::optional(std::move(row));
  cache_->Trim();
  cache_->owners.emplace(owner, std::make_shared<const OwnerRow>(row));
  return std::optional(std::move(row));
}

Result<std::vector<Handle>> Vault::FindHandles(std::string_view owner) const {
  OPPI_TRY(std::optional<OwnerRow> row, FindOwner(owner));
  return row ? std::move(row->handles) : std::vector<Handle>();
}

Result<KeyRingPtr> Vault::FindRing(const Handle& handle) const {
  std::uint64_t version = 0;
  {
    const std::shared_lock lock(cache_->mutex);
    if (const auto it = cache_->rings.find(handle); it != cache_->rings.end()) return it->second;
    version = cache_->version;
  }
  OPPI_TRY(auto plain, Read(kRing, handle.view()));
  if (!plain) return KeyRingPtr();
  auto decoded = DecodeKeyRing(handle, *plain);
  sodium_memzero(plain->data(), plain->size());
  if (!decoded.ok()) return std::move(decoded).error();
  KeyRingPtr ring = cache_->Locked(*std::move(decoded));
  const std::unique_lock lock(cache_->mutex);
  if (cache_->version != version) return ring;
  cache_->Trim();
  cache_->rings.emplace(handle, ring);
  return ring;
}

Result<std::optional<SecretKey>> Vault::FindKey(const Handle& handle, KeyClass key_class) const {
  OPPI_TRY(const KeyRingPtr ring, FindRing(handle));
  const SecretKey* key = ring == nullptr ? nullptr : ring->Find(key_class);
  return key == nullptr ? std::optional<SecretKey>() : std::optional(*key);
}

Status Vault::ScanOwners(const std::function<bool(const OwnerRow&)>& each) const {
  const auto generation = Current();
  const Bytes from = RowKey(generation->number, kOwner, {});
  Status failure;
  OPPI_RETURN_IF_ERROR(rows_.Scan(Table::kVault, from, PrefixEnd(from), [&](ByteView key, ByteView sealed) {
    const auto plain = Unseal(generation->wrap.get(), sealed, key);
    auto row = plain.ok() ? DecodeOwner(*plain) : Result<OwnerRow>(plain.error());
    if (row.ok()) return each(*row);
    failure = row.error();
    return false;
  }));
  return failure;
}

void Vault::PutRing(const KeyRing& ring, WriteBatch& rows) const {
  Bytes plain = EncodeKeyRing(ring);
  Put(kRing, ring.handle.view(), plain, rows);
  sodium_memzero(plain.data(), plain.size());
}

void Vault::PutOwner(const OwnerRow& owner, WriteBatch& rows) const {
  Put(kOwner, Tag("owner", owner.name), owner.handles.empty() ? Bytes() : EncodeOwner(owner), rows);
}

KeyRingPtr Vault::RingAtHand(std::string_view owner) const {
  const std::shared_lock lock(cache_->mutex);
  const auto it = cache_->in_use.find(owner);
  return it == cache_->in_use.end() ? KeyRingPtr() : it->second;
}

Result<KeyRingPtr> Vault::FindRingInUse(std::string_view owner) const {
  std::optional<OwnerRow> known;
  return FindRingInUse(owner, known);
}

Result<KeyRingPtr> Vault::FindRingInUse(std::string_view owner, std::optional<OwnerRow>& known) const {
  std::uint64_t version = 0;
  {
    const std::shared_lock lock(cache_->mutex);
    if (const auto it = cache_->in_use.find(owner); it != cache_->in_use.end()) return it->second;
    version = cache_->version;
  }
  OPPI_TRY(known, FindOwner(owner));
  if (!known) return KeyRingPtr();
  OPPI_TRY(KeyRingPtr ring, FindRing(known->handles.front()));
  if (ring == nullptr) return ring;
  const std::unique_lock lock(cache_->mutex);
  if (cache_->version == version) cache_->in_use.emplace(owner, ring);
  return ring;
}

Result<KeyRingPtr> Vault::RingFor(std::string_view owner, WriteBatch& rows, const Handle* proposed) {
  std::optional<OwnerRow> known;
  OPPI_TRY(const KeyRingPtr there, FindRingInUse(owner, known));
  if (there != nullptr) return there;
  KeyRingPtr ring = cache_->Locked(NewKeyRing(proposed != nullptr ? *proposed : NewHandle(entropy_), entropy_));
  OwnerRow named{std::string(owner), {ring->handle}};
  // Lost keys stay lost, and fsck names what they sealed; one owner's loss must not stop intake for all.
  if (known) named.handles.insert(named.handles.end(), known->handles.begin(), known->handles.end());
  auto row = std::make_shared<const OwnerRow>(std::move(named));
  PutRing(*ring, rows);
  PutOwner(*row, rows);
  const std::unique_lock lock(cache_->mutex);
  if (known) ++cache_->version;
  cache_->Trim();
  cache_->owners.insert_or_assign(row->name, row);
  cache_->in_use.emplace(owner, ring);
  cache_->rings.emplace(ring->handle, ring);
  return ring;
}

Result<KeyRingPtr> Vault::WithKey(std::string_view owner, KeyRingPtr ring, KeyClass key_class, WriteBatch& rows) {
  if (ring->Find(key_class) != nullptr) return ring;
  KeyRing more = *ring;
  more.Set(key_class, NewKey(entropy_));
  PutRing(more, rows);
  KeyRingPtr changed = cache_->Locked(std::move(more));
  const std::unique_lock lock(cache_->mutex);
  ++cache_->version;
  cache_->rings.insert_or_assign(changed->handle, changed);
  cache_->in_use.insert_or_assign(std::string(owner), changed);
  return changed;
}

Status Vault::Apply(const WriteBatch& rows) {
  if (rows.empty()) return {};
  NoteWritten(rows);
  return rows_.Apply(rows, Durability::kSynced);
}

/// Rows that are all of later generations say that this vault is an older copy: it would keep the old keys.
Status Vault::Adopt(KeysOf kind, std::uint32_t number, const WriteBatch& rows, const std::vector<std::string_view>& owners) {
  const std::string_view mark = kind == KeysOf::kBodies ? kBodiesAdoptedName : kViewsAdoptedName;
  OPPI_TRY(const auto adopted, rows_.Get(Table::kMeta, mark));
  if (adopted && ByteReader(*adopted).U32() >= number) return {};
  WriteBatch kept;
  const std::uint32_t current = generation();
  bool later = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const WriteBatch::Entry row = rows[i];
    const std::uint32_t of = GenerationOf(row.key);
    later = later || of > current;
    if (of != current && (next_ == nullptr || of != next_->number)) continue;
    if (row.is_delete)
      kept.Delete(Table::kVault, row.key);
    else
      kept.Put(Table::kVault, row.key, row.value);
  }
  if (kept.empty() && later) return DataLoss("vault: it is older than an erasure that is to be done again; take a newer copy of it");
  kept.Put(Table::kMeta, mark, Prefix(number));
  kept.Put(Table::kMeta, kOwedName, "1");
  NoteWritten(kept);
  OPPI_RETURN_IF_ERROR(rows_.Apply(kept, Durability::kSynced));
  owed_ = true;
  const std::unique_lock lock(cache_->mutex);
  ++cache_->version;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ByteView id = rows[i].key.substr(4);
    const auto handle = id.empty() ? std::nullopt : HandleFrom(id.substr(1));
    if (!handle || id[0] != kRing) continue;
    cache_->rings.erase(*handle);
  }
  for (const std::string_view owner : owners) {
    if (const auto it = cache_->owners.find(owner); it != cache_->owners.end()) cache_->owners.erase(it);
    if (const auto it = cache_->in_use.find(owner); it != cache_->in_use.end()) cache_->in_use.erase(it);
  }
  return {};
}

Status Vault::BeginGeneration() {
  if (next_ != nullptr) return {};
  OPPI_TRY(Generation next, MakeGeneration(options_.directory, Current().get(), *options_.master, entropy_));
  next_ = std::make_shared<const Generation>(std::move(next));
  rewrap_from_ = Prefix(Current()->number);
  rewrapped_ = 0;
  return {};
}

Result<WriteBatch> Vault::Rewrap(std::size_t rows) {
  OPPI_CHECK(next_ != nullptr);
  const auto generation = Current();
  WriteBatch again;
  Bytes last;
  Status failure;
  OPPI_RETURN_IF_ERROR(rows_.Scan(Table::kVault, rewrap_from_, Prefix(next_->number), [&](ByteView key, ByteView sealed) {
    auto plain = Unseal(generation->wrap.get(), sealed, key);
    if (!plain.ok()) {
      failure = DataLoss("vault: a row does not open under its generation");
      return false;
    }
    const Bytes to = Prefix(next_->number).append(key.substr(4));
    again.Put(Table::kVault, to, Seal(next_->wrap.get(), *plain, to, entropy_));
    sodium_memzero(plain->data(), plain->size());
    last = key;
    return again.size() < rows;
  }));
  OPPI_RETURN_IF_ERROR(failure);
  if (!again.empty()) rewrap_from_ = last + '\0';
  rewrapped_ += again.size();
  return again;
}

Status Vault::ApplyRewrapped(const WriteBatch& rows) {
  if (written_anew_.empty()) return rows_.Apply(rows, Durability::kBuffered);
  WriteBatch kept;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!written_anew_.contains(Bytes(rows[i].key))) kept.Put(rows[i].table, rows[i].key, rows[i].value);
  return rows_.Apply(kept, Durability::kBuffered);
}

/// From now on these rows of the next generation are newer than what Rewrap may have read.
void Vault::NoteWritten(const WriteBatch& rows) {
  if (next_ == nullptr) return;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].table == Table::kVault && GenerationOf(rows[i].key) == next_->number) written_anew_.emplace(rows[i].key);
}

Status Vault::FinishGeneration() {
  OPPI_CHECK(next_ != nullptr);
  const auto old = Current();
  WriteBatch turn;
  turn.Put(Table::kMeta, kGenerationName, Prefix(next_->number));
  turn.Delete(Table::kMeta, kOwedName);
  OPPI_RETURN_IF_ERROR(rows_.Apply(turn, Durability::kSynced));
  owed_ = false;
  {
    const std::unique_lock lock(cache_->mutex);
    cache_->generation = next_;
  }
  next_ = nullptr;
  written_anew_.clear();
  return DestroyGeneration(options_.directory, old->number, entropy_);
}

Status Vault::DropOldRows() { return rows_.Drop(Table::kVault, {}, Prefix(generation())); }

}  // namespace oppi::ledger
