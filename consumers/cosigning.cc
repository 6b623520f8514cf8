#include "consumers/cosigning.h"

#include <pthread.h>

#include <algorithm>

#include "events/check.h"
#include "ledger/durable_file.h"

namespace oppi::consumers {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{100};

const char* KindOf(Code code) {
  switch (code) {
    case Code::kAborted:
      return "ahead";
    case Code::kPermissionDenied:
      return "refused";
    case Code::kDataLoss:
      return "inconsistent";
    case Code::kUnauthenticated:
      return "untrusted";
    default:
      return "unavailable";
  }
}

/// What the process before this one showed, or what is newest.
Result<std::shared_ptr<const ledger::LogView>> Before(const Cosigning::Ports& ports,
                                                      const ledger::LogView& newest,
                                                      const VerifierKey& log) {
  if (ports.file.empty()) return NotFound("nothing was shown before");
  OPPI_TRY(const auto note, ledger::ReadFileIfThere(ports.file));
  if (!note) return NotFound("nothing was shown before");
  return ledger::ViewOfNote(newest, *note, log);
}

}  // namespace

Result<std::unique_ptr<Cosigning>> Cosigning::Start(Ports ports, ledger::TlogPolicy policy,
                                                    const CosigningOptions& options) {
  OPPI_CHECK(!policy.logs.empty());
  const VerifierKey log = policy.logs.front().key;
  std::vector<ledger::TlogPolicy::Witness> witnesses = policy.witnesses;
  std::unique_ptr<Cosigning> made(new Cosigning(
      std::move(ports), ledger::CosignedViews(std::move(policy), options.unmet_max), options));
  for (ledger::TlogPolicy::Witness& witness : witnesses) {
    if (witness.url.empty()) continue;
    auto asked = std::make_unique<Asked>();
    auto client =
        WitnessClient::Make(witness.key, witness.url, options.witness, made->ports_.clock);
    if (!client.ok()) return At("witness " + witness.name, client.error());
    asked->client = *std::move(client);
    asked->state.name = std::move(witness.name);
    made->witnesses_.push_back(std::move(asked));
  }
  const auto newest = made->ports_.view();
  made->round_since_ = steady_clock::now();
  const auto before = Before(made->ports_, *newest, log);
  if (before.ok())
    made->views_.Offer(*before, made->round_since_);
  else if (before.error().code != Code::kNotFound)
    made->file_trouble_ = before.error().message;
  made->views_.Offer(newest, made->round_since_);
  {
    std::unique_lock lock(made->mutex_);
    made->Publish(lock);
  }
  if (!made->shown_) return DataLoss("what is shown cannot be kept: " + made->file_trouble_);
  for (const auto& witness : made->witnesses_)
    witness->thread =
        std::thread([self = made.get(), w = witness.get()] { self->AskAgainAndAgain(*w); });
  made->rounds_ = std::thread([self = made.get()] { self->Rounds(); });
  return made;
}

Cosigning::~Cosigning() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (const auto& witness : witnesses_) witness->client->Stop();
  for (const auto& witness : witnesses_)
    if (witness->thread.joinable()) witness->thread.join();
  if (rounds_.joinable()) rounds_.join();
}

void Cosigning::AskAgainAndAgain(Asked& witness) {
  ::pthread_setname_np(::pthread_self(), "oppi-witness");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Moment now = steady_clock::now();
    const bool something = witness.done < views_.offered()->size();
    if (!something || now < witness.not_before) {
      if (something)
        changed_.wait_until(lock, witness.not_before);
      else
        changed_.wait(lock);
      continue;
    }
    const std::shared_ptr<const ledger::LogView> view = views_.offered();
    lock.unlock();
    const auto answer = witness.client->Cosign(*view);
    lock.lock();
    Settle(witness, *view, answer);
    changed_.notify_all();
  }
}

void Cosigning::Settle(Asked& witness, const ledger::LogView& view,
                       const Result<ledger::NoteSignature>& answer) {
  if (answer.ok()) {
    views_.Add(view.size(), *answer);
    witness.done = view.size();
    witness.back_off = milliseconds(0);
    witness.state.cosigned = view.size();
    ++witness.state.cosignatures;
    witness.state.trouble.clear();
    return;
  }
  witness.back_off = witness.back_off.count() == 0
                         ? options_.back_off_first
                         : std::min(witness.back_off * 2, options_.back_off_max);
  witness.not_before = steady_clock::now() + witness.back_off;
  if (stopping_) return;
  ++witness.state.failures[KindOf(answer.error().code)];
  witness.state.trouble = answer.error().message;
}

/// Whether every witness has answered about the offer, or is being left alone after a failure.
bool Cosigning::NobodyLeftToAsk() const {
  return std::all_of(witnesses_.begin(), witnesses_.end(), [this](const auto& w) {
    return w->back_off.count() != 0 || !(w->done < views_.offered()->size());
  });
}

bool Cosigning::RoundIsOver(Moment now) const {
  if (now - round_since_ >= options_.round_max) return true;
  if (!views_.OfferedIsMet() && !NobodyLeftToAsk()) return false;
  return now - round_since_ >= options_.round_every || views_.offered()->size() < wanted_;
}

void Cosigning::Rounds() {
  ::pthread_setname_np(::pthread_self(), "oppi-cosigning");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Moment now = steady_clock::now();
    if (RoundIsOver(now)) {
      lock.unlock();
      const auto newest = ports_.view();
      lock.lock();
      if (views_.offered()->size() < newest->size()) {
        round_since_ = now;
        views_.Offer(newest, now);
        changed_.notify_all();
      }
    }
    Publish(lock);
    // Nobody says when the log grows: a look ten times a second costs nothing.
    if (!stopping_) changed_.wait_for(lock, kTick);
  }
}

/// What is shown is on the disk first. Only the thread of the rounds comes here, and Start.
void Cosigning::Publish(std::unique_lock<std::mutex>& lock) {
  const std::shared_ptr<const ledger::LogView> show = views_.Show(steady_clock::now());
  if (show == shown_) return;
  const bool met = views_.ShownIsMet();
  lock.unlock();
  const Status kept =
      ports_.file.empty() ? Status() : ledger::WriteFileDurably(ports_.file, show->note(), 0644);
  lock.lock();
  file_trouble_ = kept.ok() ? "" : kept.error().message;
  if (!kept.ok()) return;
  shown_ = show;
  shown_met_ = met;
  changed_.notify_all();
}

std::shared_ptr<const ledger::LogView> Cosigning::Shown() const {
  const std::scoped_lock lock(mutex_);
  return shown_;
}

std::shared_ptr<const ledger::LogView> Cosigning::Cosigned(TreeSize size, milliseconds wait_max) {
  const Moment until = steady_clock::now() + wait_max;
  std::unique_lock lock(mutex_);
  wanted_ = std::max(wanted_, size);
  changed_.notify_all();
  const auto covered = [&] { return shown_met_ && !(shown_->size() < size); };
  const auto hopeless = [&] {
    return !views_.OfferedIsMet() && !(views_.offered()->size() < size) && NobodyLeftToAsk();
  };
  while (!covered() && !stopping_ && !hopeless())
    if (changed_.wait_until(lock, until) == std::cv_status::timeout) break;
  return covered() ? shown_ : nullptr;
}

Cosigning::State Cosigning::Now() const {
  const std::scoped_lock lock(mutex_);
  State state{shown_->size(), shown_met_, {}, file_trouble_};
  for (const auto& witness : witnesses_) state.witnesses.push_back(witness->state);
  return state;
}

}  // namespace oppi::consumers
