#pragma once

#include <functional>
#include <memory>
#include <string>

#include "consumers/access_log.h"
#include "consumers/ask.h"
#include "consumers/ingest.h"
#include "events/ed25519.h"
#include "events/entropy.h"
#include "ledger/erasure_list.h"
#include "ledger/log_view.h"
#include "projections/answer.h"
#include "projections/decided.h"
#include "projections/decider.h"
#include "projections/registry_cell.h"
#include "projections/runner.h"
#include "projections/views.h"

namespace oppi::consumers {

/// The desk over one ledger. Any thread.
class LedgerDesk final : public Desk {
 public:
  struct Ports {
    projections::ViewStores stores;
    projections::Runner& runner;
    projections::RegistryCell& registry;
    projections::Decider& decider;
    Road& road;  // access events
    const Clock& clock;
    Entropy& entropy;
    std::function<std::shared_ptr<const ledger::LogView>()> view;
    const NamedSigningKey& ledger_key;
    std::string origin;
    std::string organisation;  // of the operator
    events::DecodeOptions decode;
    /// Which entries each execution took. Empty: questions on executed erasures are not answered.
    std::function<Result<ledger::ErasureList>()> erasure_list = {};
    /// A view that covers the given one and is signed by witnesses, if there is one to be had. Empty: evidence is about
    /// the view that was asked.
    std::function<std::shared_ptr<const ledger::LogView>(const std::shared_ptr<const ledger::LogView>&)> witnessed = {};
  };
  explicit LedgerDesk(Ports ports)
      : ports_(std::move(ports)),
        accesses_({ports_.road, ports_.stores.vault, ports_.ledger_key, ports_.entropy, ports_.origin, ports_.decode}) {}

  [[nodiscard]] Result<std::string> Answer(const projections::Question& question,
                                           const projections::Asker& asker) override;

  struct Judgement {
    std::shared_ptr<const ledger::LogView> log;
    projections::View view;
    projections::Decided decided;
  };
  /// A decide question without evidence: permission and decision, as a value. Nothing may leave on the
  /// strength of it before the decision is recorded: Answer does both.
  [[nodiscard]] Result<Judgement> Judge(const projections::Question& question, const projections::Asker& asker);

  /// Somebody is about to be shown a list that names nobody. No list may leave unless this succeeds.
  [[nodiscard]] Status RecordListing(const projections::Asker& asker, std::uint64_t count);

 private:
  [[nodiscard]] Result<std::string> AnswerDecide(const projections::Question& question, const projections::Asker& asker);
  [[nodiscard]] Result<std::string> AnswerPage(const projections::Question& question, const projections::Asker& asker);
  [[nodiscard]] Result<projections::Question> WithLearner(projections::Question question, const ledger::LogView& log) const;
  [[nodiscard]] Result<projections::Facts> OnErasure(const projections::Question& question, projections::Facts facts) const;
  [[nodiscard]] Result<TreeSize> SizeAsked(const projections::Question& question, const ledger::LogView& view) const;
  [[nodiscard]] Result<projections::Facts> FactsFor(const projections::Question& question, TreeSize cursor) const;
  [[nodiscard]] Result<std::string> EvidenceFor(const projections::Question& question, const projections::Access& access,
                                                const projections::Facts& facts, const projections::View& view,
                                                const projections::Answer& answer, const ledger::LogView& log) const;
  [[nodiscard]] events::Event AccessEvent(events::EventType type, const projections::Question& question,
                                          const projections::Asker& asker) const;
  [[nodiscard]] events::Event ReadEvent(const projections::Question& question, const projections::Asker& asker,
                                        const projections::Answer& answer) const;
  [[nodiscard]] events::Event DecisionEvent(const projections::Question& question, const projections::Asker& asker,
                                            const projections::View& view, const projections::Decided& decided) const;

  Ports ports_;
  AccessLog accesses_;
};

/// The smallest size whose entries include everything recorded at or before `t`.
[[nodiscard]] Result<TreeSize> SizeKnownAt(const ledger::LogView& view, Instant t);

}  // namespace oppi::consumers
