#pragma once

#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "consumers/ingest.h"
#include "events/ed25519.h"
#include "events/entropy.h"
#include "events/own_batch.h"

/// Who looked and what was decided, durable before the answer leaves. Callers that come at the same
/// time share one batch, one signature and one commit; one who comes alone does not wait for others.
///
/// I1  Record returns success only for an event that is durable and has a place in the log.
/// I2  Each event is in exactly one batch; when that batch fails, each of its callers is told.

namespace oppi::consumers {

class AccessLog {
 public:
  struct Ports {
    Road& road;
    const NamedSigningKey& ledger_key;
    Entropy& entropy;
    std::string origin;
    events::DecodeOptions decode;
  };
  struct Options {
    std::size_t group_events_max = 256;
    /// While one group is written the next is made; more at a time only makes them smaller.
    std::size_t groups_at_once = 2;
  };
  explicit AccessLog(Ports ports) : AccessLog(std::move(ports), Options()) {}
  AccessLog(Ports ports, Options options) : ports_(std::move(ports)), options_(options) {}

  /// Errors: kInvalidArgument when the event is not one the ledger takes; those of Road::Ingest. No
  /// answer may leave then. Any thread; returns when the event is durable.
  [[nodiscard]] Status Record(const events::Event& event);

 private:
  struct Caller {
    explicit Caller(events::OwnItem own) : item(std::move(own)) {}
    events::OwnItem item;
    std::promise<std::optional<Status>> told;  // nullopt: it is your turn to send
  };
  using Callers = std::vector<std::shared_ptr<Caller>>;
  [[nodiscard]] Status SendFor(const std::shared_ptr<Caller>& caller);
  [[nodiscard]] std::vector<Status> Send(Callers& group);

  const Ports ports_;
  const Options options_;

  std::mutex mutex_;
  std::deque<std::shared_ptr<Caller>> waiting_;  // guarded by mutex_; empty while there is a free turn
  std::size_t sending_ = 0;                      // guarded by mutex_: turns taken
};

}  // namespace oppi::consumers
