#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "consumers/http_message.h"
#include "events/outcome.h"
#include "events/result.h"

/// Refusals as RFC 9457 problem documents: {"type","title","status","detail","code"}. `code` is
/// what programs act on: a code of the vocabulary, of the question, or of this door. Never learner
/// data.

namespace oppi::consumers {

struct Problem {
  unsigned status = 500;
  std::string code;    // "RATE_LIMITED"
  std::string detail;  // may be empty
  std::optional<std::int64_t> retry_after_seconds{};
};

/// application/problem+json, with Retry-After and WWW-Authenticate where they belong.
[[nodiscard]] HttpResponse ProblemResponse(const Problem& problem);

/// What an Error means to an HTTP caller. A message that begins with "SOME_CODE: " or is
/// "SOME_CODE" gives the code, the rest the detail.
///   kInvalidArgument 400 · kUnauthenticated 401 · kPermissionDenied 403 · kNotFound 404 ·
///   kAlreadyExists, kAborted 409 · kResourceExhausted, kUnavailable 503 · kDataLoss 500
[[nodiscard]] Problem ProblemOf(const Error& error);

/// A batch that was refused as a whole. 413 for sizes, 400 for form, 403 for keys and rights, else
/// 422.
[[nodiscard]] Problem ProblemOf(events::ErrorCode code, std::string_view message);

/// Second net under "messages hold no learner data": printable ASCII, at most 200 characters; a
/// text with anything like a person's identifier (an OID or URN, a personal identity code, eleven
/// digits in a row) is dropped whole.
[[nodiscard]] std::string SafeDetail(std::string_view message);

/// "Too Many Requests" for 429; "Error" for what we never send.
[[nodiscard]] std::string_view ReasonPhrase(unsigned status);

}  // namespace oppi::consumers
