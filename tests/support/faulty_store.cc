#include "tests/support/faulty_store.h"

namespace oppi::tests {

using ledger::Snapshot;
using ledger::Table;

Result<std::optional<Bytes>> FaultyStore::Get(Table table, ByteView key, const Snapshot* at) const {
  return inside_.Get(table, key, at);
}

Result<std::vector<std::optional<Bytes>>> FaultyStore::MultiGet(
    Table table, const std::vector<Bytes>& keys) const {
  return inside_.MultiGet(table, keys);
}

Status FaultyStore::Scan(Table table, ByteView from, ByteView to,
                         const std::function<bool(ByteView, ByteView)>& row,
                         const Snapshot* at) const {
  return inside_.Scan(table, from, to, row, at);
}

Result<std::optional<std::pair<Bytes, Bytes>>> FaultyStore::Floor(Table table, ByteView key,
                                                                  const Snapshot* at) const {
  return inside_.Floor(table, key, at);
}

Status FaultyStore::Apply(const ledger::WriteBatch& batch, ledger::Durability durability) {
  return faults_.Run([&] { return inside_.Apply(batch, durability); });
}

Status FaultyStore::Drop(Table table, ByteView from, ByteView to) {
  return faults_.Run([&] { return inside_.Drop(table, from, to); });
}

std::shared_ptr<const Snapshot> FaultyStore::Freeze() const { return inside_.Freeze(); }

Status FaultyLock::Advance(const Value& value) {
  return faults_.Run([&] { return inside_.Advance(value); });
}

}  // namespace oppi::tests
