#include "consumers/http_api.h"

#include <memory>
#include <utility>

#include "consumers/erasure_api.h"
#include "consumers/ops_api.h"
#include "consumers/publish_api.h"
#include "consumers/query_api.h"
#include "consumers/retention_api.h"
#include "events/limits.h"

namespace oppi::consumers {
namespace {

using Keys = std::vector<std::string>;

constexpr std::size_t kQuestionBytesMax = 16 * 1024;
constexpr std::size_t kNoBody = 0;

}  // namespace

std::vector<Route> ApiRoutes(HttpPorts given) {
  const auto ports = std::make_shared<const HttpPorts>(std::move(given));
  const auto publish = std::make_shared<const PublishApi>(ports);
  const auto query = std::make_shared<const QueryApi>(ports);
  const auto erasures = std::make_shared<const ErasureApi>(ports);
  const auto retention = std::make_shared<const RetentionApi>(ports);
  const auto log = std::make_shared<const TileApi>(ports->tiles);
  const auto labels = std::make_shared<const TransitionsApi>(ports->transitions);
  const auto ops = std::make_shared<const OpsApi>(ports);

  using Request = HttpRequest;
  const auto batch = [publish](Request r) { return publish->Batch(std::move(r)); };
  const auto events = [publish](Request r) { return publish->Events(std::move(r)); };
  const auto receipt = [publish](const Request& r) { return publish->Receipt(r); };
  const auto ask = [query](projections::Ask what) {
    return [query, what](const Request& r) { return query->Answer(what, r); };
  };
  const auto erasure = [erasures](HttpResponse (ErasureApi::*handle)(const Request&) const) {
    return [erasures, handle](const Request& r) { return ((*erasures).*handle)(r); };
  };
  const auto begin = [retention](const Request& r) { return retention->Begin(r); };
  const auto how_far = [retention](const Request& r) { return retention->State(r); };
  const auto table = [retention](const Request& r) { return retention->Show(r); };
  const auto checkpoint = [log](const Request& r) { return log->Checkpoint(r); };
  const auto tile = [log](const Request& r) { return log->Tile(r); };
  const auto transitions = [labels](const Request& r) { return labels->Page(r); };
  const auto health = [ops](const Request&) { return ops->Health(); };
  const auto ready = [ops](const Request&) { return ops->Ready(); };
  const auto metrics = [ops](const Request&) { return ops->Metrics(); };
  const auto openapi = [ops](const Request&) { return ops->OpenApi(); };

  const Keys batches = {std::string(kBatchMediaType), "application/json"};
  const Keys cloud = {std::string(kCloudEventMediaType), std::string(kCloudEventsMediaType)};
  const Keys json = {"application/json"};
  const Keys receipts = {"receipts"};

  using enum Method;
  using enum Access;
  using enum Lane;
  using projections::Ask;
  // clang-format off
  return {
      // method, path, who may, lane, body limit, body types, query keys, handler

      // publishing: a batch is its own proof of who sent it; a CloudEvent needs a publisher's token
      {kPost, "/v1/batches",             kAnyone,    kIngest, kBatchBytesMax,    batches, receipts, batch},
      {kPost, "/v1/events",              kPublisher, kIngest, kBatchBytesMax,    cloud,   receipts, events},
      {kGet,  "/v1/receipts/{event_id}", kBearer,    kRead,   kNoBody,           {},      {},       receipt},

      // asking: learners are named in bodies only; each question is recorded before it is answered
      {kPost, "/v1/query/record",        kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kRecord)},
      {kPost, "/v1/query/consents",      kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kConsents)},
      {kPost, "/v1/query/timeline",      kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kTimeline)},
      {kPost, "/v1/query/decide",        kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kDecide)},
      {kPost, "/v1/query/audit",         kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kAudit)},
      {kPost, "/v1/query/obligations",   kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kObligations)},
      {kPost, "/v1/query/findings",      kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kFindings)},
      {kPost, "/v1/query/erasure",       kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kErasure)},
      {kPost, "/v1/query/holds",         kBearer,    kAsk,    kQuestionBytesMax, json,    {},       ask(Ask::kHolds)},

      // erasure: the principal of the token acts; what a run takes long for goes on when its caller is gone
      {kPost, "/v1/erasures",            kBearer,    kAsk,    kQuestionBytesMax, json,    {},       erasure(&ErasureApi::Request)},
      {kGet,  "/v1/erasures",            kBearer,    kAsk,    kNoBody,           {},      {},       erasure(&ErasureApi::List)},
      {kPost, "/v1/erasures/run",        kBearer,    kAsk,    kNoBody,           {},      {},       erasure(&ErasureApi::Run)},
      {kGet,  "/v1/erasures/{id}",       kBearer,    kAsk,    kNoBody,           {},      {},       erasure(&ErasureApi::StatusOf)},
      {kPost, "/v1/erasures/{id}/decision", kBearer, kAsk,    kQuestionBytesMax, json,    {},       erasure(&ErasureApi::Decide)},
      {kPost, "/v1/holds",               kBearer,    kAsk,    kQuestionBytesMax, json,    {},       erasure(&ErasureApi::SetHold)},
      {kPost, "/v1/holds/{id}/release",  kBearer,    kAsk,    kNoBody,           {},      {},       erasure(&ErasureApi::ReleaseHold)},

      // retention: a run goes on when its caller is gone, and can be asked about
      {kPost, "/v1/retention/run",       kBearer,    kAsk,    kQuestionBytesMax, json,    {},       begin},
      {kGet,  "/v1/retention/run",       kBearer,    kAsk,    kNoBody,           {},      {},       how_far},
      {kGet,  "/v1/retention",           kBearer,    kAsk,    kNoBody,           {},      {},       table},

      // the log, as any C2SP client reads it: public, and says nothing about anybody
      {kGet,  "/checkpoint",             kAnyone,    kRead,   kNoBody,           {},      {},       checkpoint},
      {kGet,  "/tile/{path...}",         kAnyone,    kRead,   kNoBody,           {},      {},       tile},

      // what an auditor computes the stream map again from, without names
      {kGet,  "/v1/transitions/{from}",  kBearer,    kRead,   kNoBody,           {},      {},       transitions},

      // operations
      {kGet,  "/healthz",                kAnyone,    kHere,   kNoBody,           {},      {},       health},
      {kGet,  "/readyz",                 kAnyone,    kHere,   kNoBody,           {},      {},       ready},
      {kGet,  "/metrics",       ports->metrics_for,  kRead,   kNoBody,           {},      {},       metrics},
      {kGet,  "/openapi.json",           kAnyone,    kHere,   kNoBody,           {},      {},       openapi},
  };
  // clang-format on
}

}  // namespace oppi::consumers
