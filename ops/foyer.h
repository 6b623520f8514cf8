#pragma once

#include <memory>
#include <string>

#include "events/result.h"
#include "events/time.h"

/// What answers while a ledger is being opened, which takes long after a restore: /healthz says
/// that the process lives, /readyz says 503 and why, everything else is 503 with Retry-After.
/// KNOWN GAP: while the service takes over, for some milliseconds, connections are refused.

namespace oppi::ops {

class Foyer {
 public:
  /// Errors: as of HttpServer::Start. `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Foyer>> Open(const std::string& listen,
                                                           const Clock& clock);
  /// Closes the door, so that the service can open its own there.
  ~Foyer();
  Foyer(const Foyer&) = delete;
  Foyer& operator=(const Foyer&) = delete;

  /// What /readyz says next. Any thread.
  void Say(std::string reason);
  /// HOST:PORT with the real port.
  [[nodiscard]] std::string address() const;

 private:
  struct Impl;
  explicit Foyer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace oppi::ops
