#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "consumers/connection_set.h"
#include "consumers/http_lanes.h"
#include "consumers/http_server.h"
#include "consumers/http_stream.h"
#include "consumers/rate_limit.h"
#include "consumers/router.h"

/// One connection: reads requests one after the other, answers them in order. Internal to the
/// server.

namespace oppi::consumers {

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
  Places turned_away{64};  // connections that are being told "too many"
  std::atomic<std::uint64_t> body_bytes_in_flight{0};
  std::atomic<bool> draining{false};
};

/// Serves `stream`, whose executor is a strand of its own, until it closes. `id` has entered
/// `context.connections`, and leaves it at the end.
void ServeConnection(Stream stream, std::uint64_t id, std::string remote, ServerContext& context);

/// Answers 503 and closes: the connection limit is reached. Beyond context.turned_away: just
/// closes.
void TurnAway(Stream stream, ServerContext& context);

}  // namespace oppi::consumers
