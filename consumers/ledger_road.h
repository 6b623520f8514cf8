#pragma once

#include <functional>
#include <memory>
#include <semaphore>
#include <string>

#include "consumers/ingest.h"
#include "events/verify.h"
#include "ledger/sequencer.h"
#include "ledger/vault.h"

namespace oppi::consumers {

/// The road over one sequencer. Any thread; each call does its own verification, so callers in
/// parallel use the cores (all but one), and the writer groups their commits.
class LedgerRoad final : public Road {
 public:
  struct Ports {
    ledger::Sequencer& sequencer;
    const ledger::Vault& vault;
    Entropy& entropy;
    std::function<std::shared_ptr<const events::KeySet>()> keys;  // as of now
    std::string origin;
    events::DecodeOptions decode;
  };
  explicit LedgerRoad(Ports ports);

  [[nodiscard]] Result<BatchReport> Ingest(RawMessage message) override;
  [[nodiscard]] Result<BatchReport> Ingest(events::SignedBatch batch) override;
  [[nodiscard]] Result<BatchReport> Ingest(OwnBatch batch) override;

 private:
  Ports ports_;
  /// One core stays free for the writer: a batch that is verified sooner only waits longer for it.
  std::counting_semaphore<> verifiers_;
};

}  // namespace oppi::consumers
