#include "consumers/http_admission.h"

#include <algorithm>
#include <utility>

#include "consumers/http_target.h"

namespace oppi::consumers {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsTokenChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

/// Framing that we will not guess about: version, Host, transfer coding, expectation.
std::optional<Problem> CheckFraming(const RequestHead& head) {
  if (head.version != 10 && head.version != 11)
    return Problem{505, "HTTP_VERSION", "HTTP/1.1 is spoken here"};
  if (head.hosts.size() > 1 || (head.version == 11 && head.hosts.empty()))
    return Problem{400, "MALFORMED_REQUEST", "exactly one Host header is needed"};
  if (head.transfer_encodings.size() > 1 ||
      (!head.transfer_encodings.empty() &&
       (!head.chunked || !EqualsIgnoreCase(Trim(head.transfer_encodings.front()), "chunked"))))
    return Problem{501, "TRANSFER_CODING", "only chunked is understood"};
  if (head.chunked && (head.content_length || head.version == 10))
    return Problem{400, "MALFORMED_REQUEST", "two ways of telling the length of the body"};
  for (const std::string_view expect : head.expects)
    if (!EqualsIgnoreCase(Trim(expect), "100-continue"))
      return Problem{417, "EXPECTATION", "only 100-continue is understood"};
  return std::nullopt;
}

std::optional<Problem> TakeRate(RateLimiter& limiter, std::string_view key) {
  const auto wait = limiter.Take(key);
  if (!wait) return std::nullopt;
  return Problem{429, "RATE_LIMITED", "too many requests; wait", *wait};
}

Result<Claims> Authenticate(const RequestHead& head, const AdmissionPorts& ports) {
  constexpr std::string_view kScheme = "Bearer ";
  if (head.authorizations.empty())
    return Unauthenticated("TOKEN_MISSING: a bearer token is needed");
  if (head.authorizations.size() > 1)
    return Unauthenticated("TOKEN_INVALID: more than one Authorization header");
  const std::string_view value = head.authorizations.front();
  if (value.size() <= kScheme.size() || !EqualsIgnoreCase(value.substr(0, kScheme.size()), kScheme))
    return Unauthenticated("TOKEN_INVALID: the scheme is Bearer");
  if (!ports.check_token) return Unauthenticated("TOKEN_INVALID: no tokens are accepted here");
  return ports.check_token(value.substr(kScheme.size()));
}

std::optional<HttpResponse> CheckBody(const RequestHead& head, const Route& route,
                                      HttpRequest& request) {
  const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
  if (head.content_length.value_or(0) > route.body_bytes_max ||
      (has_body && route.body_bytes_max == 0))
    return ProblemResponse(
        {413, "BODY_TOO_LARGE",
         "at most " + std::to_string(route.body_bytes_max) + " bytes are taken here"});
  if (route.media_types.empty()) return std::nullopt;
  for (const std::string_view coding : head.content_encodings)
    if (!EqualsIgnoreCase(Trim(coding), "identity"))
      return ProblemResponse({415, "MEDIA_TYPE", "send the body without content coding"});
  if (head.content_types.size() == 1) request.media_type = MediaType(head.content_types.front());
  const bool any = route.media_types.front() == kAnyMediaType;
  if (!any && std::find(route.media_types.begin(), route.media_types.end(), request.media_type) ==
                  route.media_types.end()) {
    HttpResponse response =
        ProblemResponse({415, "MEDIA_TYPE", "wanted: " + Join(route.media_types)});
    response.headers.emplace_back("Accept", Join(route.media_types));
    return response;
  }
  return std::nullopt;
}

}  // namespace

std::string MediaType(std::string_view content_type) {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  const std::string_view essence = Trim(content_type.substr(0, end));
  const std::size_t slash = essence.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == essence.size()) return {};
  std::string out;
  for (std::size_t i = 0; i < essence.size(); ++i) {
    if (i != slash && !IsTokenChar(essence[i])) return {};
    out += Lower(essence[i]);
  }
  for (std::string_view rest = content_type.substr(end); !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t next = std::min(rest.find(';'), rest.size());
    const std::string_view parameter = Trim(rest.substr(0, next));
    rest.remove_prefix(next);
    constexpr std::string_view kCharset = "charset=";
    if (parameter.size() < kCharset.size() ||
        !EqualsIgnoreCase(parameter.substr(0, kCharset.size()), kCharset))
      continue;
    std::string_view value = parameter.substr(kCharset.size());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (!EqualsIgnoreCase(value, "utf-8")) return {};
  }
  return out;
}

std::variant<Admitted, Refused> Admit(const RequestHead& head, const AdmissionPorts& ports) {
  const Route* route = nullptr;
  const auto refuse = [&route](const Problem& problem) {
    return Refused{route, ProblemResponse(problem)};
  };

  auto target = ParseTarget(head.target);
  Router::Match match = target ? ports.router.Find(head.method, target->path) : Router::Match{};
  route = match.route;

  // 1 the peer is within its rate; what is wrong with a request costs as much as what is right
  if (route == nullptr || route->lane != Lane::kHere)
    if (const auto problem = TakeRate(ports.per_remote, head.remote)) return refuse(*problem);

  // 2 the message is framed in a way that leaves no doubt where it ends
  if (const auto problem = CheckFraming(head)) return refuse(*problem);

  // 3 the path exists, with this method and these query keys
  if (head.target.size() > kTargetBytesMax) return refuse({414, "TARGET_TOO_LONG", {}});
  if (!target) return refuse({400, "MALFORMED_REQUEST", target.error().message});
  if (route == nullptr && match.allow.empty()) return refuse({404, "NOT_FOUND", "no such path"});
  if (route == nullptr) {
    Refused refused = refuse({405, "METHOD_NOT_ALLOWED", "this path answers: " + match.allow});
    refused.response.headers.emplace_back("Allow", match.allow);
    return refused;
  }
  for (const auto& [key, value] : target->query)
    if (std::find(route->query.begin(), route->query.end(), key) == route->query.end())
      return refuse({400, "UNKNOWN_PARAMETER", "this path does not know that query key"});

  Admitted admitted{route, {}, !head.expects.empty() && head.version == 11};
  HttpRequest& request = admitted.request;
  request.method = route->method;
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.parameters = std::move(match.parameters);

  // 4 the caller is somebody who may
  if (route->who != Access::kAnyone) {
    auto claims = Authenticate(head, ports);
    if (!claims) return refuse(ProblemOf(claims.error()));
    if (const auto problem = TakeRate(ports.per_principal, claims->asker.principal))
      return refuse(*problem);
    if (route->who == Access::kPublisher && claims->publisher.empty())
      return refuse({403, "NOT_A_PUBLISHER", "the token has no publisher"});
    request.claims = std::move(*claims);
  }

  // 5 the body is of a kind and a length that the route takes
  if (auto response = CheckBody(head, *route, request)) return Refused{route, std::move(*response)};
  return admitted;
}

}  // namespace oppi::consumers
