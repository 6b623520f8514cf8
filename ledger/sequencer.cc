#include "ledger/sequencer.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "events/tree_hash.h"
#include "ledger/group.h"
#include "ledger/tree_writer.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kCheckpointName = "checkpoint";

struct Submission {
  PreparedBatch batch;
  Sequencer::Answer answer;
};

class WriterThread final : public Sequencer {
 public:
  WriterThread(SequencerPorts ports, SequencerOptions options, TreeWriter tree, std::shared_ptr<const LogView> view)
      : ports_(std::move(ports)), options_(std::move(options)), tree_(std::move(tree)), view_(std::move(view)) {
    thread_ = std::thread([this] { Run(); });
  }

  ~WriterThread() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  Status Submit(PreparedBatch batch, Answer answer) override {
    {
      const std::scoped_lock lock(mutex_);
      if (broken_) return DataLoss("the writer has stopped after a commit of unknown outcome; restart to recover");
      if (stopping_) return Unavailable("the ledger is shutting down");
      if (!queue_.empty() && queued_events_ + batch.items.size() > options_.queue_events_max)
        return ResourceExhausted("the intake queue is full");
      queued_events_ += batch.items.size();
      queue_.push_back({std::move(batch), std::move(answer)});
    }
    wake_.notify_one();
    return {};
  }

  std::shared_ptr<const LogView> View() const override {
    const std::scoped_lock lock(view_mutex_);
    return view_;
  }

 private:
  void Run() {
    ::pthread_setname_np(::pthread_self(), "oppi-writer");
    for (;;) {
      std::vector<Submission> group = Take();
      if (group.empty()) return;
      const Status committed = Commit(group);
      if (!committed.ok()) {
        Break(group, committed.error());
        return;
      }
    }
  }

  /// Blocks until there is work; empty when stopping and nothing is left.
  std::vector<Submission> Take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    std::vector<Submission> group;
    std::size_t events = 0;
    while (!queue_.empty()) {
      const std::size_t next = queue_.front().batch.items.size();
      if (!group.empty() && events + next > options_.group_events_max) break;
      events += next;
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    queued_events_ -= events;
    return group;
  }

  /// The order of durability. Nothing outside sees a signature or an answer before step 3.
  Status Commit(std::vector<Submission>& submissions) {
    const std::shared_ptr<const LogView> before = View();
    Group group(ports_, options_, *before, tree_, streams_);
    std::vector<PreparedBatch*> batches;
    for (Submission& s : submissions) batches.push_back(&s.batch);
    OPPI_RETURN_IF_ERROR(group.Prefetch(batches));
    std::vector<BatchResult> results;
    for (Submission& s : submissions) {
      OPPI_TRY(BatchResult result, group.Sequence(s.batch));
      results.push_back(std::move(result));
    }
    if (group.empty()) {
      for (std::size_t i = 0; i < results.size(); ++i) Reply(submissions[i], std::move(results[i]), before);
      return {};
    }
    group.Finish();
    const Checkpoint checkpoint{options_.origin, tree_.size(), tree_.Root(), {}};
    const std::string note = SignCheckpoint(checkpoint, ports_.log_key);
    group.writes().Put(Table::kMeta, kCheckpointName, note);

    // 1  One synced, atomic write: leaves, tiles, bodies, keys, streams, duplicates, tree state, checkpoint.
    OPPI_RETURN_IF_ERROR(ports_.store.Apply(group.writes(), Durability::kSynced));
    // 2  The lock, outside the store: from here on no other tree of this size can be signed.
    OPPI_RETURN_IF_ERROR(ports_.lock.Advance({checkpoint.size, checkpoint.root}));
    // 3  The checkpoint becomes visible.
    auto view = std::make_shared<const LogView>(ports_.store, ports_.store.Freeze(), checkpoint, note);
    {
      const std::scoped_lock lock(view_mutex_);
      view_ = view;
    }
    // 4  Projections learn of the events; publishers get their receipts.
    if (ports_.committed) ports_.committed(group.committed());
    for (std::size_t i = 0; i < results.size(); ++i) Reply(submissions[i], std::move(results[i]), view);
    streams_.Trim();
    return {};
  }

