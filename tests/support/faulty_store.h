#pragma once

#include <atomic>
#include <cstdint>

#include "ledger/checkpoint_lock.h"
#include "ledger/store.h"

/// Storage that fails on demand. What a caller sees is always the same - an error of unknown
/// outcome - and what really happened is one of two things; whoever survives both survives what
/// lies between.

namespace oppi::tests {

enum class Fault : std::uint8_t {
  kLost,                   // nothing was written
  kDoneButReportedFailed,  // everything was written, and the answer was lost
};

/// Counts writes and fails one of them.
class FaultPlan {
 public:
  /// The `nth` write from now on (1 = the next) fails so.
  void FailNth(std::uint64_t nth, Fault fault) {
    fault_ = fault;
    fails_at_ = writes_ + nth;
  }
  [[nodiscard]] std::uint64_t writes() const { return writes_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

  /// Called by a store for each write: `write` does it.
  template <class Write>
  [[nodiscard]] Status Run(Write write) {
    const bool fails = ++writes_ == fails_at_;
    if (!fails) return write();
    ++failures_;
    if (fault_ == Fault::kDoneButReportedFailed) {
      const Status done = write();
      OPPI_CHECK(done.ok());
    }
    return DataLoss("injected fault");
  }

 private:
  std::atomic<std::uint64_t> writes_ = 0;
  std::atomic<std::uint64_t> fails_at_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
  std::atomic<Fault> fault_ = Fault::kLost;
};

/// Any thread, as far as the store inside.
class FaultyStore final : public ledger::Store {
 public:
  explicit FaultyStore(ledger::Store& inside) : inside_(inside) {}
  [[nodiscard]] FaultPlan& faults() { return faults_; }

  [[nodiscard]] Result<std::optional<Bytes>> Get(
      ledger::Table table, ByteView key, const ledger::Snapshot* at = nullptr) const override;
  [[nodiscard]] Result<std::vector<std::optional<Bytes>>> MultiGet(
      ledger::Table table, const std::vector<Bytes>& keys) const override;
  [[nodiscard]] Status Scan(ledger::Table table, ByteView from, ByteView to,
                            const std::function<bool(ByteView, ByteView)>& row,
                            const ledger::Snapshot* at = nullptr) const override;
  [[nodiscard]] Result<std::optional<std::pair<Bytes, Bytes>>> Floor(
      ledger::Table table, ByteView key, const ledger::Snapshot* at = nullptr) const override;
  [[nodiscard]] Status Apply(const ledger::WriteBatch& batch,
                             ledger::Durability durability) override;
  [[nodiscard]] Status Drop(ledger::Table table, ByteView from, ByteView to) override;
  [[nodiscard]] std::shared_ptr<const ledger::Snapshot> Freeze() const override;

 private:
  ledger::Store& inside_;
  FaultPlan faults_;
};

class FaultyLock final : public ledger::CheckpointLock {
 public:
  explicit FaultyLock(ledger::CheckpointLock& inside) : inside_(inside) {}
  [[nodiscard]] FaultPlan& faults() { return faults_; }

  [[nodiscard]] Result<std::optional<Value>> Read() override { return inside_.Read(); }
  [[nodiscard]] Status Advance(const Value& value) override;

 private:
  ledger::CheckpointLock& inside_;
  FaultPlan faults_;
};

}  // namespace oppi::tests
