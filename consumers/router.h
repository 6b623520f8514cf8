#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/http_message.h"

/// Which function answers which path, who may call it, and within which limits. The table itself is
/// in http_api.cc. Immutable after construction; any thread.

namespace oppi::consumers {

/// Who may call a route. Nothing is open unless its row says so.
enum class Access : std::uint8_t {
  kAnyone,     // the bytes carry their own proof (signed batches), or are public (tiles)
  kBearer,     // any valid token
  kPublisher,  // a token with the claim `publisher`
};

/// Where a handler runs. Lanes are separate pools, so that slow work of one kind cannot starve
/// another.
enum class Lane : std::uint8_t {
  kHere,    // on the I/O thread: must not block; also exempt from rate limits (health, metrics)
  kIngest,  // waits for durability
  kAsk,     // computes answers
  kRead,    // short reads of the store: tiles, receipts
};
inline constexpr std::size_t kLanes = 4;

/// A row that takes its body as whatever it is called, or as nothing.
inline constexpr const char* kAnyMediaType = "*/*";

struct Route {
  Method method = Method::kGet;
  /// Segments are literal or "{name}" (exactly one segment); the last may be "{name...}" (one or
  /// more).
  std::string path;
  Access who = Access::kBearer;
  Lane lane = Lane::kAsk;
  std::size_t body_bytes_max = 0;
  std::vector<std::string> media_types;             // of the body; empty: no body wanted
  std::vector<std::string> query;                   // keys that are known
  std::function<HttpResponse(HttpRequest)> handle;  // blocking only on lanes other than kHere
};

class Router {
 public:
  /// Two routes with the same method and the same path are a programmer error.
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  // nullptr: no such path, or not with this method
    std::map<std::string, std::string, std::less<>> parameters;
    std::string allow;  // "GET, HEAD": what the path does allow, when only the method is wrong
  };
  /// `method` as on the wire; HEAD finds the GET route. The first row that matches answers.
  [[nodiscard]] Match Find(std::string_view method, std::string_view path) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace oppi::consumers
