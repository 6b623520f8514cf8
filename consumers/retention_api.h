#pragma once

#include <memory>

#include "consumers/http_message.h"

/// Retention over HTTP: begin a run beside live traffic, ask how far it is, see the table. No
/// learner is named. Any thread.

namespace oppi::consumers {

struct HttpPorts;

class RetentionApi {
 public:
  explicit RetentionApi(std::shared_ptr<const HttpPorts> ports) : ports_(std::move(ports)) {}
  // `request.claims` is set: each route asks for a token.
  [[nodiscard]] HttpResponse Begin(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse State(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse Show(const HttpRequest& request) const;

 private:
  std::shared_ptr<const HttpPorts> ports_;
};

}  // namespace oppi::consumers
