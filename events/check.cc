#include "events/check.h"

#include <cstdio>
#include <cstdlib>

#include "events/result.h"

namespace oppi {

void CheckFailed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: this must hold but does not: %s\n", file, line, expression);
  std::abort();
}

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument: return "INVALID_ARGUMENT";
    case Code::kUnauthenticated: return "UNAUTHENTICATED";
    case Code::kPermissionDenied: return "PERMISSION_DENIED";
    case Code::kNotFound: return "NOT_FOUND";
    case Code::kAlreadyExists: return "ALREADY_EXISTS";
    case Code::kAborted: return "ABORTED";
    case Code::kResourceExhausted: return "RESOURCE_EXHAUSTED";
    case Code::kUnavailable: return "UNAVAILABLE";
    case Code::kDataLoss: return "DATA_LOSS";
  }
  return "UNKNOWN";
}

}  // namespace oppi
