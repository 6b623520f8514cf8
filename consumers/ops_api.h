#pragma once

#include <memory>

#include "consumers/http_message.h"

/// What the people who run the service ask it. No learner data, no identifiers. Any thread.

namespace oppi::consumers {

struct HttpPorts;

class OpsApi {
 public:
  explicit OpsApi(std::shared_ptr<const HttpPorts> ports) : ports_(std::move(ports)) {}
  /// 200 as long as the process answers at all.
  [[nodiscard]] HttpResponse Health() const;
  /// {"ready":true,"reasons":[]}, or 503 with the reasons; "remarks" besides, if there are any.
  [[nodiscard]] HttpResponse Ready() const;
  [[nodiscard]] HttpResponse Metrics() const;
  [[nodiscard]] HttpResponse OpenApi() const;

 private:
  std::shared_ptr<const HttpPorts> ports_;
};

}  // namespace oppi::consumers
