#include "ops/exit_code.h"

namespace oppi::ops {

int ExitFor(const Error& error) {
  switch (error.code) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
      return kExitUsage;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return kExitForbidden;
    case Code::kAborted:
    case Code::kResourceExhausted:
    case Code::kUnavailable:
      return kExitUnavailable;
    case Code::kDataLoss:
      return kExitDataLoss;
  }
  return kExitDataLoss;
}

}  // namespace oppi::ops
