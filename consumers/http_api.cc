#include "consumers/http_api.h"

#include <memory>
#include <utility>

#include "consumers/ops_api.h"
#include "consumers/publish_api.h"
#include "consumers/query_api.h"
#include "events/limits.h"

namespace oppi::consumers {
namespace {

using Types = std::vector<std::string>;
using Keys = std::vector<std::string>;

constexpr std::size_t kQuestionBytesMax = 16 * 1024;

}  // namespace

std::vector<Route> ApiRoutes(HttpPorts given) {
  const auto ports = std::make_shared<const HttpPorts>(std::move(given));
  const auto publish = std::make_shared<const PublishApi>(ports);
  const auto query = std::make_shared<const QueryApi>(ports);
  const auto tile = std::make_shared<const TileApi>(ports->tiles);
  const auto ops = std::make_shared<const OpsApi>(ports);

  const auto ask = [query](projections::Ask question) {
    return [query, question](const HttpRequest& r) { return query->Answer(question, r); };
  };
  const Types batch = {std::string(kBatchMediaType), "application/json"};
  const Types cloud_events = {std::string(kCloudEventMediaType),
                              std::string(kCloudEventsMediaType)};
  const Types json = {"application/json"};

  using enum Method;
  using enum Access;
  using projections::Ask;
  return {
      // publishing: a batch is its own proof of who sent it; a CloudEvent needs a publisher's token
      {kPost, "/v1/batches", kAnyone, Lane::kIngest, kBatchBytesMax, batch, Keys{"receipts"},
       [publish](HttpRequest r) { return publish->Batch(std::move(r)); }},
      {kPost, "/v1/events", kPublisher, Lane::kIngest, kBatchBytesMax, cloud_events,
       Keys{"receipts"}, [publish](const HttpRequest& r) { return publish->Events(r); }},
      {kGet,
       "/v1/receipts/{event_id}",
       kBearer,
       Lane::kRead,
       0,
       {},
       {},
       [publish](const HttpRequest& r) { return publish->Receipt(r); }},

      // asking: learners are named in bodies only; each question is recorded before it is answered
      {kPost,
       "/v1/query/record",
       kBearer,
       Lane::kAsk,
       kQuestionBytesMax,
       json,
       {},
       ask(Ask::kRecord)},
      {kPost,
       "/v1/query/consents",
       kBearer,
       Lane::kAsk,
       kQuestionBytesMax,
       json,
       {},
       ask(Ask::kConsents)},
      {kPost,
       "/v1/query/timeline",
       kBearer,
       Lane::kAsk,
       kQuestionBytesMax,
       json,
       {},
       ask(Ask::kTimeline)},
      {kPost,
       "/v1/query/decide",
       kBearer,
       Lane::kAsk,
       kQuestionBytesMax,
       json,
       {},
       ask(Ask::kDecide)},
      {kPost,
       "/v1/query/audit",
       kBearer,
       Lane::kAsk,
       kQuestionBytesMax,
       json,
       {},
       ask(Ask::kAudit)},

      // the log, as any C2SP client reads it: public, and says nothing about anybody
      {kGet,
       "/checkpoint",
       kAnyone,
       Lane::kRead,
       0,
       {},
       {},
       [tile](const HttpRequest& r) { return tile->Checkpoint(r); }},
      {kGet,
       "/tile/{path...}",
       kAnyone,
       Lane::kRead,
       0,
       {},
       {},
       [tile](const HttpRequest& r) { return tile->Tile(r); }},

      // operations
      {kGet,
       "/healthz",
       kAnyone,
       Lane::kHere,
       0,
       {},
       {},
       [ops](const HttpRequest&) { return ops->Health(); }},
      {kGet,
       "/readyz",
       kAnyone,
       Lane::kHere,
       0,
       {},
       {},
       [ops](const HttpRequest&) { return ops->Ready(); }},
      {kGet,
       "/metrics",
       ports->metrics_for,
       Lane::kRead,
       0,
       {},
       {},
       [ops](const HttpRequest&) { return ops->Metrics(); }},
      {kGet,
       "/openapi.json",
       kAnyone,
       Lane::kHere,
       0,
       {},
       {},
       [ops](const HttpRequest&) { return ops->OpenApi(); }},
  };
}

}  // namespace oppi::consumers
