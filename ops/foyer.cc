#include "ops/foyer.h"

#include <mutex>

#include "consumers/http_errors.h"
#include "consumers/http_server.h"
#include "consumers/publish_api.h"
#include "events/codec/json_scan.h"
#include "events/limits.h"

namespace oppi::ops {

using consumers::Access;
using consumers::HttpRequest;
using consumers::HttpResponse;
using consumers::Lane;
using consumers::Method;

struct Foyer::Impl {
  std::string host;
  std::mutex mutex;
  std::string reason = "the ledger is being opened";  // guarded by mutex
  std::unique_ptr<consumers::HttpServer> server;

  HttpResponse NotReady() {
    HttpResponse response;
    response.status = 503;
    response.headers.emplace_back("Retry-After", "1");
    response.body = R"({"ready":false,"reasons":[)";
    const std::scoped_lock lock(mutex);
    events::AppendJsonString(response.body, reason);
    response.body += "]}";
    return response;
  }
};

Foyer::Foyer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Foyer::~Foyer() { impl_->server->Stop(); }

Result<std::unique_ptr<Foyer>> Foyer::Open(const std::string& listen, const Clock& clock) {
  OPPI_TRY(const consumers::HostPort where, consumers::ParseHostPort(listen));
  auto impl = std::make_unique<Impl>();
  impl->host = where.host;
  Impl* self = impl.get();
  const auto health = [](const HttpRequest&) {
    HttpResponse response;
    response.body = R"({"status":"ok"})";
    return response;
  };
  const auto ready = [self](const HttpRequest&) { return self->NotReady(); };
  const auto later = [](const HttpRequest&) {
    return consumers::ProblemResponse(
        {503, "NOT_READY", "the ledger is being opened; /readyz says how far it is", 1});
  };
  const std::vector<std::string> media = {
      "application/json", std::string(consumers::kBatchMediaType),
      std::string(consumers::kCloudEventMediaType), std::string(consumers::kCloudEventsMediaType)};
  std::vector<consumers::Route> routes = {
      {Method::kGet, "/healthz", Access::kAnyone, Lane::kHere, 0, {}, {}, health},
      {Method::kGet, "/readyz", Access::kAnyone, Lane::kHere, 0, {}, {}, ready},
      {Method::kGet, "/{anything...}", Access::kAnyone, Lane::kRead, 0, {}, {}, later},
      {Method::kPost,
       "/{anything...}",
       Access::kAnyone,
       Lane::kRead,
       kBatchBytesMax,
       media,
       {"receipts"},
       later},
  };
  consumers::ServerOptions options;
  options.listen = listen;
  OPPI_TRY(impl->server, consumers::HttpServer::Start(consumers::Router(std::move(routes)), options,
                                                      {clock, {}, nullptr}));
  return std::unique_ptr<Foyer>(new Foyer(std::move(impl)));
}

void Foyer::Say(std::string reason) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->reason = std::move(reason);
}

std::string Foyer::address() const {
  return impl_->host + ":" + std::to_string(impl_->server->port());
}

}  // namespace oppi::ops
