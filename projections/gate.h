#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/verify.h"
#include "ledger/intake_rules.h"
#include "ledger/log_view.h"
#include "ledger/store.h"
#include "ledger/vault.h"
#include "projections/fact.h"
#include "projections/publishers.h"
#include "projections/registry.h"
#include "projections/views.h"

/// The log-dependent rules of intake, with the facts they need: the registry in memory, a learner's
/// stream on demand from the views plus what the views do not have yet. The rules themselves are pure
/// functions; this class fetches.

namespace oppi::projections {

class Gate final : public ledger::IntakeRules {
 public:
  /// The views must have caught up with the log.
  [[nodiscard]] static Result<std::unique_ptr<Gate>> Open(const ViewStores& stores, const ledger::LogView& log);

  // The writer thread.
  [[nodiscard]] events::ErrorCode JudgeSource(const events::BatchHeader& header, std::string_view source) override;
  [[nodiscard]] events::ErrorCode JudgeType(const events::BatchHeader& header, const events::TypeInfo& type) override;
  [[nodiscard]] Result<ledger::Verdict> JudgeEvent(const ledger::CommittedEvent& candidate) override;
  void Sequenced(std::shared_ptr<const ledger::CommittedEvent> event) override;

  /// What the runner calls: facts below `cursor` are in the views. Any thread.
  void ViewsReached(TreeSize cursor) { cursor_.store(cursor.value(), std::memory_order_relaxed); }
  /// Keys for batch verification. Any thread.
  [[nodiscard]] std::shared_ptr<const events::KeySet> Keys() const;
  /// Publishers as of now. Any thread.
  [[nodiscard]] std::shared_ptr<const Publishers> CurrentPublishers() const;
  /// Where facts of other persons' streams are looked up; set before the writer starts.
  void LookUpIn(std::function<std::shared_ptr<const ledger::LogView>()> view) { view_ = std::move(view); }

 private:
  Gate(const ViewStores& stores, Publishers publishers);
  [[nodiscard]] Result<Facts> StreamOf(std::string_view owner);
  [[nodiscard]] const Fact* InTail(std::string_view event_id) const;
  void Publish();
  void Prune();

  const ViewStores stores_;

  // Owned by the writer thread.
  Registry registry_;
  std::deque<std::shared_ptr<const ledger::CommittedEvent>> tail_;  // sequenced, not yet in the views
  std::unordered_map<std::string, std::vector<std::shared_ptr<const ledger::CommittedEvent>>> tail_of_;

  std::function<std::shared_ptr<const ledger::LogView>()> view_;

  std::atomic<std::uint64_t> cursor_{0};

  mutable std::mutex mutex_;
  std::shared_ptr<const Publishers> published_;  // guarded by mutex_
};

}  // namespace oppi::projections
