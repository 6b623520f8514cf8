#include "consumers/ops_api.h"

#include <string>

#include "consumers/http_api.h"
#include "events/codec/json_scan.h"

namespace oppi::consumers {

HttpResponse OpsApi::Health() const {
  HttpResponse response;
  response.body = R"({"status":"ok"})";
  return response;
}

HttpResponse OpsApi::Ready() const {
  const std::vector<std::string> reasons = ports_->not_ready_because();
  HttpResponse response;
  response.body =
      reasons.empty() ? R"({"ready":true,"reasons":[)" : R"({"ready":false,"reasons":[)";
  for (const std::string& reason : reasons) {
    if (response.body.back() != '[') response.body += ',';
    events::AppendJsonString(response.body, reason);
  }
  response.body += "]}";
  if (!reasons.empty()) {
    response.status = 503;
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

HttpResponse OpsApi::Metrics() const {
  HttpResponse response;
  response.media_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = ports_->metrics();
  return response;
}

HttpResponse OpsApi::OpenApi() const {
  HttpResponse response;
  response.cache_control = "public, max-age=3600";
  response.body = OpenApiJson();
  return response;
}

}  // namespace oppi::consumers
