#pragma once

#include <memory>
#include <string>

#include "events/result.h"
#include "ops/node.h"

/// A node behind its HTTP doors.

namespace oppi::ops {

class Service {
 public:
  /// `listen`: HOST:PORT. The node must outlive the service. Witnesses of `policy` that have a URL are
  /// asked for cosignatures.
  [[nodiscard]] static Result<std::unique_ptr<Service>> Start(Node& node, const std::string& listen, const ledger::TlogPolicy& policy);
  /// Stops taking requests, finishes those under way.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Where it really listens.
  [[nodiscard]] std::string address() const;
  /// Returns on SIGINT or SIGTERM.
  void WaitForSignal();

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace oppi::ops
