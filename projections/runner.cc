#include "projections/runner.h"

#include <pthread.h>

#include "projections/log_reader.h"
#include "projections/views.h"

namespace oppi::projections {
namespace {

constexpr std::size_t kCatchUpEvents = 4'000;

Status CatchUp(ledger::Store& views, const ledger::Vault& vault, const ledger::LogView& view, TreeSize from,
               const std::function<void(TreeSize, TreeSize)>& progress) {
  LogReader reader(view, vault);
  ledger::WriteBatch rows;
  std::size_t folded = 0;
  Status failure;
  OPPI_RETURN_IF_ERROR(reader.Scan(NextIndex(from), view.size(), [&](ledger::CommittedEvent event) {
    const TreeSize after = SizeAfter(event.position);
    failure = Fold(event, vault, rows);
    if (!failure.ok()) return false;
    if (++folded % kCatchUpEvents != 0) return true;
    PutCursor(after, rows);
    failure = views.Apply(rows, ledger::Durability::kBuffered);
    rows.Clear();
    if (progress) progress(after, view.size());
    return failure.ok();
  }));
  OPPI_RETURN_IF_ERROR(failure);
  PutCursor(view.size(), rows);
  OPPI_RETURN_IF_ERROR(views.Apply(rows, ledger::Durability::kBuffered));
  if (progress) progress(view.size(), view.size());
  return {};
}

}  // namespace

Runner::Runner(ledger::Store& views, const ledger::Vault& vault, Options options, TreeSize cursor)
    : views_(views), vault_(vault), options_(options), cursor_(cursor), thread_([this] { Run(); }) {}

Runner::~Runner() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::unique_ptr<Runner>> Runner::Open(ledger::Store& views, const ledger::Vault& vault,
                                             const ledger::LogView& view, Options options,
                                             const std::function<void(TreeSize, TreeSize)>& progress) {
  OPPI_TRY(const TreeSize cursor, ReadCursor(views));
  if (cursor > view.size()) return DataLoss("the views are ahead of the log: they belong to another ledger");
  if (cursor < view.size()) OPPI_RETURN_IF_ERROR(CatchUp(views, vault, view, cursor, progress));
  return std::unique_ptr<Runner>(new Runner(views, vault, options, view.size()));
}

void Runner::Committed(std::shared_ptr<const ledger::CommittedGroup> group) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_events_ <= options_.waiting_events_max || failure_ || stopping_; });
  if (failure_ || stopping_) return;  // the log goes on; the views catch up when they are opened again
  waiting_events_ += group->events.size();
  waiting_.push_back(std::move(group));
  lock.unlock();
  changed_.notify_all();
}

TreeSize Runner::cursor() const {
  const std::scoped_lock lock(mutex_);
  return cursor_;
}

Status Runner::WaitFor(TreeSize size) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return cursor_ >= size || failure_ || stopping_; });
  if (cursor_ >= size) return {};
  if (failure_) return *failure_;
  return Unavailable("NOT_READY: the ledger is shutting down");
}

void Runner::OnAdvance(std::function<void(TreeSize)> callback) {
  const std::scoped_lock lock(mutex_);
  on_advance_ = std::move(callback);
}

void Runner::Run() {
  ::pthread_setname_np(::pthread_self(), "oppi-fold");
  for (;;) {
    std::deque<std::shared_ptr<const ledger::CommittedGroup>> groups;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      groups.swap(waiting_);
    }
    std::size_t events = 0;
    for (const auto& group : groups) events += group->events.size();
    const Status folded = FoldGroups(groups);
    std::function<void(TreeSize)> advanced;
    {
      const std::scoped_lock lock(mutex_);
      waiting_events_ -= events;
      if (folded.ok()) {
        cursor_ = groups.back()->size;
        advanced = on_advance_;
      } else {
        failure_ = At("projections", folded.error());
      }
    }
    changed_.notify_all();
    if (!folded.ok()) return;
    if (advanced) advanced(groups.back()->size);
  }
}

Status Runner::FoldGroups(const std::deque<std::shared_ptr<const ledger::CommittedGroup>>& groups) {
  ledger::WriteBatch rows;
  for (const auto& group : groups)
    for (const auto& event : group->events) OPPI_RETURN_IF_ERROR(Fold(*event, vault_, rows));
  PutCursor(groups.back()->size, rows);
  return views_.Apply(rows, ledger::Durability::kBuffered);
}

}  // namespace oppi::projections