  static void Reply(Submission& submission, BatchResult result, const std::shared_ptr<const LogView>& view) {
    result.view = view;
    submission.answer(std::move(result));
  }

  /// I5: whatever was in the air is answered with "unknown", and nothing more is written.
  void Break(std::vector<Submission>& group, const Error& why) {
    std::deque<Submission> rest;
    {
      const std::scoped_lock lock(mutex_);
      broken_ = true;
      rest.swap(queue_);
    }
    const Error error = DataLoss("commit outcome unknown at size " + std::to_string(View()->size().value()) + ": " + why.message);
    for (Submission& s : group) s.answer(error);
    for (Submission& s : rest) s.answer(error);
  }

  const SequencerPorts ports_;
  const SequencerOptions options_;

  // Owned by the writer thread.
  TreeWriter tree_;
  StreamCache streams_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Submission> queue_;
  std::size_t queued_events_ = 0;
  bool stopping_ = false;
  bool broken_ = false;

  mutable std::mutex view_mutex_;
  std::shared_ptr<const LogView> view_;  // guarded by view_mutex_

  std::thread thread_;
};

}  // namespace

Status CreateLog(Store& store, CheckpointLock& lock, const GenesisLeaf& genesis, Instant now,
                 const NamedSigningKey& log_key) {
  OPPI_TRY(const auto locked, lock.Read());
  OPPI_TRY(TreeWriter tree, TreeWriter::Open(store));
  if (locked || tree.size() != TreeSize(0)) return AlreadyExists("there is a log here already");
  WriteBatch writes;
  tree.Append({now, genesis}, writes);
  tree.Finish(writes);
  const Checkpoint checkpoint{genesis.origin, tree.size(), tree.Root(), {}};
  writes.Put(Table::kMeta, kCheckpointName, SignCheckpoint(checkpoint, log_key));
  OPPI_RETURN_IF_ERROR(store.Apply(writes, Durability::kSynced));
  return lock.Advance({checkpoint.size, checkpoint.root});
}

namespace {

Result<std::shared_ptr<const LogView>> VerifiedView(const Store& store, const VerifierKey& log_key, const TreeWriter& tree) {
  OPPI_TRY(const auto note, store.Get(Table::kMeta, kCheckpointName));
  if (!note) return NotFound("there is no log here: run init first");
  auto checkpoint = OpenCheckpoint(*note, log_key);
  if (!checkpoint.ok()) return DataLoss("the stored checkpoint does not verify: " + checkpoint.error().message);
  if (checkpoint->size != tree.size() || checkpoint->root != tree.Root())
    return DataLoss("the stored checkpoint does not match the stored tree");
  return std::shared_ptr<const LogView>(std::make_shared<const LogView>(store, store.Freeze(), *checkpoint, *note));
}

}  // namespace

Result<std::shared_ptr<const LogView>> StoredView(const Store& store, const VerifierKey& log_key) {
  OPPI_TRY(const TreeWriter tree, TreeWriter::Open(store));
  return VerifiedView(store, log_key, tree);
}

Result<std::unique_ptr<Sequencer>> Sequencer::Open(SequencerPorts ports, SequencerOptions options) {
  OPPI_TRY(TreeWriter tree, TreeWriter::Open(ports.store));
  OPPI_TRY(std::shared_ptr<const LogView> view, VerifiedView(ports.store, ports.log_key.verifier(), tree));
  // The lock is what others may have seen. A store behind it is an old copy and must not sign; a store
  // ahead of it was written but not yet shown, and must extend what was shown.
  OPPI_TRY(const auto locked, ports.lock.Read());
  if (locked) {
    if (locked->size > tree.size())
      return DataLoss("this store is older than the newest published checkpoint (size " +
                      std::to_string(locked->size.value()) + "): restore it with its later entries before serving");
    OPPI_TRY(const RootHash there, view->Root(locked->size));
    if (there != locked->root) return DataLoss("this store does not extend the published checkpoint: it is a fork");
  }
  if (!locked || locked->size < tree.size()) OPPI_RETURN_IF_ERROR(ports.lock.Advance({tree.size(), tree.Root()}));
  return std::unique_ptr<Sequencer>(
      std::make_unique<WriterThread>(std::move(ports), std::move(options), std::move(tree), std::move(view)));
}

}  // namespace oppi::ledger
