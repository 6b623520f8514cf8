#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>

#include "ledger/store.h"

/// A Store in memory, for rehearsals, simulations and tests. Durability is immediate. Any thread.

namespace oppi::ledger {

class MemoryStore final : public Store {
 public:
  MemoryStore();
  [[nodiscard]] Result<std::optional<Bytes>> Get(Table table, ByteView key, const Snapshot* at = nullptr) const override;
  [[nodiscard]] Result<std::vector<std::optional<Bytes>>> MultiGet(Table table, const std::vector<Bytes>& keys) const override;
  [[nodiscard]] Status Scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& row,
                            const Snapshot* at = nullptr) const override;
  [[nodiscard]] Result<std::optional<std::pair<Bytes, Bytes>>> Floor(Table table, ByteView key,
                                                                     const Snapshot* at = nullptr) const override;
  [[nodiscard]] Status Apply(const WriteBatch& batch, Durability durability) override;
  [[nodiscard]] Status Drop(Table table, ByteView from, ByteView to) override;
  [[nodiscard]] std::shared_ptr<const Snapshot> Freeze() const override;

 private:
  using Rows = std::map<Bytes, Bytes, std::less<>>;
  using Tables = std::array<std::shared_ptr<const Rows>, kTables>;
  struct Frozen final : Snapshot {
    Tables tables;
  };
  [[nodiscard]] std::shared_ptr<const Rows> RowsOf(Table table, const Snapshot* at) const;

  mutable std::mutex mutex_;
  Tables tables_;
};

}  // namespace oppi::ledger
