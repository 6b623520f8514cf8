#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/http_lanes.h"
#include "consumers/http_server.h"
#include "consumers/http_stream.h"
#include "consumers/rate_limit.h"
#include "consumers/router.h"

/// One connection: reads requests one after the other, answers them in order. Internal to the
/// server.

namespace oppi::consumers {

/// What the server may ask of a connection that lives on its own strand. Any thread.
class LiveConnection {
 public:
  virtual ~LiveConnection() = default;
  /// Finish the request under way, if any, then close.
  virtual void Drain() = 0;
  /// Close at once.
  virtual void Abort() = 0;
};

/// All live connections, counted by remote as well. Any thread.
class ConnectionSet final {
 public:
  /// False when either count is at its limit; then nothing was counted.
  [[nodiscard]] bool Enter(std::uint64_t id, const std::string& remote, const HttpLimits& limits);
  void Attach(std::uint64_t id, std::weak_ptr<LiveConnection> connection);
  void Leave(std::uint64_t id);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<std::shared_ptr<LiveConnection>> All() const;
  /// False when some were left after `wait`.
  [[nodiscard]] bool WaitEmpty(std::chrono::milliseconds wait) const;

 private:
  struct Entry {
    std::string remote;
    std::weak_ptr<LiveConnection> connection;
  };
  mutable std::mutex mu_;
  mutable std::condition_variable emptied_;
  // Guarded by mu_.
  std::map<std::uint64_t, Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> per_remote_;
};

/// What all connections of a server share. Outlives them.
struct ServerContext {
  ServerContext(Router routes, ServerOptions opts, ServerPorts given);

  const Router router;
  const ServerOptions options;
  const ServerPorts ports;
  RateLimiter per_remote;
  RateLimiter per_principal;
  Lanes lanes;
  ConnectionSet connections;
  std::atomic<std::uint64_t> body_bytes_in_flight{0};
  std::atomic<bool> draining{false};
};

/// Serves `stream`, whose executor is a strand of its own, until it closes. `id` has entered
/// `context.connections`, and leaves it at the end.
void ServeConnection(Stream stream, std::uint64_t id, std::string remote, ServerContext& context);

/// Answers 503 and closes: the connection limit is reached.
void TurnAway(Stream stream, ServerContext& context);

}  // namespace oppi::consumers
