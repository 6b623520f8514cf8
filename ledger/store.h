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
  kViews, kLabels, kTransitions,
};
inline constexpr std::size_t kTables = 13;

/// Puts and deletes that become visible and durable together or not at all. Keys and values lie in one
/// buffer: a commit has thousands of them, and an allocation each would cost more than the writing.
class WriteBatch {
 public:
  /// Views into the batch; valid until it changes.
  struct Entry {
    Table table;
    bool is_delete;
    ByteView key;
    ByteView value;
  };
  void Put(Table table, ByteView key, ByteView value) { Add(table, false, key, value); }
  void Delete(Table table, ByteView key) { Add(table, true, key, {}); }
  /// Everything of the other batch, after what is here.
  void Append(const WriteBatch& other);

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return buffer_.size(); }
  [[nodiscard]] Entry operator[](std::size_t i) const {
    const Place& p = places_[i];
    const ByteView all = buffer_;
    return {p.table, p.is_delete, all.substr(p.at, p.key_size), all.substr(p.at + p.key_size, p.value_size)};
  }
  void Clear() {
    buffer_.clear();
    places_.clear();
  }

 private:
  struct Place {
    std::size_t at;
    std::uint32_t key_size;
    std::uint32_t value_size;
    Table table;
    bool is_delete;
  };
  void Add(Table table, bool is_delete, ByteView key, ByteView value) {
    places_.push_back({buffer_.size(), static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size()), table, is_delete});
    buffer_.append(key).append(value);
  }

  Bytes buffer_;
  std::vector<Place> places_;
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
  /// Deletes every row of [from, to) (empty `to`: to the end) and gives the space back, so that the rows
  /// are in no file of the store any more. For ranges that nobody writes to meanwhile.
  [[nodiscard]] virtual Status Drop(Table table, ByteView from, ByteView to) = 0;
  [[nodiscard]] virtual std::shared_ptr<const Snapshot> Freeze() const = 0;
};

/// Smallest key greater than every key with this prefix; empty when there is none.
[[nodiscard]] Bytes PrefixEnd(ByteView prefix);
/// 8 bytes big-endian: sorts as the number does.
[[nodiscard]] Bytes BigEndian(std::uint64_t value);

}  // namespace oppi::ledger
