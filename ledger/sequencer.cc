#include "ledger/sequencer.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "events/tree_hash.h"
#include "ledger/group.h"
#include "ledger/label_rows.h"
#include "ledger/own_events.h"
#include "ledger/succession.h"
#include "ledger/tree_writer.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kCheckpointName = "checkpoint";

/// Where the state leaf of a checkpoint lies. Requires size > 0.
LeafIndex LastOf(TreeSize size) { return LeafIndex(size.value() - 1); }

struct Submission {
  std::optional<PreparedBatch> batch;  // none: to be made
  Sequencer::Late make;
  Sequencer::Answer answer;
  std::size_t events = 0;  // as it was counted
};

/// Somebody waits for it on another thread.
struct Work {
  const std::function<Status(Standstill&)>* body;
  Status result;
  bool done = false;
};

class WriterThread final : public Sequencer {
 public:
  WriterThread(SequencerPorts ports, SequencerOptions options, TreeWriter tree, std::unique_ptr<merkle::MapTree> labels,
               std::shared_ptr<const LogView> view)
      : ports_(std::move(ports)), options_(std::move(options)), tree_(std::move(tree)), labels_(std::move(labels)),
        map_{*labels_, FoldOf(ports_.vault.label_key().public_key()), LastOf(tree_.size())}, view_(std::move(view)) {
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
    const std::size_t events = batch.items.size();
    return Enqueue({std::move(batch), {}, std::move(answer), events});
  }
  Status SubmitLate(Late make, Answer answer) override {
    return Enqueue({std::nullopt, std::move(make), std::move(answer), 1});
  }

  Status AtStandstill(const std::function<Status(Standstill&)>& body) override {
    Work work{&body, {}};
    std::unique_lock lock(mutex_);
    if (broken_) return DataLoss("the writer has stopped after a commit of unknown outcome; restart to recover");
    if (stopping_) return Unavailable("the ledger is shutting down");
    works_.push_back(&work);
    wake_.notify_all();
    work_done_.wait(lock, [&work] { return work.done; });
    return work.result;
  }

  std::size_t waiting() const override {
    const std::scoped_lock lock(mutex_);
    return queued_events_;
  }

  std::shared_ptr<const LogView> View() const override {
    const std::scoped_lock lock(view_mutex_);
    return view_;
  }

 private:
  class Still final : public Standstill {
   public:
    explicit Still(WriterThread& writer) : writer_(writer) {}
    [[nodiscard]] std::shared_ptr<const LogView> View() const override { return writer_.View(); }
    [[nodiscard]] Result<std::vector<ItemResult>> Commit(const std::vector<events::Event>& own, const WriteBatch& rows) override {
      auto result = writer_.CommitOwn(own, rows);
      if (!result.ok()) StopWriter(result.error());
      return result;
    }
    void StopWriter(const Error& why) override { failure = why; }
    std::optional<Error> failure;  // of a commit: its outcome is unknown

   private:
    WriterThread& writer_;
  };

  Status Enqueue(Submission submission) {
    {
      const std::scoped_lock lock(mutex_);
      if (broken_) return DataLoss("the writer has stopped after a commit of unknown outcome; restart to recover");
      if (stopping_) return Unavailable("the ledger is shutting down");
      if (!queue_.empty() && queued_events_ + submission.events > options_.queue_events_max)
        return ResourceExhausted("the intake queue is full");
      queued_events_ += submission.events;
      queue_.push_back(std::move(submission));
    }
    wake_.notify_one();
    return {};
  }

  void Run() {
    ::pthread_setname_np(::pthread_self(), "oppi-writer");
    for (;;) {
      // In turn, so that neither waits for the other for ever.
      std::optional<Error> failure = DoOneWork();
      std::vector<Submission> group;
      if (!failure) {
        group = Take();
        if (group.empty() && !HasWork()) return;
        if (!group.empty())
          if (const Status committed = Commit(group); !committed.ok()) failure = committed.error();
      }
      if (failure) {
        Break(group, *failure);
        return;
      }
    }
  }

  bool HasWork() {
    const std::scoped_lock lock(mutex_);
    return !works_.empty();
  }

