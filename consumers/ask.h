#pragma once

#include <string>

#include "events/result.h"
#include "projections/question.h"

/// The one way to an answer, for HTTP and the command line alike: authorise (default deny), answer
/// from one view, record the access, wait until that record is durable, only then let the answer go.

namespace oppi::consumers {

class Desk {
 public:
  virtual ~Desk() = default;
  /// JSON text of the answer. Errors: kPermissionDenied "ROLE_NOT_ALLOWED: ...", kInvalidArgument,
  /// kNotFound "SIZE_UNKNOWN: ...", kUnavailable "NOT_READY". Messages hold no learner data. Any thread.
  [[nodiscard]] virtual Result<std::string> Answer(const projections::Question& question,
                                                   const projections::Asker& asker) = 0;
};

}  // namespace oppi::consumers
