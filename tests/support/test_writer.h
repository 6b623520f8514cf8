#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ledger/intake_rules.h"
#include "ledger/sequencer.h"
#include "ledger/streams.h"
#include "tests/support/ledger_parts.h"

/// A sequencer over LedgerParts, with rules of intake that a test sets: what is tested below the
/// layer that knows what events mean.

namespace oppi::tests {

/// Lets everything in but what a test names. Set before events are sent; the writer thread reads.
class SetRules final : public ledger::IntakeRules {
 public:
  std::set<std::string> foreign_sources;                    // SOURCE_NOT_YOURS
  std::set<events::EventType> forbidden;                    // TYPE_NOT_ALLOWED
  std::map<std::string, ledger::Verdict> verdicts;          // by event id
  std::function<Status(const ledger::CommittedEvent&)> on;  // an error is the rules' own failure
  std::vector<std::shared_ptr<const ledger::CommittedEvent>> sequenced;

  [[nodiscard]] events::ErrorCode JudgeSource(const events::BatchHeader& header,
                                              std::string_view source) override;
  [[nodiscard]] events::ErrorCode JudgeType(const events::BatchHeader& header,
                                            const events::TypeInfo& type) override;
  [[nodiscard]] Result<ledger::Verdict> JudgeEvent(const ledger::CommittedEvent& event) override;
  void Sequenced(std::shared_ptr<const ledger::CommittedEvent> event) override;
};

class TestWriter {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t queue_events_max = 64'000;
    std::size_t group_events_max = 8'000;
  };
  /// Created and open. A failure to open aborts the test.
  TestWriter() : TestWriter(Options()) {}
  explicit TestWriter(Options options);

  [[nodiscard]] Status Open();
  void Close();
  /// Close and Open, as a restart does.
  void Restart();

  [[nodiscard]] ledger::PreparedBatch Prepare(events::SignedBatch batch);
  /// Prepares, submits and waits for the answer. The publisher is "sis".
  [[nodiscard]] Result<ledger::BatchResult> Send(events::SignedBatch batch);
  [[nodiscard]] Result<ledger::BatchResult> Send(const std::vector<events::Event>& events);
  [[nodiscard]] events::SignedBatch Sign(const std::vector<events::Event>& events);

  [[nodiscard]] std::shared_ptr<const ledger::LogView> View() const { return sequencer_->View(); }
  [[nodiscard]] ledger::Sequencer& sequencer() { return *sequencer_; }
  [[nodiscard]] std::vector<ledger::StreamEntry> StreamOf(std::string_view person) const;
  /// The event at an index, opened. Expects that there is one.
  [[nodiscard]] events::Event EventAt(LeafIndex index) const;
  /// Everything again from bytes, and the size.
  void Check(TreeSize size);

  LedgerParts parts;
  SetRules rules;
  NamedSigningKey key;

 private:
  const Options options_;
  std::unique_ptr<ledger::Sequencer> sequencer_;
};

}  // namespace oppi::tests
