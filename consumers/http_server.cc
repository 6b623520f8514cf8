#include "consumers/http_server.h"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cctype>
#include <charconv>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "consumers/http_connection.h"
#include "events/bytes.h"

namespace oppi::consumers {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// Out of descriptors: wait for some to be closed instead of spinning.
constexpr std::chrono::milliseconds kAcceptPause{50};
/// After Abort a connection needs only its strand's turn to leave.
constexpr std::chrono::milliseconds kAbortTime{5'000};

/// An IPv4 address, or the /64 of an IPv6 address: what one subscriber usually has.
std::string RateKey(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  const auto bytes = v6.to_bytes();
  return ToHex({reinterpret_cast<const char*>(bytes.data()), 8});
}

}  // namespace

struct HttpServer::Impl {
  Impl(Router router, ServerOptions options, ServerPorts ports)
      : context(std::move(router), std::move(options), std::move(ports)),
        io(static_cast<int>(std::max(1U, context.options.io_threads))),
        work(io.get_executor()),
        acceptor(asio::make_strand(io)),
        pause(acceptor.get_executor()) {}

  Status Bind();
  void Serve();
  void Stop();
  static asio::awaitable<void> Accept(Impl* self);

  ServerContext context;
  std::uint16_t bound_port = 0;
  std::mutex stopping;  // Stop runs once, and later callers wait for it
  bool stopped = false;
  // After everything that coroutines refer to, so that it goes first and takes their frames along.
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  tcp::acceptor acceptor;    // on its own strand
  asio::steady_timer pause;  // likewise
  std::vector<std::thread> threads;
};

Status HttpServer::Impl::Bind() {
  auto address = ParseHostPort(context.options.listen);
  if (!address) return std::move(address).error();
  error_code ec;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(address->host, std::to_string(address->port), tcp::resolver::passive, ec);
  if (ec || found.empty()) return Unavailable("listen: the host has no address");
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return Unavailable("listen: " + ec.message());
  bound_port = acceptor.local_endpoint(ec).port();
  return {};
}

void HttpServer::Impl::Serve() {
  asio::co_spawn(acceptor.get_executor(), Accept(this), asio::detached);
  for (unsigned i = 0; i < std::max(1U, context.options.io_threads); ++i)
    threads.emplace_back([this]() noexcept { io.run(); });
}

asio::awaitable<void> HttpServer::Impl::Accept(Impl* self) {
  ServerContext& context = self->context;
  for (std::uint64_t id = 0; !context.draining; ++id) {
    const asio::any_io_executor own_strand = asio::make_strand(self->io);
    auto [ec, stream] = co_await self->acceptor.async_accept(own_strand, kTuple);
    if (context.draining) break;
    if (ec) {
      self->pause.expires_after(kAcceptPause);
      co_await self->pause.async_wait(kTuple);
      continue;
    }
    const tcp::endpoint peer = LowestLayer(stream).remote_endpoint(ec);
    if (ec) continue;  // gone already
    std::string remote = RateKey(peer.address());
    if (context.connections.Enter(id, remote, context.options.limits))
      ServeConnection(std::move(stream), id, std::move(remote), context);
    else
      TurnAway(std::move(stream), context);
  }
}

void HttpServer::Impl::Stop() {
  const std::lock_guard once(stopping);
  if (std::exchange(stopped, true)) return;
  // 1 nobody new; idle connections leave, others finish what they are at
  context.draining = true;
  asio::post(acceptor.get_executor(), [this] {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
  });
  for (const auto& connection : context.connections.All()) connection->Drain();
  // 2 whoever is still here after the drain time is cut off
  if (!context.connections.WaitEmpty(context.options.limits.drain_time_max)) {
    for (const auto& connection : context.connections.All()) connection->Abort();
    (void)context.connections.WaitEmpty(kAbortTime);
  }
  // 3 no connection is left to submit work, so the lanes can finish theirs
  context.lanes.Finish();
  // 4 no work is left to post results
  work.reset();
  io.stop();
  for (std::thread& thread : threads) thread.join();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(Router router, ServerOptions options,
                                                      ServerPorts ports) {
  auto impl = std::make_unique<Impl>(std::move(router), std::move(options), std::move(ports));
  OPPI_RETURN_IF_ERROR(impl->Bind());
  impl->Serve();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->bound_port; }

std::size_t HttpServer::connections() const { return impl_->context.connections.size(); }

HttpServer::State HttpServer::state() const {
  const ServerContext& context = impl_->context;
  return {context.connections.size(), context.body_bytes_in_flight.load(),
          context.lanes.taken(Lane::kIngest), context.lanes.taken(Lane::kAsk),
          context.lanes.taken(Lane::kRead)};
}

void HttpServer::Stop() { impl_->Stop(); }

Result<HostPort> ParseHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return InvalidArgument("address: HOST:PORT is wanted");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']')
      return InvalidArgument("address: [IPV6]:PORT is wanted");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return InvalidArgument("address: put an IPv6 address in brackets");
  }
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view(".-_:").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!std::all_of(host.begin(), host.end(), plain))
    return InvalidArgument("address: that is no host");
  HostPort out{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty())
    return InvalidArgument("address: the port is a number from 0 to 65535");
  return out;
}

}  // namespace oppi::consumers
