#pragma once

#include <memory>

#include "consumers/http_message.h"

/// Erasure and legal hold over HTTP: the erasure desk's acts, by the principal that the token
/// names. A learner is named in bodies only. Any thread.
///
/// Who may act is what the principal's role as a publisher of this ledger says; who may look is the
/// role of the token: DPO or AUDITOR.

namespace oppi::consumers {

struct HttpPorts;

class ErasureApi {
 public:
  explicit ErasureApi(std::shared_ptr<const HttpPorts> ports) : ports_(std::move(ports)) {}
  // `request.claims` is set: each route asks for a token.
  [[nodiscard]] HttpResponse Request(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse List(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse StatusOf(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse Decide(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse Run(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse SetHold(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse ReleaseHold(const HttpRequest& request) const;

 private:
  std::shared_ptr<const HttpPorts> ports_;
};

}  // namespace oppi::consumers