  std::optional<Error> DoOneWork() {
    Work* work = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      if (works_.empty()) return std::nullopt;
      work = works_.front();
      works_.pop_front();
    }
    Still still(*this);
    const Status result = (*work->body)(still);
    {
      const std::scoped_lock lock(mutex_);
      work->result = result;
      work->done = true;
    }
    work_done_.notify_all();
    return still.failure;
  }

  Result<std::vector<ItemResult>> CommitOwn(const std::vector<events::Event>& own, const WriteBatch& rows) {
    const std::shared_ptr<const LogView> before = View();
    Group group(ports_, options_, *before, tree_, streams_);
    std::vector<ItemResult> items;
    if (!own.empty()) {
      OPPI_TRY(events::VerifiedBatch verified, MakeOwnBatch(own, options_.origin, ports_.ledger_key, ports_.entropy));
      PreparedBatch batch = Prepare(std::move(verified), ports_.vault, ports_.entropy);
      OPPI_TRY(BatchResult result, group.SequenceOwn(batch));
      items = std::move(result.items);
    }
    if (group.empty()) {
      OPPI_RETURN_IF_ERROR(ports_.store.Apply(rows, Durability::kSynced));
      return items;
    }
    group.writes().Append(rows);
    OPPI_RETURN_IF_ERROR(Publish(group));
    return items;
  }

  /// Blocks until there is something to do; empty when that is other work, or when stopping and nothing
  /// is left.
  std::vector<Submission> Take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty() || !works_.empty(); });
    std::vector<Submission> group;
    std::size_t events = 0;
    while (!queue_.empty()) {
      const std::size_t next = queue_.front().events;
      if (!group.empty() && events + next > options_.group_events_max) break;
      events += next;
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    queued_events_ -= events;
    return group;
  }

  Status Commit(std::vector<Submission>& submissions) {
    const std::shared_ptr<const LogView> before = View();
    Group group(ports_, options_, *before, tree_, streams_);
    std::vector<PreparedBatch*> batches;
    for (Submission& s : submissions) {
      if (!s.batch) s.batch.emplace(s.make());
      batches.push_back(&*s.batch);
    }
    OPPI_RETURN_IF_ERROR(group.Prefetch(batches));
    std::vector<BatchResult> results;
    for (Submission& s : submissions) {
      OPPI_TRY(BatchResult result, group.Sequence(*s.batch));
      results.push_back(std::move(result));
    }
    if (group.empty()) {
      for (std::size_t i = 0; i < results.size(); ++i) Reply(submissions[i], std::move(results[i]), before);
      return {};
    }
    OPPI_TRY(const std::shared_ptr<const LogView> view, Publish(group));
    for (std::size_t i = 0; i < results.size(); ++i) Reply(submissions[i], std::move(results[i]), view);
    return {};
  }

  /// The order of durability. Nothing outside sees a signature or an answer before it has returned.
  Result<std::shared_ptr<const LogView>> Publish(Group& group) {
    OPPI_RETURN_IF_ERROR(group.Finish(map_));
    const Checkpoint checkpoint{options_.origin, tree_.size(), tree_.Root(), {}};
    const std::string note = SignCheckpoint(checkpoint, ports_.log_key, ports_.log_key_before);
    group.writes().Put(Table::kMeta, kCheckpointName, note);

    // 1  Keys that were made for the group, before anything that is sealed under them.
    OPPI_RETURN_IF_ERROR(ports_.vault.Apply(group.vault_writes()));
    // 2  One synced, atomic write: leaves, tiles, bodies, streams, duplicates, tree state, checkpoint.
    OPPI_RETURN_IF_ERROR(ports_.store.Apply(group.writes(), Durability::kSynced));
    // 3  The lock, outside the store: from here on no other tree of this size can be signed.
    OPPI_RETURN_IF_ERROR(ports_.lock.Advance({checkpoint.size, checkpoint.root}));
    // 4  The checkpoint becomes visible, and with it the map that its last entry commits to.
    auto view = std::make_shared<const LogView>(ports_.store, ports_.store.Freeze(), checkpoint, note, labels_->Commit());
    map_.newest = LastOf(checkpoint.size);
    {
      const std::scoped_lock lock(view_mutex_);
      view_ = view;
    }
    // 5  Projections learn of the events; then publishers get their receipts.
    if (ports_.committed) ports_.committed(group.committed());
    streams_.Trim();
    return std::shared_ptr<const LogView>(std::move(view));
  }

  static void Reply(Submission& submission, BatchResult result, const std::shared_ptr<const LogView>& view) {
    result.view = view;
    submission.answer(std::move(result));
  }

  /// I6: whatever was in the air is answered with "unknown", and nothing more is written.
  void Break(std::vector<Submission>& group, const Error& why) {
    std::deque<Submission> rest;
    {
      const std::scoped_lock lock(mutex_);
      broken_ = true;
      rest.swap(queue_);
      for (Work* work : works_) {
        work->result = DataLoss("the writer has stopped");
        work->done = true;
      }
      works_.clear();
    }
    work_done_.notify_all();
    const Error error = DataLoss("commit outcome unknown at size " + std::to_string(View()->size().value()) + ": " + why.message);
    for (Submission& s : group) s.answer(error);
    for (Submission& s : rest) s.answer(error);
  }

  const SequencerPorts ports_;
  const SequencerOptions options_;

  // Owned by the writer thread.
  TreeWriter tree_;
  StreamCache streams_;
  std::unique_ptr<merkle::MapTree> labels_;
  StreamMap map_;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Submission> queue_;
  std::deque<Work*> works_;
  std::condition_variable work_done_;
  std::size_t queued_events_ = 0;
  bool stopping_ = false;
  bool broken_ = false;

  mutable std::mutex view_mutex_;
  std::shared_ptr<const LogView> view_;  // guarded by view_mutex_

  std::thread thread_;
};

}  // namespace

