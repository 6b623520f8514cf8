#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "events/entropy.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/checkpoint_lock.h"
#include "ledger/committed.h"
#include "ledger/intake_rules.h"
#include "ledger/log_view.h"
#include "ledger/prepared.h"
#include "ledger/store.h"
#include "ledger/vault.h"

/// The one writer of a partition. Batches come in through a bounded queue; the writer thread gives
/// each event its place, commits groups, publishes the checkpoint, answers.
///
/// Invariants
///  I1 What is answered is durable, and the published checkpoint covers it.
///  I2 Recorded times rise strictly with the position.
///  I3 A pair (source, id) has at most one position.
///  I4 No two checkpoints that anybody saw disagree: the lock advances before a checkpoint shows.
///  I5 Every published checkpoint ends in a state leaf, whose map covers all entries before it.
///  I6 After a commit of unknown outcome nothing more is written; reopening recovers.

namespace oppi::ledger {

struct ItemResult {
  events::Outcome outcome = events::Outcome::kRejected;
  events::ErrorCode code = events::ErrorCode::kNone;
  std::string member;
  std::optional<LeafIndex> position;  // accepted, quarantined; of a duplicate or conflict: the original
  std::optional<Instant> recorded;
};

struct BatchResult {
  /// The batch as a whole was refused (an anchor that is not of this log).
  events::ErrorCode error = events::ErrorCode::kNone;
  std::string message;
  std::vector<ItemResult> items;
  std::shared_ptr<const LogView> view;  // covers every position above
};

struct SequencerOptions {
  std::string origin;
  std::size_t queue_events_max = 64'000;   // more waiting than this: kResourceExhausted
  std::size_t group_events_max = 8'000;    // one commit
  std::string ledger_source;               // source of the ledger's own events
};

struct SequencerPorts {
  Store& store;
  Vault& vault;
  IntakeRules& rules;
  CheckpointLock& lock;
  const Clock& clock;
  Entropy& entropy;
  const NamedSigningKey& log_key;     // signs checkpoints; its name is the origin
  const NamedSigningKey& ledger_key;  // publisher "ledger": the ledger's own notes
  /// Called on the writer thread after publication, in log order; may block to hold the writer back.
  std::function<void(std::shared_ptr<const CommittedGroup>)> committed;
  /// Signs checkpoints too, after log_key, while a rotation's overlap lasts (ledger/succession.h).
  const NamedSigningKey* log_key_before = nullptr;
};

/// The log at a standstill: nothing else is written while this is held. The writer thread.
class Standstill {
 public:
  virtual ~Standstill() = default;
  [[nodiscard]] virtual std::shared_ptr<const LogView> View() const = 0;
  /// Commits events of the ledger's own and these rows of the log store in one atomic write, in the
  /// order of every commit. An event that the rules refuse is left out, as its result says; the rows are
  /// written all the same. Any error stops the writer.
  [[nodiscard]] virtual Result<std::vector<ItemResult>> Commit(const std::vector<events::Event>& own, const WriteBatch& rows) = 0;
  /// A write beside the log store failed: nothing more is written until the ledger is opened again.
  virtual void StopWriter(const Error& why) = 0;
};

class Sequencer {
 public:
  /// Recovers and verifies first: kDataLoss when store, tiles and lock do not agree.
  [[nodiscard]] static Result<std::unique_ptr<Sequencer>> Open(SequencerPorts ports, SequencerOptions options);
  /// Finishes what is queued, then stops.
  virtual ~Sequencer() = default;

  using Answer = std::function<void(Result<BatchResult>)>;
  /// Queues the batch; `answer` is called once, on the writer thread, after publication. Any thread.
  /// Errors (answer is then not called): kResourceExhausted, kUnavailable (stopping), kDataLoss (stopped).
  [[nodiscard]] virtual Status Submit(PreparedBatch batch, Answer answer) = 0;
  /// The same with a batch that is made when its turn comes, of whatever has gathered by then. `make` is
  /// called on the writer thread, before `answer`; not at all when the writer has stopped. It waits in the
  /// queue as one event.
  using Late = std::function<PreparedBatch()>;
  [[nodiscard]] virtual Status SubmitLate(Late make, Answer answer) = 0;
  /// Runs `work` on the writer thread between two groups and waits for it. Groups that were waiting
  /// come before the next standstill. Any thread but the writer's. Errors: those of `work`,
  /// kUnavailable (stopping), kDataLoss (stopped).
  [[nodiscard]] virtual Status AtStandstill(const std::function<Status(Standstill&)>& work) = 0;
  /// Events that wait for their place. Any thread.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  /// What is published. Any thread.
  [[nodiscard]] virtual std::shared_ptr<const LogView> View() const = 0;
};

/// Writes genesis and the state of the empty stream map into an empty store. kAlreadyExists when there
/// is a log.
[[nodiscard]] Status CreateLog(Store& store, CheckpointLock& lock, const GenesisLeaf& genesis, const VrfPublicKey& label_key,
                               Instant now, const NamedSigningKey& log_key);

/// The stored checkpoint, verified under the log's key and against the stored tree: what the views can
/// catch up with before a writer is opened. kNotFound when there is no log.
[[nodiscard]] Result<std::shared_ptr<const LogView>> StoredView(const Store& store, const VerifierKey& log_key);

/// The publisher name of the ledger's own events.
inline constexpr std::string_view kLedgerPublisher = "ledger";

}  // namespace oppi::ledger
