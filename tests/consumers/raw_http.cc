#include "tests/consumers/raw_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "events/check.h"

namespace oppi::tests {

RawConnection::RawConnection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  OPPI_CHECK(fd_ >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  OPPI_CHECK(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawConnection::~RawConnection() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool RawConnection::Receive(std::chrono::milliseconds wait) {
  pollfd poll{fd_, POLLIN, 0};
  if (::poll(&poll, 1, static_cast<int>(wait.count())) != 1) return false;
  std::array<char, 16384> piece{};
  const auto n = ::recv(fd_, piece.data(), piece.size(), 0);
  if (n <= 0) return false;
  buffer_.append(piece.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<RawReply> RawConnection::Read(std::chrono::milliseconds wait, bool head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!Receive(wait)) return std::nullopt;
  RawReply reply;
  std::string_view lines = std::string_view(buffer_).substr(0, end + 2);
  OPPI_CHECK(lines.starts_with("HTTP/1.1 "));
  reply.status = static_cast<unsigned>(std::stoul(std::string(lines.substr(9, 3))));
  lines.remove_prefix(lines.find("\r\n") + 2);
  while (!lines.empty()) {
    const std::size_t eol = lines.find("\r\n");
    const std::size_t colon = lines.find(':');
    std::string name(lines.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    reply.headers[name] = std::string(lines.substr(colon + 2, eol - colon - 2));
    lines.remove_prefix(eol + 2);
  }
  buffer_.erase(0, end + 4);
  const std::string length = reply.header("content-length");
  const std::size_t size = head || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size)
    if (!Receive(wait)) return std::nullopt;
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

bool RawConnection::ClosedWithin(std::chrono::milliseconds wait) {
  pollfd poll{fd_, POLLIN, 0};
  if (!buffer_.empty() || ::poll(&poll, 1, static_cast<int>(wait.count())) != 1) return false;
  std::array<char, 16> piece{};
  return ::recv(fd_, piece.data(), piece.size(), 0) <= 0;
}

void RawConnection::CloseSending() { ::shutdown(fd_, SHUT_WR); }

void RawConnection::Reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd_);
  fd_ = -1;
}

std::string PostText(std::string_view target, std::string_view media_type, std::string_view body,
                     std::string_view token) {
  std::string out = "POST " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n";
  if (!media_type.empty()) out += "Content-Type: " + std::string(media_type) + "\r\n";
  if (!token.empty()) out += "Authorization: Bearer " + std::string(token) + "\r\n";
  out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return out += body;
}

std::string GetText(std::string_view target, std::string_view token) {
  std::string out = "GET " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n";
  if (!token.empty()) out += "Authorization: Bearer " + std::string(token) + "\r\n";
  return out + "\r\n";
}

}  // namespace oppi::tests
