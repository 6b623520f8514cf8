#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "consumers/witness_client.h"
#include "ledger/cosigned_views.h"

/// Collects cosignatures beside the writer: in rounds, each about the newest checkpoint there is,
/// all witnesses are asked at once, and what they say is kept and shown. Nothing waits for it: a
/// witness that is slow, down or lying costs its own thread only.

namespace oppi::consumers {

struct CosigningOptions {
  WitnessClientOptions witness;
  std::chrono::milliseconds round_every{1'000};  // between rounds, while the log grows
  std::chrono::milliseconds round_max{8'000};    // a round that its witnesses do not end
  std::chrono::milliseconds unmet_max{
      15'000};  // a checkpoint without a quorum is held back so long
  std::chrono::milliseconds back_off_first{1'000};  // after a failure; doubles
  std::chrono::milliseconds back_off_max{60'000};
};

class Cosigning {
 public:
  struct Ports {
    std::function<std::shared_ptr<const ledger::LogView>()>
        view;  // the newest; outlived by what it gives
    const Clock& clock;
    /// Where what is shown is kept, so that a restart shows nothing smaller. Empty: nowhere.
    std::string file;
  };
  /// `policy`: one log, the one that `view` is of, and witnesses; those with a URL are asked.
  /// Errors: kInvalidArgument when a URL is none.
  [[nodiscard]] static Result<std::unique_ptr<Cosigning>> Start(Ports ports,
                                                                ledger::TlogPolicy policy,
                                                                const CosigningOptions& options);
  ~Cosigning();
  Cosigning(const Cosigning&) = delete;
  Cosigning& operator=(const Cosigning&) = delete;

  /// What the log shows: the newest checkpoint that the quorum has cosigned, or, when that is too
  /// old, the newest that witnesses were asked about. Never smaller than before. Any thread.
  [[nodiscard]] std::shared_ptr<const ledger::LogView> Shown() const;
  /// A view that covers `size` and that the quorum has cosigned; waits for a round, but no longer
  /// than `wait_max`, and not at all while there is no quorum to be had. nullptr: none. Any thread.
  [[nodiscard]] std::shared_ptr<const ledger::LogView> Cosigned(TreeSize size,
                                                                std::chrono::milliseconds wait_max);

  struct WitnessState {
    std::string name;
    TreeSize cosigned{0};            // newest
    std::uint64_t cosignatures = 0;  // since the start
    std::map<std::string, std::uint64_t>
        failures;         // by kind: "unavailable", "ahead", "refused", "inconsistent", "untrusted"
    std::string trouble;  // in words; empty: its last answer was a cosignature
  };
  struct State {
    TreeSize shown{0};
    bool met = false;  // whether the quorum has cosigned what is shown
    std::vector<WitnessState> witnesses;
    std::string trouble;  // of the file
  };
  [[nodiscard]] State Now() const;

 private:
  using Moment = ledger::CosignedViews::Moment;
  struct Asked {
    WitnessState state;
    std::unique_ptr<WitnessClient> client;
    TreeSize done{0};   // it has answered about the offer of this size
    Moment not_before;  // back-off
    std::chrono::milliseconds back_off{0};
    std::thread thread;
  };
  Cosigning(Ports ports, ledger::CosignedViews views, const CosigningOptions& options)
      : ports_(std::move(ports)), options_(options), views_(std::move(views)) {}
  void AskAgainAndAgain(Asked& witness);
  void Settle(Asked& witness, const ledger::LogView& view,
              const Result<ledger::NoteSignature>& answer);
  void Rounds();
  [[nodiscard]] bool RoundIsOver(Moment now) const;
  [[nodiscard]] bool NobodyLeftToAsk() const;
  void Publish(std::unique_lock<std::mutex>& lock);

  const Ports ports_;
  const CosigningOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ledger::CosignedViews views_;
  Moment round_since_;
  TreeSize wanted_{0};  // somebody waits for a round that covers this
  bool stopping_ = false;
  std::string file_trouble_;
  std::vector<std::unique_ptr<Asked>> witnesses_;
  std::shared_ptr<const ledger::LogView> shown_;  // what is kept in the file
  bool shown_met_ = false;
  std::thread rounds_;
};

}  // namespace oppi::consumers
