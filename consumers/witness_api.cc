#include "consumers/witness_api.h"

#include <utility>

#include "consumers/http_errors.h"

namespace oppi::consumers {
namespace {

using Kind = ledger::WitnessAnswer::Kind;

constexpr const char* kText = "text/plain; charset=utf-8";

HttpResponse Text(unsigned status, const char* media_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.media_type = media_type;
  response.body = std::move(body);
  return response;
}

HttpResponse Answer(ledger::WitnessAnswer answer) {
  switch (answer.kind) {
    case Kind::kCosigned:
      return Text(200, kText, std::move(answer.text));
    case Kind::kConflict:
      return Text(409, "text/x.tlog.size", std::move(answer.text));
    case Kind::kMalformed:
      return ProblemResponse({400, "MALFORMED", answer.text});
    case Kind::kUntrusted:
      return ProblemResponse({403, "UNTRUSTED", answer.text});
    case Kind::kUnknownLog:
      return ProblemResponse({404, "LOG_UNKNOWN", answer.text});
    case Kind::kInconsistent:
      return ProblemResponse({422, "INCONSISTENT", answer.text});
  }
  return ProblemResponse({500, "INTERNAL", ""});
}

}  // namespace

std::vector<Route> WitnessRoutes(ledger::Witness& witness) {
  std::vector<Route> routes;
  routes.push_back({Method::kPost, "/add-checkpoint", Access::kAnyone, Lane::kIngest, ledger::kAddCheckpointBytesMax, {kAnyMediaType}, {},
                    [&witness](const HttpRequest& request) {
                      auto answer = witness.Add(request.body);
                      return answer.ok() ? Answer(std::move(*answer)) : ProblemResponse(ProblemOf(answer.error()));
                    }});
  routes.push_back({Method::kGet, "/{log}/checkpoint", Access::kAnyone, Lane::kRead, 0, {}, {}, [&witness](const HttpRequest& request) {
                      auto note = witness.Newest(request.parameters.at("log"));
                      if (!note) return ProblemResponse(ProblemOf(note.error()));
                      if (!*note) return ProblemResponse({404, "LOG_UNKNOWN", "this witness has cosigned nothing of that log"});
                      HttpResponse response = Text(200, kText, std::move(**note));
                      response.cache_control = "no-cache";
                      return response;
                    }});
  return routes;
}

}  // namespace oppi::consumers
