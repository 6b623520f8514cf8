#pragma once

#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "consumers/ingest.h"
#include "events/ed25519.h"
#include "events/entropy.h"
#include "ledger/own_events.h"
#include "ledger/vault.h"

/// Who looked and what was decided, durable before the answer leaves. Callers that come while the
/// writer is busy share one batch, one signature and one commit; one who comes alone does not wait for
/// others. Each caller checks and seals its own event; the writer only signs for all of them.
///
/// I1  Record returns success only for an event that is durable and has a place in the log.
/// I2  Each event is in exactly one batch; when that batch fails, each of its callers is told.

namespace oppi::consumers {

class AccessLog {
 public:
  struct Ports {
    Road& road;
    const ledger::Vault& vault;
    const NamedSigningKey& ledger_key;
    Entropy& entropy;
    std::string origin;
    events::DecodeOptions decode;
  };
  struct Options {
    std::size_t group_events_max = 256;
  };
  explicit AccessLog(Ports ports) : AccessLog(std::move(ports), Options()) {}
  AccessLog(Ports ports, Options options) : ports_(std::move(ports)), options_(options) {}

  /// Errors: kInvalidArgument when the event is not one the ledger takes; those of Road::Ingest. No
  /// answer may leave then. Any thread; returns when the event is durable.
  [[nodiscard]] Status Record(const events::Event& event);

 private:
  /// Callers who share a batch. It takes in more until the writer is ready for it.
  struct Group {
    std::vector<ledger::SealedOwn> items;  // guarded by mutex_ while it gathers
    std::vector<Status> outcomes;          // one an item, once told
    std::promise<void> done;
    std::shared_future<void> told{done.get_future()};
  };
  void Send(const std::shared_ptr<Group>& group);
  [[nodiscard]] std::vector<ledger::SealedOwn> Close(const std::shared_ptr<Group>& group);

  const Ports ports_;
  const Options options_;

  std::mutex mutex_;
  std::shared_ptr<Group> gathering_;  // guarded by mutex_; its first caller has sent it
};

}  // namespace oppi::consumers
