#include "consumers/http_client.h"

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <utility>

#include "consumers/http_errors.h"
#include "consumers/http_server.h"
#include "consumers/http_target.h"

namespace oppi::consumers {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t kHeaderBytesMax = 64 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

struct HttpClient::Impl {
  Result<HttpReply> Call(http::request<http::string_body> request);
  Status Connect();
  error_code Read(http::response_parser<http::string_body>& parser);
  Result<HttpReply> Exchange(http::request<http::string_body>& request, bool& stale);
  /// Runs what was started until it is done; its deadline is the stream's. False: stopped, and what
  /// was started is not done.
  bool Run() {
    io.restart();
    // After the restart: a stop that came before it would be forgotten.
    if (stopped) return false;
    io.run();
    return !stopped;
  }
  void Close() {
    error_code ignored;
    stream->socket().close(ignored);
    stream.reset();
    buffer.clear();
  }

  HostPort server;
  std::string host_header;
  std::string prefix;  // "" or "/log"
  ClientOptions options;
  asio::io_context io{1};
  std::atomic<bool> stopped = false;
  std::optional<beast::tcp_stream> stream;  // set: connected
  beast::flat_buffer buffer;
};

Status HttpClient::Impl::Connect() {
  error_code ec;
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(server.host, std::to_string(server.port), ec);
  if (ec) return Unavailable("connect: the host has no address");
  stream.emplace(io);
  stream->expires_after(options.connect_time_max);
  stream->async_connect(
      found, [&ec](const error_code& result, const asio::ip::tcp::endpoint&) { ec = result; });
  if (!Run()) ec = asio::error::operation_aborted;
  if (ec) {
    Close();
    return Unavailable(ec == beast::error::timeout ? "connect: too slow"
                                                   : "connect: " + ec.message());
  }
  stream->socket().set_option(asio::ip::tcp::no_delay(true), ec);
  return {};
}

Result<HttpReply> HttpClient::Impl::Exchange(http::request<http::string_body>& request,
                                             bool& stale) {
  stale = false;
  error_code write_error;
  stream->expires_after(options.answer_time_max);
  http::async_write(*stream, request, [&](const error_code& ec, std::size_t) { write_error = ec; });
  if (!Run()) return Unavailable("answer: stopped");
  // A server may answer before it has taken the whole request (413), so after a failed write there
  // can still be something to read - except after our own deadline, which has closed the socket.
  error_code ec = write_error;
  http::response_parser<http::string_body> parser;
  parser.header_limit(kHeaderBytesMax);
  parser.body_limit(options.answer_bytes_max);
  parser.eager(true);
  if (write_error != beast::error::timeout) ec = Read(parser);
  if (ec == beast::error::timeout) return Unavailable("answer: too slow");
  if (ec == http::error::body_limit) return ResourceExhausted("answer: too large");
  if (ec) {
    stale = !parser.got_some();
    const bool not_http = ec.category() == make_error_code(http::error::bad_value).category() &&
                          ec != http::error::end_of_stream && ec != http::error::partial_message;
    if (not_http) return InvalidArgument("answer: not HTTP");
    return Unavailable("answer: cut off");
  }
  auto message = parser.release();
  HttpReply reply;
  reply.status = message.result_int();
  reply.media_type = std::string(message[http::field::content_type]);
  const auto wait = message[http::field::retry_after];
  std::int64_t seconds = 0;
  if (const auto [end, error] = std::from_chars(wait.data(), wait.data() + wait.size(), seconds);
      error == std::errc() && end == wait.data() + wait.size() && seconds >= 0)
    reply.retry_after_seconds = seconds;
  reply.body = std::move(message.body());
  if (!message.keep_alive() || write_error) Close();
  return reply;
}

/// Gives bytes to the parser by hand, because its own header_limit holds for one call only.
error_code HttpClient::Impl::Read(http::response_parser<http::string_body>& parser) {
  std::size_t header_bytes = 0;
  while (true) {
    error_code ec;
    if (buffer.size() != 0) {
      const std::size_t parsed = parser.put(buffer.data(), ec);
      buffer.consume(parsed);
      if (ec && ec != http::error::need_more) return ec;
      if (parser.is_done()) return {};
      if (!parser.is_header_done()) header_bytes += parsed;
      if (header_bytes > kHeaderBytesMax) return make_error_code(http::error::header_limit);
      if (ec != http::error::need_more && buffer.size() != 0) continue;
    }
    std::size_t n = 0;
    stream->async_read_some(buffer.prepare(kReadBytes),
                            [&](const error_code& result, std::size_t got) {
                              ec = result;
                              n = got;
                            });
    if (!Run()) return asio::error::operation_aborted;
    buffer.commit(n);
    if (ec == asio::error::eof) {
      if (!parser.got_some()) return make_error_code(http::error::end_of_stream);
      parser.put_eof(ec);
      return ec;
    }
    if (ec && ec != http::error::need_more) return ec;
  }
}

Result<HttpReply> HttpClient::Impl::Call(http::request<http::string_body> request) {
  request.version(11);
  request.set(http::field::host, host_header);
  request.set(http::field::user_agent, "oppiloki");
  if (!options.token.empty()) request.set(http::field::authorization, "Bearer " + options.token);
  request.prepare_payload();
  const bool kept = stream.has_value();
  if (!kept) OPPI_RETURN_IF_ERROR(Connect());
  bool stale = false;
  auto reply = Exchange(request, stale);
  if (reply) return reply;
  Close();
  if (!kept || !stale || stopped) return reply;
  // The server closed the kept connection before it answered a byte. Everything we send may be sent
  // again: batches are known by their events, questions change nothing.
  OPPI_RETURN_IF_ERROR(Connect());
  reply = Exchange(request, stale);
  if (!reply) Close();
  return reply;
}

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::Make(std::string_view url, ClientOptions options) {
  constexpr std::string_view kScheme = "http://";
  if (url.starts_with("https://")) return InvalidArgument("url: TLS is not spoken by this build");
  if (!url.starts_with(kScheme))
    return InvalidArgument("url: http://HOST[:PORT][/PREFIX] is wanted");
  url.remove_prefix(kScheme.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string_view prefix = url.substr(slash);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty()) OPPI_RETURN_IF_ERROR(ParseTarget(prefix));
  std::string authority(url.substr(0, slash));
  auto impl = std::make_unique<Impl>();
  impl->host_header = authority;
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  OPPI_TRY(impl->server, ParseHostPort(has_port ? authority : authority + ":80"));
  impl->prefix = prefix;
  impl->options = std::move(options);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

void HttpClient::Stop() {
  impl_->stopped = true;
  impl_->io.stop();
}

Result<HttpReply> HttpClient::Get(std::string_view target) {
  OPPI_RETURN_IF_ERROR(ParseTarget(target));
  return impl_->Call({http::verb::get, impl_->prefix + std::string(target), 11});
}

Result<HttpReply> HttpClient::Post(std::string_view target, std::string_view media_type,
                                   std::string body) {
  OPPI_RETURN_IF_ERROR(ParseTarget(target));
  http::request<http::string_body> request{http::verb::post, impl_->prefix + std::string(target),
                                           11};
  request.set(http::field::content_type, {media_type.data(), media_type.size()});
  request.body() = std::move(body);
  return impl_->Call(std::move(request));
}

namespace {

/// `member` of a problem document; empty when there is none, or it is not plain text: what a server
/// sends may end on somebody's terminal.
std::string ProblemMember(const HttpReply& reply, std::string_view member) {
  if (!reply.media_type.starts_with("application/problem+json")) return {};
  simdjson::dom::parser parser;
  simdjson::dom::object problem;
  std::string_view text;
  if (parser.parse(simdjson::padded_string(reply.body)).get_object().get(problem) !=
          simdjson::SUCCESS ||
      problem.at_key(member).get_string().get(text) != simdjson::SUCCESS)
    return {};
  return SafeDetail(text);
}

Code CodeOf(unsigned status) {
  switch (status) {
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kAborted;
    case 408:
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    case 429:
      return Code::kResourceExhausted;
    default:
      return status >= 500 ? Code::kDataLoss : Code::kInvalidArgument;
  }
}

}  // namespace

std::string ProblemText(const HttpReply& reply) {
  const std::string code = ProblemMember(reply, "code");
  if (code.empty()) return "HTTP " + std::to_string(reply.status);
  const std::string detail = ProblemMember(reply, "detail");
  return detail.empty() ? code : code + ": " + detail;
}

Error ErrorOf(const HttpReply& reply) {
  // "ABORTED: do it again" is another thing than "it is done already".
  if (reply.status == 409 && ProblemMember(reply, "code") != "ABORTED") return {Code::kAlreadyExists, ProblemText(reply)};
  const bool lost = reply.status >= 500 && ProblemMember(reply, "code") == "DATA_LOSS";
  Code code = CodeOf(reply.status);
  if (code == Code::kDataLoss && !lost)
    code = Code::kUnavailable;  // an unexplained 500 is not a finding
  return {code, ProblemText(reply)};
}

}  // namespace oppi::consumers
