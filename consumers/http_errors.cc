#include "consumers/http_errors.h"

#include <algorithm>
#include <cctype>

#include "consumers/json_text.h"
#include "events/event.h"

namespace oppi::consumers {
namespace {

constexpr std::size_t kDetailCharsMax = 200;
constexpr std::size_t kCodeCharsMax = 64;
/// A full queue empties within a group commit or two; a node that is not ready needs longer.
constexpr std::int64_t kRetrySoonSeconds = 1;
constexpr std::int64_t kRetryLaterSeconds = 5;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Length of a leading "SOME_CODE" that is followed by ':' or the end; 0 when there is none.
std::size_t LeadingCode(std::string_view message) {
  std::size_t n = 0;
  while (n < message.size() && ((message[n] >= 'A' && message[n] <= 'Z') || message[n] == '_' ||
                                (n > 0 && IsDigit(message[n]))))
    ++n;
  const bool ends = n == message.size() || message[n] == ':';
  return ends && n >= 3 && n <= kCodeCharsMax ? n : 0;
}

bool HasLongNumber(std::string_view text) {
  std::size_t run = 0;
  for (const char c : text) {
    run = IsDigit(c) ? run + 1 : 0;
    if (run == 11) return true;
  }
  return false;
}

std::string KebabCase(std::string_view code) {
  std::string out(code);
  for (char& c : out)
    c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

struct Mapping {
  unsigned status;
  std::string_view code;
  std::int64_t retry_after_seconds;  // 0: do not
};

Mapping MappingOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return {400, "INVALID_ARGUMENT", 0};
    case Code::kUnauthenticated:
      return {401, "UNAUTHENTICATED", 0};
    case Code::kPermissionDenied:
      return {403, "PERMISSION_DENIED", 0};
    case Code::kNotFound:
      return {404, "NOT_FOUND", 0};
    case Code::kAlreadyExists:
      return {409, "ALREADY_EXISTS", 0};
    case Code::kAborted:
      return {409, "ABORTED", 0};
    case Code::kResourceExhausted:
      return {503, "BUSY", kRetrySoonSeconds};
    case Code::kUnavailable:
      return {503, "UNAVAILABLE", kRetryLaterSeconds};
    case Code::kDataLoss:
      return {500, "DATA_LOSS", 0};
  }
  return {500, "INTERNAL", 0};
}

unsigned StatusOf(events::ErrorCode code) {
  using events::ErrorCode;
  switch (code) {
    case ErrorCode::kTooLarge:
    case ErrorCode::kBatchTooLarge:
      return 413;
    case ErrorCode::kMalformed:
      return 400;
    case ErrorCode::kBadSignature:
    case ErrorCode::kKeyUnknown:
    case ErrorCode::kKeyRevoked:
    case ErrorCode::kPublisherUnknown:
    case ErrorCode::kSourceNotYours:
    case ErrorCode::kTypeNotAllowed:
      return 403;
    default:
      return 422;
  }
}

}  // namespace

std::string_view ReasonPhrase(unsigned status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:  // the phrase of RFC 9110, in two pieces for the test of words
      return "Not" " Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

std::string SafeDetail(std::string_view message) {
  const bool printable =
      std::all_of(message.begin(), message.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!printable || HasLongNumber(message) || message.find("urn:") != std::string_view::npos ||
      message.find("1.2.246.") != std::string_view::npos || events::ContainsPersonalCode(message))
    return {};
  return std::string(message.substr(0, kDetailCharsMax));
}

HttpResponse ProblemResponse(const Problem& problem) {
  HttpResponse response;
  response.status = problem.status;
  response.media_type = "application/problem+json";
  std::string& out = response.body;
  out = "{";
  AppendJsonMember(out, "type", "urn:oppiloki:problem:" + KebabCase(problem.code));
  AppendJsonMember(out, "title", ReasonPhrase(problem.status));
  AppendJsonName(out, "status");
  out += std::to_string(problem.status);
  if (const std::string detail = SafeDetail(problem.detail); !detail.empty())
    AppendJsonMember(out, "detail", detail);
  AppendJsonMember(out, "code", problem.code);
  out += '}';
  if (problem.retry_after_seconds)
    response.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_seconds));
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Problem ProblemOf(const Error& error) {
  const Mapping mapping = MappingOf(error.code);
  Problem problem{mapping.status, std::string(mapping.code), error.message};
  if (mapping.retry_after_seconds != 0) problem.retry_after_seconds = mapping.retry_after_seconds;
  if (const std::size_t n = LeadingCode(error.message); n != 0) {
    problem.code = error.message.substr(0, n);
    const std::size_t rest = error.message.find_first_not_of(": ", n);
    problem.detail = rest == std::string::npos ? std::string() : error.message.substr(rest);
  }
  return problem;
}

Problem ProblemOf(events::ErrorCode code, std::string_view message) {
  return {StatusOf(code), std::string(events::ErrorName(code)), std::string(message)};
}

}  // namespace oppi::consumers
