#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/bytes.h"
#include "events/result.h"

/// The one narrow port to ordered, durable storage. Forms: RocksDbStore (production), MemoryStore
/// (rehearsals, simulations, tests), FaultyStore (tests: each write fails twice, lost and
/// done-but-reported-failed).

namespace oppi::ledger {

/// Keyspaces. The layout of each is the table on top of rocksdb_store.h.
enum class Table : std::uint8_t {
  kMeta, kLeaves, kTiles, kBodies, kDedup, kStreams, kStreamEntries, kVault, kBatches, kDocuments,
  kViews,
};
inline constexpr std::size_t kTables = 11;

/// Puts and deletes that become visible and durable together or not at all.
class WriteBatch {
 public:
  struct Entry {
    Table table;
    bool is_delete;
    Bytes key;
    Bytes value;
  };
  void Put(Table table, Bytes key, Bytes value) { entries_.push_back({table, false, std::move(key), std::move(value)}); }
  void Delete(Table table, Bytes key) { entries_.push_back({table, true, std::move(key), {}}); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  void Clear() { entries_.clear(); }

 private:
  std::vector<Entry> entries_;
};

enum class Durability : std::uint8_t {
  kSynced,    // on the disk when Apply returns
  kBuffered,  // ordered after everything applied before; may be lost with the machine
};

/// A frozen view of the whole store.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
};

class Store {
 public:
  virtual ~Store() = default;

  /// kNotFound is not an error here: nullopt. Any thread.
  [[nodiscard]] virtual Result<std::optional<Bytes>> Get(Table table, ByteView key, const Snapshot* at = nullptr) const = 0;
  /// One answer per key, in order. Any thread.
  [[nodiscard]] virtual Result<std::vector<std::optional<Bytes>>> MultiGet(Table table, const std::vector<Bytes>& keys) const = 0;
  /// Calls `row` for every key in [from, to) in ascending order until it returns false. Empty `to`:
  /// to the end. Views are valid during the call only. Any thread.
  [[nodiscard]] virtual Status Scan(Table table, ByteView from, ByteView to,
                                    const std::function<bool(ByteView key, ByteView value)>& row,
                                    const Snapshot* at = nullptr) const = 0;
  /// The last row with key <= `key`, if any.
  [[nodiscard]] virtual Result<std::optional<std::pair<Bytes, Bytes>>> Floor(Table table, ByteView key, const Snapshot* at = nullptr) const = 0;
  /// kDataLoss means: the outcome is unknown, stop writing and reopen.
  [[nodiscard]] virtual Status Apply(const WriteBatch& batch, Durability durability) = 0;
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> Freeze() const = 0;
};

/// Smallest key greater than every key with this prefix; empty when there is none.
[[nodiscard]] Bytes PrefixEnd(ByteView prefix);
/// 8 bytes big-endian: sorts as the number does.
[[nodiscard]] Bytes BigEndian(std::uint64_t value);

}  // namespace oppi::ledger
