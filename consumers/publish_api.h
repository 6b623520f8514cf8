#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/http_message.h"
#include "consumers/ingest.h"

/// The publishing doors of HTTP. They only turn bodies into messages for the road and reports into
/// bodies; that a thing sent twice is accepted once is the ledger's doing. Any thread.

namespace oppi::consumers {

struct HttpPorts;

inline constexpr std::string_view kBatchMediaType = "application/vnd.oppiloki.batch+flatbuffers";
inline constexpr std::string_view kCloudEventMediaType = "application/cloudevents+json";
inline constexpr std::string_view kCloudEventsMediaType = "application/cloudevents-batch+json";

class PublishApi {
 public:
  explicit PublishApi(std::shared_ptr<const HttpPorts> ports) : ports_(std::move(ports)) {}

  /// POST /v1/batches: a signed batch, FlatBuffers or JSON. 200 with a result per item, whatever
  /// the results; a problem document when the batch as a whole was refused.
  [[nodiscard]] HttpResponse Batch(HttpRequest request) const;
  /// POST /v1/events: CloudEvents of the profile, one or an array. Attested by the gateway for the
  /// publisher of the token; never recorded as signed by that publisher.
  [[nodiscard]] HttpResponse Events(HttpRequest request) const;
  /// GET /v1/receipts/{event_id}: the tlog-proof text.
  [[nodiscard]] HttpResponse Receipt(const HttpRequest& request) const;

 private:
  [[nodiscard]] HttpResponse Report(const HttpRequest& request, Result<BatchReport> report) const;
  std::shared_ptr<const HttpPorts> ports_;
};

}  // namespace oppi::consumers
