#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "events/entropy.h"
#include "events/outcome.h"
#include "events/result.h"
#include "ledger/log_view.h"
#include "ledger/vault.h"
#include "projections/registry_cell.h"
#include "projections/retention_note.h"
#include "projections/retention_rules.h"
#include "projections/runner.h"
#include "projections/views.h"

/// Goes through every learner and orders what has come due: for each rule and learner an
/// erasure.requested of the table's first signer and an erasure.decided of its second, which cites the
/// table. Nothing is destroyed here: the eraser carries accepted requests out, after the delay.
///
///   1  a chunk of learners, in the order of the vault's keyed tags; how far it came is a file
///   2  requests of the chunk, then their decisions, down the road like anybody's
///   3  the file: from here on the chunk is not looked at again
///
/// Stopped between 2 and 3 it looks at a chunk twice, and sees what it has done.

namespace oppi::projections {

struct RetentionReport {
  struct OfRule {
    std::uint64_t learners = 0;    // for whom it is ordered by this run, or would be
    std::uint64_t events = 0;      // of those learners: what an execution would take
    std::uint64_t shared = 0;      // of these events, named beside somebody else, who keeps them
    std::uint64_t held = 0;        // of those learners: a legal hold defers it
    std::uint64_t waiting = 0;     // learners for whom it was ordered before and is not done yet
    std::uint64_t called_off = 0;  // learners for whom somebody called it off
  };
  std::vector<OfRule> rules;        // in the order of the table
  std::uint64_t persons = 0;        // looked at
  std::uint64_t not_due_again = 0;  // requests that wait and are called off, because a rule is not due any more
  std::uint64_t unreadable = 0;     // persons whose keys are lost
  std::uint64_t refused = 0;        // events that intake refused
  bool resumed = false;             // went on where another run was interrupted
  bool finished = false;            // came to the end
};

struct RetentionOptions {
  bool dry_run = false;    // counts, changes nothing, always from the beginning
  double per_second = 50;  // learners; 0: as fast as it goes
  std::size_t chunk = 100; // learners, at least 1
  std::uint64_t chunks_max = 0;  // then it stops, to be gone on with; 0: until the end
  std::function<bool()> stop = {};  // asked between chunks and while it waits: true ends the run early
};

/// What a run shows after each chunk: how far it is, from 0 to 1, and persons looked at so far.
using RetentionProgressFn = std::function<void(double done, std::uint64_t persons)>;

class RetentionRun {
 public:
  struct Ports {
    ViewStores stores;
    Runner& runner;
    RegistryCell& registry;
    const Clock& clock;
    std::function<std::shared_ptr<const ledger::LogView>()> view;
    /// Events of this principal, attested by the ledger, durable when it returns: an outcome each.
    /// kResourceExhausted: there is too much live traffic, later.
    std::function<Result<std::vector<events::Outcome>>(const std::string& principal, std::vector<events::Event>)> publish;
    std::function<std::string()> new_id;
    /// Sleeps for so many microseconds.
    std::function<void(std::int64_t)> wait;
    std::string controller;
    std::string progress_file;
  };
  RetentionRun(Ports ports, SignedRetention table) : ports_(std::move(ports)), table_(std::move(table)) {}

  /// Errors: those of CheckRetention, again before each chunk; of the views; kUnavailable after minutes
  /// in which live traffic left no room. What was done stays, and the next run goes on from there.
  [[nodiscard]] Result<RetentionReport> Run(const RetentionOptions& options, const RetentionProgressFn& progress = {});

 private:
  struct Ordered {
    std::string learner;
    RetentionStep step;
  };
  struct Chunk {
    std::vector<std::string> names;
    Bytes last;  // tag of the last owner, person or not; empty: there were none
  };
  /// The next owners by tag: tag -> name. The vault is gone through once for each window, which bounds
  /// the memory whatever the number of owners.
  using Window = std::map<Bytes, std::string>;
  [[nodiscard]] Result<Window> NextWindow(ByteView after) const;
  [[nodiscard]] Result<Chunk> NextChunk(Window& window, ByteView after, std::size_t size) const;
  [[nodiscard]] Result<std::vector<Ordered>> Look(const Chunk& chunk, RetentionReport& report) const;
  [[nodiscard]] Status Order(std::vector<Ordered> ordered, RetentionReport& report) const;
  [[nodiscard]] Status Publish(const std::string& principal, const std::vector<events::Event>& events,
                               std::vector<events::Outcome>& outcomes) const;
  [[nodiscard]] events::Event DecisionOn(const Ordered& order) const;
  [[nodiscard]] Result<Bytes> ReadProgress() const;
  [[nodiscard]] Status WriteProgress(ByteView last) const;
  /// False: it was stopped meanwhile.
  [[nodiscard]] bool Wait(std::int64_t micros) const;

  const Ports ports_;
  const SignedRetention table_;
  std::function<bool()> stop_;
};

}  // namespace oppi::projections
