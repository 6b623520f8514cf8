#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "consumers/http_client.h"
#include "events/time.h"
#include "ledger/log_view.h"
#include "ledger/witness.h"

/// The log's side of C2SP tlog-witness v1: asks one witness to cosign what was published.

namespace oppi::consumers {

struct WitnessClientOptions {
  std::chrono::milliseconds connect_time_max{2'000};
  std::chrono::milliseconds answer_time_max{5'000};
  /// A cosignature says when it was made. One whose time is further from this clock is refused.
  std::chrono::seconds clock_difference_max{300};
};

/// One thread at a time.
class WitnessClient {
 public:
  /// `witness`: a type 04 key; `url`: what add-checkpoint is appended to. `clock` outlives the
  /// client. Errors: kInvalidArgument when `url` is none.
  [[nodiscard]] static Result<std::unique_ptr<WitnessClient>> Make(
      const VerifierKey& witness, const std::string& url, const WitnessClientOptions& options,
      const Clock& clock);

  /// The witness's cosignature of this view's checkpoint, verified, its time near now. Errors:
  ///   kUnavailable       no answer, or none yet (5xx, 429)
  ///   kAborted           409: it has cosigned a larger tree than this one
  ///   kPermissionDenied  400, 403, 404: it does not follow this log, or does not know its key
  ///   kDataLoss          422: for the witness this tree is no continuation of what it cosigned
  ///   kUnauthenticated   its answer is no cosignature of this checkpoint by its key, or of another
  ///   time
  [[nodiscard]] Result<ledger::NoteSignature> Cosign(const ledger::LogView& view);
  /// What is under way and all that comes later ends with kUnavailable. Any thread.
  void Stop() { client_->Stop(); }

 private:
  WitnessClient(VerifierKey witness, std::unique_ptr<HttpClient> client,
                std::chrono::seconds difference, const Clock& clock)
      : witness_(std::move(witness)),
        client_(std::move(client)),
        difference_(difference),
        clock_(clock) {}
  [[nodiscard]] Result<HttpReply> Ask(const ledger::LogView& view, TreeSize old);
  [[nodiscard]] Result<ledger::NoteSignature> Checked(const ledger::LogView& view,
                                                      const std::string& answer) const;

  const VerifierKey witness_;
  const std::unique_ptr<HttpClient> client_;
  const std::chrono::seconds difference_;
  const Clock& clock_;
  TreeSize cosigned_{0};  // as far as this side knows; the witness says when it is wrong
};

}  // namespace oppi::consumers
