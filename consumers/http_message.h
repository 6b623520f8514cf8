#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumers/token.h"

/// A request that was admitted and the response to it, as plain values: handlers see no sockets and
/// no library types, so they are tested as functions. Values of one request; no thread but its own.

namespace oppi::consumers {

enum class Method : std::uint8_t { kGet, kPost };
[[nodiscard]] std::string_view MethodName(Method method);  // "GET", "POST"

struct HttpRequest {
  Method method = Method::kGet;
  std::string path;
  std::map<std::string, std::string, std::less<>> parameters;  // "{event_id}" of the route's path
  std::map<std::string, std::string, std::less<>> query;       // only keys that the route names
  std::string media_type;  // lower case, without parameters; empty when there is no body
  std::string body;
  std::optional<Claims> claims;  // set iff the route asks for a token
};

struct HttpResponse {
  unsigned status = 200;
  std::string media_type = "application/json";
  std::string body;
  std::string cache_control = "no-store";
  std::vector<std::pair<std::string, std::string>> headers;  // beside those every response has
};

}  // namespace oppi::consumers