Status CreateLog(Store& store, CheckpointLock& lock, const GenesisLeaf& genesis, const VrfPublicKey& label_key, Instant now,
                 const NamedSigningKey& log_key) {
  OPPI_TRY(const auto locked, lock.Read());
  OPPI_TRY(TreeWriter tree, TreeWriter::Open(store));
  if (locked || tree.size() != TreeSize(0)) return AlreadyExists("there is a log here already");
  WriteBatch writes;
  tree.Append({now, genesis}, writes);
  writes.Put(Table::kTransitions, BigEndian(tree.size().value()), EncodeTransitions({}));
  tree.Append({tree.NextRecorded(now), StateLeaf{tree.size(), merkle::EmptyMapRoot(), FoldOf(label_key), LeafIndex(0)}}, writes);
  tree.Finish(writes);
  const Checkpoint checkpoint{genesis.origin, tree.size(), tree.Root(), {}};
  writes.Put(Table::kMeta, kCheckpointName, SignCheckpoint(checkpoint, log_key));
  OPPI_RETURN_IF_ERROR(store.Apply(writes, Durability::kSynced));
  return lock.Advance({checkpoint.size, checkpoint.root});
}

namespace {

/// The map that the newest state leaf commits to, of what the store has of streams.
Result<std::unique_ptr<merkle::MapTree>> OpenMap(const LogView& view, const VrfPublicKey& label_key) {
  OPPI_TRY(const Leaf last, view.ReadLeaf(LastOf(view.size())));
  const auto* state = std::get_if<StateLeaf>(&last.body);
  if (state == nullptr) return DataLoss("the log does not end in a state entry: it was not written by this version");
  if (state->fold != FoldOf(label_key)) return DataLoss("the vault is not the one whose labels the log has");
  return OpenLabelTree(view.store(), state->map_root);
}

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
  OPPI_TRY(auto labels, OpenMap(*view, ports.vault.label_key().public_key()));
  view = std::make_shared<const LogView>(ports.store, ports.store.Freeze(), view->checkpoint(), view->note(), labels->Committed());
  return std::unique_ptr<Sequencer>(
      std::make_unique<WriterThread>(std::move(ports), std::move(options), std::move(tree), std::move(labels), std::move(view)));
}

}  // namespace oppi::ledger
