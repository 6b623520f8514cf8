#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events/entropy.h"
#include "events/result.h"
#include "ledger/erasure_list.h"
#include "ledger/sequencer.h"
#include "projections/erasure_work.h"
#include "projections/registry.h"
#include "projections/runner.h"

/// Carries erasures out. For the requests that are due, some at a time, at a standstill of the log:
///
///   1  plan: what goes, what is sealed under new keys because it stays
///   2  the erasure list has it, durably: from here on it will be done, whatever crashes
///   3  the vault: keys destroyed or changed
///   4  the log: erasure.executed and the bodies' new rows, in one atomic commit
///   5  the views: the learner's rows again, under a new key
///
/// Then every key that is left is wrapped again under a new generation, a slice at a time between the
/// groups of intake, and the old generation key is destroyed, here and in every copy of the vault; only
/// then erasure.verified is written.

namespace oppi::projections {

struct ErasureRunReport {
  struct Executed {
    std::string request;
    std::string execution;          // event id
    std::uint64_t covered = 0;
    std::uint64_t shared = 0;       // of these, still open to other subjects
    std::uint64_t documents = 0;
    std::vector<std::string> keys;  // "S2 rotated"
  };
  struct Skipped {
    std::string request;
    std::string why;  // "NEEDS_SECOND_PRINCIPAL: ...", "LEGAL_HOLD: ..."
  };
  std::vector<Executed> executed;
  std::vector<Skipped> skipped;    // decided, and not to be executed
  std::vector<ErasureRequest> waiting;
  std::uint32_t generation = 0;    // in use now
  std::uint64_t rewrapped = 0;     // keys and names wrapped again; 0: no new generation was needed
  std::vector<std::string> copies;  // copies of the vault that still open what was erased, in words
};

/// What a run shows while it goes on.
using ErasureProgressFn = std::function<void(const char* step, std::uint64_t done, std::uint64_t all)>;

class Eraser {
 public:
  struct Ports {
    ledger::Sequencer& sequencer;
    Runner& runner;
    ledger::Vault& vault;
    ledger::Store& log;
    ledger::Store& views;
    const Clock& clock;
    Entropy& entropy;
    std::string ledger_source;
    /// The ledger's own events down the road; durable when it returns.
    std::function<Status(std::vector<events::Event>)> publish;
    /// Sleeps. Left out: no rests for intake between the steps.
    std::function<void(std::int64_t micros)> rest;
    /// Nothing about this person may stay in any cache in clear. Writer thread.
    std::function<void(std::string_view person)> forget;
    /// Brings copies of the vault up to date and tells of those that could not be reached. May be empty.
    std::function<Result<std::vector<std::string>>(const ErasureProgressFn& progress)> refresh_copies = {};
  };
  Eraser(Ports ports, ledger::ErasureList list) : ports_(std::move(ports)), list_(std::move(list)) {}

  /// Performs what the list has and this store has not: after a crash, or when the store is older than
  /// the list because it was restored. Before anything is served.
  [[nodiscard]] Status CatchUp();

  /// `delay_micros` as for RequestOf. One run at a time; another waits. Any thread but the writer's.
  [[nodiscard]] Result<ErasureRunReport> Run(std::int64_t delay_micros, const ErasureProgressFn& progress = {});

  [[nodiscard]] const ledger::ErasureList& list() const { return list_; }

 private:
  /// A record and the event that says so.
  struct Planned {
    ledger::ErasureRecord record;
    events::Event execution;
  };
  /// Executes from due[next] on, as many as go together, and moves `next`.
  [[nodiscard]] Status ExecuteSome(const std::vector<ErasureRequest>& due, std::size_t& next, std::int64_t delay_micros,
                                   ledger::Standstill& still, ErasureRunReport& report);
  /// nullopt: skipped, and the report says why.
  [[nodiscard]] Result<std::optional<Planned>> Plan(const ErasureRequest& due, std::int64_t delay_micros,
                                                    const ledger::LogView& view, ErasureRunReport& report);
  [[nodiscard]] Status Perform(const std::vector<Planned>& planned, ledger::Standstill& still);
  /// One write of the vault for all of them.
  [[nodiscard]] Status Adopt(const std::vector<Planned>& planned, ledger::Vault::KeysOf kind);
  [[nodiscard]] Status RenewViews(const std::vector<Planned>& planned, ledger::Standstill& still);
  [[nodiscard]] Result<events::Event> ExecutionOf(const ledger::ErasureRecord& record) const;
  /// A standstill, then a rest for intake when something waits there.
  [[nodiscard]] Status InTurn(const std::function<Status(ledger::Standstill&)>& work);
  [[nodiscard]] Status NewGeneration(ErasureRunReport& report, const ErasureProgressFn& progress);
  [[nodiscard]] Status VerifyExecutions();
  [[nodiscard]] Result<const Registry*> RegistryNow(const ledger::LogView& log);
  [[nodiscard]] ViewStores stores() const { return {ports_.log, ports_.views, ports_.vault}; }

  const Ports ports_;
  ledger::ErasureList list_;
  std::mutex running_;
  // Guarded by running_.
  std::unique_ptr<const Registry> registry_;
  Bytes registry_key_;  // the newest registry row it was made from
};

}  // namespace oppi::projections
