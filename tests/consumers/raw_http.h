#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// HTTP by hand over a real loopback socket, so that tests can say what no decent client would:
/// half a header, two lengths, a body that never comes.

namespace oppi::tests {

struct RawReply {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// False when the peer has gone.
  bool Send(std::string_view bytes);
  /// The next reply; nullopt when the connection ended, or nothing came for `wait`. `head`: no body
  /// follows whatever the length says.
  std::optional<RawReply> Read(std::chrono::milliseconds wait = std::chrono::seconds(10),
                               bool head = false);
  /// True when the peer closes within `wait` without sending more.
  bool ClosedWithin(std::chrono::milliseconds wait);
  void CloseSending();
  /// Closes with a reset instead of a farewell.
  void Reset();

 private:
  /// False: ended, failed, or too slow.
  bool Receive(std::chrono::milliseconds wait);
  int fd_ = -1;
  std::string buffer_;
};

/// "POST /x HTTP/1.1" with Host, Content-Type, Content-Length and, if not empty, a bearer token.
[[nodiscard]] std::string PostText(std::string_view target, std::string_view media_type,
                                   std::string_view body, std::string_view token = {});
[[nodiscard]] std::string GetText(std::string_view target, std::string_view token = {});

}  // namespace oppi::tests
