#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "events/result.h"

/// A small synchronous HTTP/1.1 client with time-outs, for the command line's `--url`.

namespace oppi::consumers {

struct ClientOptions {
  std::string token;  // bearer token; empty: none is sent
  std::chrono::milliseconds connect_time_max{5'000};
  std::chrono::milliseconds answer_time_max{
      120'000};  // from the first byte sent to the last received
  std::size_t answer_bytes_max = 256 * 1024 * 1024;
};

struct HttpReply {
  unsigned status = 0;
  std::string media_type;  // as sent, parameters included
  std::string body;
  std::optional<std::int64_t> retry_after_seconds;
};

/// One connection to one server, kept open between calls. One thread at a time.
class HttpClient final {
 public:
  /// `url`: "http://HOST[:PORT][/PREFIX]". Errors: kInvalidArgument. Connects with the first call.
  [[nodiscard]] static Result<std::unique_ptr<HttpClient>> Make(std::string_view url,
                                                                ClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Whatever status came is a reply, not an error; redirects are not followed, so the token goes
  /// nowhere else. A kept connection that the server closed meanwhile is opened anew, once.
  /// Errors: kUnavailable (no connection, cut off, too slow), kResourceExhausted (answer too
  /// large), kInvalidArgument (the answer is not HTTP, or the target is not one).
  [[nodiscard]] Result<HttpReply> Get(std::string_view target);
  [[nodiscard]] Result<HttpReply> Post(std::string_view target, std::string_view media_type,
                                       std::string body);
  /// The call under way and every later one end with kUnavailable, after the look-up of a name if
  /// one is under way. Any thread.
  void Stop();

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What a problem document says: "RATE_LIMITED: too many requests; wait". For replies that are not
/// problem documents: "HTTP 502".
[[nodiscard]] std::string ProblemText(const HttpReply& reply);

/// The Error that a reply with a status of 400 or more stands for, as the server's Status was.
[[nodiscard]] Error ErrorOf(const HttpReply& reply);

}  // namespace oppi::consumers
