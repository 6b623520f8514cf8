#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "consumers/rate_limit.h"
#include "consumers/router.h"
#include "consumers/token.h"
#include "events/limits.h"
#include "events/result.h"
#include "events/time.h"

/// The asynchronous HTTP/1.1 server. I/O threads move bytes and never block; handlers run on worker
/// lanes of fixed size with a bounded queue each. Everything a peer can make grow has a limit here,
/// and beyond a limit it gets an answer: 408 413 414 431 429 503.

namespace oppi::consumers {

/// Hears about each answer. `route` is the row's path ("/v1/receipts/{event_id}") or "unmatched",
/// so neither identifiers nor anything a peer chose can become a metric label. Any I/O thread.
class HttpObserver {
 public:
  virtual ~HttpObserver() = default;
  virtual void Observed(std::string_view route, unsigned status, double seconds) = 0;
};

struct HttpLimits {
  std::size_t header_bytes_max = 16 * 1024;  // start line included
  std::size_t connections_max = 2048;
  std::size_t connections_per_remote_max = 256;
  /// Bodies held in memory, all connections together. A body is counted as it arrives.
  std::uint64_t body_bytes_in_flight_max = 4 * kBatchBytesMax;

  std::chrono::milliseconds idle_time_max{60'000};  // between requests
  std::chrono::milliseconds header_time_max{
      10'000};  // from a request's first byte to its last header
  /// A body must arrive (and an answer must be taken) within this plus its length at the lowest
  /// rate.
  std::chrono::milliseconds transfer_time_grace{10'000};
  std::size_t transfer_bytes_per_second_min = 32 * 1024;
  std::chrono::milliseconds answer_time_max{
      60'000};  // waiting for a handler; then 503, work goes on
  std::chrono::milliseconds drain_time_max{20'000};  // Stop waits so long for requests under way

  // Before the token is looked at. Behind a proxy, which makes all peers one, set it to {0, 1}.
  RateLimit per_remote{500, 1000};
  RateLimit per_principal{200, 400};  // after
  std::size_t rate_keys_max = 100'000;
};

struct LaneSize {
  unsigned threads = 2;
  std::size_t waiting_max = 128;  // beyond those running; then 503
};

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // HOST:PORT, "[::1]:8080"; port 0: any free one
  unsigned io_threads = 2;
  LaneSize ingest{8, 64};
  LaneSize ask{4, 256};
  LaneSize read{2, 256};
  HttpLimits limits{};
};

struct ServerPorts {
  const Clock& clock;  // for Date, rate limits and nothing else
  /// Default deny: an error refuses. Must not block. Any thread.
  std::function<Result<Claims>(std::string_view token)> check_token;
  HttpObserver* observer = nullptr;  // may be absent
};

class HttpServer final {
 public:
  /// Binds, listens and serves. Errors: kInvalidArgument (listen is no HOST:PORT), kUnavailable
  /// (the address cannot be bound). Clock, observer and whatever handlers refer to must outlive the
  /// server.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Start(Router router,
                                                                 ServerOptions options,
                                                                 ServerPorts ports);
  /// Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;

  /// A moment's gauges, for metrics. Any thread.
  struct State {
    std::size_t connections = 0;
    std::uint64_t body_bytes_in_flight = 0;
    std::size_t ingest = 0;  // running and waiting in the lane
    std::size_t ask = 0;
    std::size_t read = 0;
  };
  [[nodiscard]] State state() const;

  /// Takes no new connections, closes idle ones, lets requests under way finish (for at most
  /// drain_time_max), then closes everything and joins all threads; a handler that is still
  /// running is waited for. Repeating it does nothing.
  void Stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// "127.0.0.1:8080", "[::1]:0", "localhost:80".
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};
[[nodiscard]] Result<HostPort> ParseHostPort(std::string_view text);

}  // namespace oppi::consumers
