#include "ledger/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>

namespace oppi::ledger {
namespace {

constexpr std::array<const char*, kTables> kNames = {"meta",    "leaves",         "tiles", "bodies",  "dedup",    "streams",
                                                     "entries", "vault",          "batches", "documents", "views",  "labels", "transitions"};

constexpr std::size_t kHashedPrefix = 16;  // a tag, a handle or half a label
/// The buckets must be a small part of the buffer that they index.
std::size_t HashBuckets(std::size_t write_buffer_bytes) {
  return std::clamp<std::size_t>(write_buffer_bytes / 256, 16, 262'144);
}

rocksdb::Slice Slice(ByteView v) { return {v.data(), v.size()}; }
ByteView View(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

Error FromRocks(const rocksdb::Status& status, const char* doing) {
  // RocksDB's texts name files and numbers, never values.
  const std::string message = std::string("store: ") + doing + ": " + status.ToString();
  if (status.IsCorruption() || status.IsIOError()) return DataLoss(message);
  if (status.IsNotFound()) return NotFound(message);
  return Unavailable(message);
}

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  RocksSnapshot(const RocksSnapshot&) = delete;
  RocksSnapshot& operator=(const RocksSnapshot&) = delete;
  [[nodiscard]] const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* db_;
  const rocksdb::Snapshot* snapshot_;
};

rocksdb::ReadOptions At(const Snapshot* at) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;  // scans cross the prefixes of the hashed tables
  if (at != nullptr) options.snapshot = static_cast<const RocksSnapshot*>(at)->get();
  return options;
}

class RocksDbStore final : public Store {
 public:
  RocksDbStore(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : db_(std::move(db)), families_(std::move(families)) {}

  ~RocksDbStore() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) (void)db_->DestroyColumnFamilyHandle(family);
    (void)db_->Close();
  }
  RocksDbStore(const RocksDbStore&) = delete;
  RocksDbStore& operator=(const RocksDbStore&) = delete;

  Result<std::optional<Bytes>> Get(Table table, ByteView key, const Snapshot* at) const override {
    Bytes value;
    const rocksdb::Status status = db_->Get(At(at), Family(table), Slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (!status.ok()) return FromRocks(status, "read");
    return std::optional<Bytes>(std::move(value));
  }

  Result<std::vector<std::optional<Bytes>>> MultiGet(Table table, const std::vector<Bytes>& keys) const override {
    std::vector<rocksdb::Slice> slices(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) slices[i] = Slice(keys[i]);
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(rocksdb::ReadOptions(), Family(table), keys.size(), slices.data(), values.data(), statuses.data());
    std::vector<std::optional<Bytes>> found(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].ok())
        found[i] = values[i].ToString();
      else if (!statuses[i].IsNotFound())
        return FromRocks(statuses[i], "read");
    }
    return found;
  }

