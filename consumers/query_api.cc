#include "consumers/query_api.h"

#include <utility>

#include "consumers/http_api.h"
#include "consumers/http_errors.h"

namespace oppi::consumers {

HttpResponse QueryApi::Answer(projections::Ask ask, const HttpRequest& request) const {
  const auto question = projections::ParseQuestion(ask, request.body);
  if (!question) return ProblemResponse(ProblemOf(question.error()));
  auto answer = ports_->desk.Answer(*question, request.claims->asker);
  if (!answer) return ProblemResponse(ProblemOf(answer.error()));
  HttpResponse response;
  response.body = std::move(*answer);
  return response;
}

}  // namespace oppi::consumers
