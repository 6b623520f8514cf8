#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "consumers/http_errors.h"
#include "consumers/http_message.h"
#include "consumers/rate_limit.h"
#include "consumers/router.h"

/// The checks that need a request's header only, in the order in which they are made. Whatever is
/// refused here is refused before one byte of its body is read.

namespace oppi::consumers {

/// What the header said. Views live as long as the parser that owns the header.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  unsigned version = 11;  // 10, 11
  std::vector<std::string_view> hosts;
  std::vector<std::string_view> authorizations;
  std::vector<std::string_view> content_types;
  std::vector<std::string_view> content_encodings;
  std::vector<std::string_view> transfer_encodings;
  std::vector<std::string_view> expects;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  std::string_view remote;  // rate-limit key of the peer's address
};

struct Admitted {
  const Route* route;
  HttpRequest request;  // all but the body
  bool wants_continue = false;
};

struct Refused {
  const Route* route;  // nullptr: none matched
  HttpResponse response;
};

struct AdmissionPorts {
  const Router& router;
  RateLimiter& per_remote;
  RateLimiter& per_principal;
  const std::function<Result<Claims>(std::string_view)>& check_token;
};

/// Any thread.
[[nodiscard]] std::variant<Admitted, Refused> Admit(const RequestHead& head,
                                                    const AdmissionPorts& ports);

/// "Application/JSON; charset=utf-8" -> "application/json". Empty when it is no media type, or
/// names a charset other than UTF-8.
[[nodiscard]] std::string MediaType(std::string_view content_type);

}  // namespace oppi::consumers
