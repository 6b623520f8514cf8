#include "consumers/ops_api.h"

#include <string>

#include "consumers/http_api.h"
#include "events/codec/json_scan.h"

namespace oppi::consumers {

namespace {

void AppendTexts(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (out.back() != '[') out += ',';
    events::AppendJsonString(out, text);
  }
  out += ']';
}

}  // namespace

HttpResponse OpsApi::Health() const {
  HttpResponse response;
  response.body = R"({"status":"ok"})";
  return response;
}

HttpResponse OpsApi::Ready() const {
  const std::vector<std::string> reasons = ports_->not_ready_because();
  HttpResponse response;
  response.body = reasons.empty() ? R"({"ready":true,"reasons":)" : R"({"ready":false,"reasons":)";
  AppendTexts(response.body, reasons);
  const auto remarks = ports_->remarks ? ports_->remarks() : std::vector<std::string>();
  if (!remarks.empty()) {
    response.body += R"(,"remarks":)";
    AppendTexts(response.body, remarks);
  }
  response.body += '}';
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
