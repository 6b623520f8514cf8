#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "consumers/ledger_road.h"
#include "ledger/sequencer.h"
#include "projections/gate.h"
#include "projections/rebuild.h"
#include "projections/runner.h"
#include "tests/support/ledger_parts.h"

/// A whole ledger in memory: stores, lock, vault, gate, runner, sequencer and the road, wired as
/// the program wires them, with a clock and randomness that a test sets. It remembers what it was
/// told is in the log, and Check re-verifies everything from bytes.

namespace oppi::tests {

class TestLedger {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t queue_events_max = 64'000;
    std::size_t group_events_max = 8'000;
    std::size_t waiting_events_max = 64'000;  // the runner's
  };
  /// Created and open. A failure to open aborts the test.
  TestLedger() : TestLedger(Options()) {}
  explicit TestLedger(Options options);
  ~TestLedger();
  TestLedger(const TestLedger&) = delete;
  TestLedger& operator=(const TestLedger&) = delete;

  [[nodiscard]] Status Open();
  /// As a stopping process does: the writer finishes first, then the projections.
  void Close();
  void Restart();

  /// Registers a publisher and its key by events of the registrar. Its name is its role's business
  /// only here: any name may have any role.
  NamedSigningKey Register(const std::string& name, events::Role role);
  /// Signs as the publisher named by the key and sends it down the road; remembers what got in.
  [[nodiscard]] Result<consumers::BatchReport> Publish(const NamedSigningKey& key,
                                                       const std::vector<events::Event>& events,
                                                       const ledger::Checkpoint* anchor = nullptr);
  /// The same for any signed batch; nothing is remembered.
  [[nodiscard]] Result<consumers::BatchReport> Ingest(events::SignedBatch batch);
  /// An event of the registry, from the registrar, now.
  [[nodiscard]] events::Event RegistryEvent(events::EventType type);

  [[nodiscard]] std::shared_ptr<const ledger::LogView> View() const { return sequencer_->View(); }
  [[nodiscard]] consumers::Road& road() { return *road_; }
  [[nodiscard]] projections::Runner& runner() { return *runner_; }
  [[nodiscard]] ledger::Sequencer& sequencer() { return *sequencer_; }
  [[nodiscard]] projections::Gate& gate() { return *gate_; }
  [[nodiscard]] projections::ViewStores stores() const {
    return {parts.log_store, parts.view_store, *parts.vault};
  }

  /// Everything again from bytes - fsck, tiles, receipts, lock, views against a rebuild - and what
  /// was acknowledged stands exactly once, where and when it was said to.
  void Check(TreeSize size);
  void Check() { Check(View()->size()); }

  LedgerParts parts;

 private:
  struct Acknowledged {
    LeafIndex position{0};
    Instant recorded{};
    events::Event event;
  };

  const Options options_;
  std::map<std::string, Acknowledged> acknowledged_;  // by source and id
  // Destroyed from the last to the first: who calls goes before who is called.
  std::unique_ptr<projections::Gate> gate_;
  std::unique_ptr<projections::Runner> runner_;
  std::unique_ptr<ledger::Sequencer> sequencer_;
  std::unique_ptr<consumers::LedgerRoad> road_;
};

}  // namespace oppi::tests
