#pragma once

#include <memory>
#include <optional>
#include <string>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"

/// The newest checkpoint anybody may have seen, kept outside the store and outside its backups: a
/// restored or doubled node finds a lock that is ahead of it and refuses to sign a fork.

namespace oppi::ledger {

class CheckpointLock {
 public:
  struct Value {
    TreeSize size{0};
    RootHash root{};
    friend bool operator==(const Value&, const Value&) = default;
  };
  virtual ~CheckpointLock() = default;
  /// nullopt: nothing was ever published.
  [[nodiscard]] virtual Result<std::optional<Value>> Read() = 0;
  /// Durable when it returns. Sizes only grow. kDataLoss: outcome unknown, stop.
  [[nodiscard]] virtual Status Advance(const Value& value) = 0;
};

/// One file of two slots, written in turn; the newer valid one counts, so a torn write loses nothing.
/// Holds an exclusive lock on the file while open: kUnavailable when another process has it.
[[nodiscard]] Result<std::unique_ptr<CheckpointLock>> OpenFileLock(const std::string& path);

class MemoryLock final : public CheckpointLock {
 public:
  [[nodiscard]] Result<std::optional<Value>> Read() override { return value_; }
  [[nodiscard]] Status Advance(const Value& value) override {
    value_ = value;
    return {};
  }

 private:
  std::optional<Value> value_;
};

}  // namespace oppi::ledger
