#include "consumers/retention_api.h"

#include <utility>

#include "consumers/http_api.h"
#include "consumers/http_errors.h"
#include "consumers/json_body.h"
#include "consumers/retention_worker.h"

namespace oppi::consumers {
namespace {

constexpr std::uint64_t kPerSecondMax = 1'000'000;
constexpr std::uint64_t kChunkMax = 10'000;

HttpResponse Reply(Result<std::string> answer) {
  if (!answer.ok()) return ProblemResponse(ProblemOf(answer.error()));
  HttpResponse response;
  response.body = std::move(answer).value();
  return response;
}

}  // namespace

HttpResponse RetentionApi::Begin(const HttpRequest& request) const {
  projections::RetentionOptions options;
  auto rate = static_cast<std::uint64_t>(options.per_second);
  std::uint64_t chunk = options.chunk;
  const Status read = ReadBody(request.body,
                               {{"dry_run", &options.dry_run},
                                {"rate", &rate},
                                {"chunk", &chunk},
                                {"chunks", &options.chunks_max}},
                               {});
  if (!read.ok()) return ProblemResponse(ProblemOf(read.error()));
  if (rate > kPerSecondMax) return Reply(InvalidArgument("FIELD_TYPE: rate"));
  if (chunk < 1 || chunk > kChunkMax) return Reply(InvalidArgument("FIELD_TYPE: chunk"));
  options.per_second = static_cast<double>(rate);
  options.chunk = chunk;
  return Reply(ports_->retention->Begin(options, request.claims->asker));
}

HttpResponse RetentionApi::State(const HttpRequest& request) const {
  return Reply(ports_->retention->State(request.claims->asker));
}

HttpResponse RetentionApi::Show(const HttpRequest& request) const {
  return Reply(ports_->retention->Show(request.claims->asker));
}

}  // namespace oppi::consumers
