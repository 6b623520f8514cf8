#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/ask.h"
#include "consumers/ingest.h"
#include "consumers/router.h"
#include "consumers/tile_api.h"
#include "consumers/transitions_api.h"
#include "events/batch.h"
#include "events/entropy.h"
#include "events/result.h"

/// Everything the HTTP interface offers, and what it stands on. Read http_api.cc first.

namespace oppi::consumers {

class ErasureDesk;
class RetentionWorker;

/// All functions are called by many threads at once. Referred objects outlive the server.
struct HttpPorts {
  Road& road;
  Desk& desk;
  Entropy& entropy;  // salts of attested events
  /// Signs the items as the gateway, on behalf of the authenticated publisher, and sends them down
  /// the road.
  std::function<Result<BatchReport>(std::string publisher, std::vector<events::BatchItem> items)>
      attest;
  /// tlog-proof texts: of an event, and of a leaf. kNotFound when there is none.
  std::function<Result<std::string>(std::string_view event_id)> receipt_of_event;
  std::function<Result<std::string>(LeafIndex position)> receipt_at;
  TileSource tiles;
  TransitionsApi::Ports transitions;
  std::function<std::vector<std::string>()> not_ready_because;  // empty: ready
  std::function<std::string()> metrics;                         // Prometheus text format 0.0.4
  Access metrics_for = Access::kAnyone;
  // Never nullptr where requests are served.
  ErasureDesk* erasures = nullptr;
  RetentionWorker* retention = nullptr;
  /// What readiness mentions besides; no reason not to serve. May be empty.
  std::function<std::vector<std::string>()> remarks = {};
};

/// The rows themselves; a test holds GET /openapi.json against them.
[[nodiscard]] std::vector<Route> ApiRoutes(HttpPorts ports);

/// The OpenAPI 3.1 document, as built in.
[[nodiscard]] std::string_view OpenApiJson();

}  // namespace oppi::consumers