  Status Scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& row,
              const Snapshot* at) const override {
    rocksdb::ReadOptions options = At(at);
    const rocksdb::Slice upper = Slice(to);
    if (!to.empty()) options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, Family(table)));
    for (it->Seek(Slice(from)); it->Valid(); it->Next())
      if (!row(View(it->key()), View(it->value()))) break;
    if (!it->status().ok()) return FromRocks(it->status(), "scan");
    return {};
  }

  Result<std::optional<std::pair<Bytes, Bytes>>> Floor(Table table, ByteView key, const Snapshot* at) const override {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(At(at), Family(table)));
    it->SeekForPrev(Slice(key));
    if (!it->status().ok()) return FromRocks(it->status(), "seek");
    if (!it->Valid()) return std::optional<std::pair<Bytes, Bytes>>();
    return std::optional(std::pair(it->key().ToString(), it->value().ToString()));
  }

  Status Apply(const WriteBatch& batch, Durability durability) override {
    rocksdb::WriteBatch out(batch.bytes() + batch.size() * 16);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const WriteBatch::Entry e = batch[i];
      const rocksdb::Status s = e.is_delete ? out.Delete(Family(e.table), Slice(e.key))
                                            : out.Put(Family(e.table), Slice(e.key), Slice(e.value));
      OPPI_CHECK(s.ok());
    }
    rocksdb::WriteOptions options;
    options.sync = durability == Durability::kSynced;
    const rocksdb::Status status = db_->Write(options, &out);
    if (!status.ok()) return DataLoss("store: commit outcome unknown: " + status.ToString());
    return {};
  }

  Status Drop(Table table, ByteView from, ByteView to) override {
    Bytes end(to);
    if (to.empty()) {
      OPPI_TRY(const auto last, Floor(table, Bytes(64, '\xff'), nullptr));
      if (!last) return {};
      end = last->first + '\0';
    }
    const Bytes begin(from);  // a Slice must point somewhere, even when it is empty
    const rocksdb::Slice first = Slice(begin);
    const rocksdb::Slice last = Slice(end);
    rocksdb::Status status = db_->DeleteRange(rocksdb::WriteOptions(), Family(table), first, last);
    if (status.ok()) status = db_->Flush(rocksdb::FlushOptions(), Family(table));
    rocksdb::CompactRangeOptions compact;
    compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    if (status.ok()) status = db_->CompactRange(compact, Family(table), &first, &last);
    if (!status.ok()) return FromRocks(status, "drop");
    return {};
  }

  [[nodiscard]] Status CopyTo(const std::string& directory) const {
    rocksdb::Checkpoint* raw = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    // Buffers are flushed first, so the copy rests on no write-ahead log of ours.
    if (status.ok()) status = checkpoint->CreateCheckpoint(directory);
    if (status.IsIOError() && status.subcode() == rocksdb::Status::kNoSpace) return ResourceExhausted("store: no space left for a copy");
    if (!status.ok()) return FromRocks(status, "copy");
    return {};
  }

  std::shared_ptr<const Snapshot> Freeze() const override { return std::make_shared<RocksSnapshot>(db_.get()); }

 private:
  [[nodiscard]] rocksdb::ColumnFamilyHandle* Family(Table table) const {
    return families_[static_cast<std::size_t>(table)];
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

rocksdb::ColumnFamilyOptions FamilyOptions(Table table, const RocksDbOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.cache_index_and_filter_blocks = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  blocks.block_size = 16 * 1024;
  blocks.format_version = 5;
  // Tables that are asked for keys they mostly do not have, or for single random keys.
  const bool random = table == Table::kDedup || table == Table::kStreams || table == Table::kLabels;
  rocksdb::ColumnFamilyOptions family;
  if (random) {
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    // Random keys: a hash of the tag or handle finds its place, where a skip list would compare 20 keys.
    family.prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(kHashedPrefix));
    family.memtable_factory.reset(rocksdb::NewHashSkipListRepFactory(HashBuckets(options.write_buffer_bytes), 2));
  }
  // Keys that begin with a position, or with one byte and then mostly a position, come in order: the place
  // of the last one is where the next one goes.
  if (table == Table::kLeaves || table == Table::kBodies || table == Table::kViews)
    family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(1));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  family.compression = rocksdb::kNoCompression;
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_write_buffer_number = 2;
  family.level_compaction_dynamic_level_bytes = true;
  family.paranoid_file_checks = false;
  family.force_consistency_checks = true;
  return family;
}

}  // namespace

Result<std::unique_ptr<Store>> OpenRocksDb(const RocksDbOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = options.create;
  db.create_missing_column_families = true;
  db.error_if_exists = false;
  db.max_background_jobs = 2;
  db.max_total_wal_size = 512U << 20;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.allow_concurrent_memtable_write = false;  // one writer thread a store
  db.bytes_per_sync = 1U << 20;
  db.keep_log_file_num = 2;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (std::size_t i = 0; i < kTables; ++i)
    families.emplace_back(kNames[i], FamilyOptions(static_cast<Table>(i), options, cache));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = options.read_only
                                     ? rocksdb::DB::OpenForReadOnly(db, options.path, families, &handles, &raw)
                                     : rocksdb::DB::Open(db, options.path, families, &handles, &raw);
  if (!status.ok()) {
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos)
      return Unavailable("store: in use by another process");
    if (status.IsInvalidArgument()) return NotFound("store: no ledger here");
    return FromRocks(status, "open");
  }
  std::unique_ptr<rocksdb::DB> owned(raw);
  (void)owned->DestroyColumnFamilyHandle(handles.front());
  handles.erase(handles.begin());
  return std::unique_ptr<Store>(std::make_unique<RocksDbStore>(std::move(owned), std::move(handles)));
}

Status CopyRocksDb(const Store& store, const std::string& directory) {
  const auto* rocks = dynamic_cast<const RocksDbStore*>(&store);
  if (rocks == nullptr) return InvalidArgument("a store without files cannot be copied to " + directory);
  return rocks->CopyTo(directory);
}

}  // namespace oppi::ledger
