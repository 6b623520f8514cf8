#pragma once

#include <memory>

#include "consumers/http_message.h"
#include "projections/question.h"

/// POST /v1/query/...: a question in, an answer out. The body is the only place where a learner is
/// named. Any thread.

namespace oppi::consumers {

struct HttpPorts;

class QueryApi {
 public:
  explicit QueryApi(std::shared_ptr<const HttpPorts> ports) : ports_(std::move(ports)) {}
  /// `request.claims` is set: the route asks for a token.
  [[nodiscard]] HttpResponse Answer(projections::Ask ask, const HttpRequest& request) const;

 private:
  std::shared_ptr<const HttpPorts> ports_;
};

}  // namespace oppi::consumers
