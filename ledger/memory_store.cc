#include "ledger/memory_store.h"

namespace oppi::ledger {

MemoryStore::MemoryStore() {
  for (auto& table : tables_) table = std::make_shared<Rows>();
}

std::shared_ptr<const MemoryStore::Rows> MemoryStore::RowsOf(Table table, const Snapshot* at) const {
  const auto i = static_cast<std::size_t>(table);
  if (at != nullptr) return static_cast<const Frozen*>(at)->tables[i];
  const std::scoped_lock lock(mutex_);
  return tables_[i];
}

Result<std::optional<Bytes>> MemoryStore::Get(Table table, ByteView key, const Snapshot* at) const {
  const auto rows = RowsOf(table, at);
  const auto it = rows->find(key);
  return it == rows->end() ? std::optional<Bytes>() : std::optional<Bytes>(it->second);
}

Result<std::vector<std::optional<Bytes>>> MemoryStore::MultiGet(Table table, const std::vector<Bytes>& keys) const {
  const auto rows = RowsOf(table, nullptr);
  std::vector<std::optional<Bytes>> found;
  found.reserve(keys.size());
  for (const Bytes& key : keys) {
    const auto it = rows->find(key);
    found.push_back(it == rows->end() ? std::optional<Bytes>() : std::optional<Bytes>(it->second));
  }
  return found;
}

Status MemoryStore::Scan(Table table, ByteView from, ByteView to,
                         const std::function<bool(ByteView, ByteView)>& row, const Snapshot* at) const {
  const auto rows = RowsOf(table, at);
  for (auto it = rows->lower_bound(from); it != rows->end() && (to.empty() || it->first < to); ++it)
    if (!row(it->first, it->second)) break;
  return {};
}

Result<std::optional<std::pair<Bytes, Bytes>>> MemoryStore::Floor(Table table, ByteView key, const Snapshot* at) const {
  const auto rows = RowsOf(table, at);
  auto it = rows->upper_bound(key);
  if (it == rows->begin()) return std::optional<std::pair<Bytes, Bytes>>();
  --it;
  return std::optional(std::pair(it->first, it->second));
}

Status MemoryStore::Apply(const WriteBatch& batch, Durability) {
  const std::scoped_lock lock(mutex_);
  // Copy a table only while somebody else still looks at it.
  std::array<std::shared_ptr<Rows>, kTables> changed;
  for (std::size_t n = 0; n < batch.size(); ++n) {
    const WriteBatch::Entry e = batch[n];
    const auto i = static_cast<std::size_t>(e.table);
    if (changed[i] == nullptr)
      changed[i] = tables_[i].use_count() == 1 ? std::const_pointer_cast<Rows>(tables_[i])
                                               : std::make_shared<Rows>(*tables_[i]);
    if (e.is_delete)
      changed[i]->erase(Bytes(e.key));
    else
      (*changed[i])[Bytes(e.key)] = e.value;
  }
  for (std::size_t i = 0; i < kTables; ++i)
    if (changed[i] != nullptr) tables_[i] = changed[i];
  return {};
}

Status MemoryStore::Drop(Table table, ByteView from, ByteView to) {
  WriteBatch gone;
  OPPI_RETURN_IF_ERROR(Scan(table, from, to, [&](ByteView key, ByteView) {
    gone.Delete(table, key);
    return true;
  }, nullptr));
  return Apply(gone, Durability::kSynced);
}

std::shared_ptr<const Snapshot> MemoryStore::Freeze() const {
  auto frozen = std::make_shared<Frozen>();
  const std::scoped_lock lock(mutex_);
  frozen->tables = tables_;
  return frozen;
}

}  // namespace oppi::ledger
