#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "consumers/http_server.h"
#include "ops/node.h"

/// What /metrics says. Labels are routes, outcomes and codes; never anything about a person.

namespace oppi::ops {

class Metrics final : public consumers::HttpObserver {
 public:
  explicit Metrics(Node& node);
  ~Metrics() override;
  void Observed(std::string_view route, unsigned status, double seconds) override;
  void Ingested(const consumers::BatchReport& report, double seconds);
  /// Prometheus text format 0.0.4.
  [[nodiscard]] std::string Text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace oppi::ops
