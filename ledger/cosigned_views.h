#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "events/result.h"
#include "ledger/log_view.h"
#include "ledger/tlog_policy.h"

/// Which checkpoint a log shows while its witnesses are still cosigning newer ones. What is shown
/// never becomes smaller, and is always a checkpoint that the witnesses were asked about: so the
/// one that they complete next is never smaller than one that was shown without them.
/// Pure bookkeeping, no I/O; one thread at a time.

namespace oppi::ledger {

class CosignedViews {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  /// `policy` names the log, and what it asks of witnesses. `unmet_max`: for so long a checkpoint
  /// that lacks cosignatures is held back in favour of an older one that has them.
  CosignedViews(TlogPolicy policy, std::chrono::milliseconds unmet_max)
      : policy_(std::move(policy)), unmet_max_(unmet_max) {}

  /// The view that witnesses are asked about from now on: not smaller than the one before. The
  /// first one is shown at once.
  void Offer(const std::shared_ptr<const LogView>& view, Moment now);
  /// A verified cosignature of an offered checkpoint; of others nothing happens.
  void Add(TreeSize size, const NoteSignature& cosignature);
  /// What to show at this moment.
  [[nodiscard]] const std::shared_ptr<const LogView>& Show(Moment now);

  [[nodiscard]] const std::shared_ptr<const LogView>& offered() const {
    return offers_.back().view;
  }
  [[nodiscard]] bool OfferedIsMet() const { return offers_.back().met; }
  [[nodiscard]] const std::shared_ptr<const LogView>& shown() const { return shown_; }
  [[nodiscard]] bool ShownIsMet() const { return OpenCheckpoint(shown_->note(), policy_).ok(); }
  [[nodiscard]] const TlogPolicy& policy() const { return policy_; }

 private:
  struct Offered {
    std::shared_ptr<const LogView> view;  // its note has what was collected so far
    Moment since;
    bool met = false;
  };
  const TlogPolicy policy_;
  const std::chrono::milliseconds unmet_max_;
  std::deque<Offered> offers_;  // the shown one, if it was offered, and newer ones
  std::shared_ptr<const LogView> shown_;
};

/// The view of the checkpoint in `note`, which is not newer than `newest`: what a process that ran
/// before this one showed. Errors: kInvalidArgument, kUnauthenticated, kNotFound (larger),
/// kDataLoss (another tree).
[[nodiscard]] Result<std::shared_ptr<const LogView>> ViewOfNote(const LogView& newest,
                                                                const std::string& note,
                                                                const VerifierKey& log);

}  // namespace oppi::ledger
