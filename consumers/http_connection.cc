#include "consumers/http_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>
#include <variant>

#include "consumers/http_admission.h"
#include "consumers/http_date.h"
#include "consumers/http_errors.h"

namespace oppi::consumers {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 64 * 1024;
/// What an idle connection holds ready; most requests without a body fit.
constexpr std::size_t kFirstReadBytes = 4 * 1024;
/// How long a refused peer may go on sending before the connection is cut: closing a socket with
/// unread bytes sends a reset, which could destroy the answer on its way.
constexpr milliseconds kLingerTime{2'000};

std::string_view AsStd(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// A body that grows as bytes arrive. Beast's string_body reserves what Content-Length promises,
/// which lets a peer claim memory with a header alone.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, error_code& ec) { ec = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& ec) {
      ec = {};
      std::size_t taken = 0;
      for (const asio::const_buffer piece : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(piece.data()), piece.size());
        taken += piece.size();
      }
      return taken;
    }
    void finish(error_code& ec) { ec = {}; }

   private:
    value_type& body_;
  };
};
using Parser = http::request_parser<GrowingBody>;

/// Counts the bytes of one body against the server's total while they are held.
class BodyCharge {
 public:
  explicit BodyCharge(ServerContext& context) : context_(context) {}
  ~BodyCharge() { context_.body_bytes_in_flight.fetch_sub(bytes_); }
  BodyCharge(const BodyCharge&) = delete;
  BodyCharge& operator=(const BodyCharge&) = delete;

  /// False when the total is over its limit.
  [[nodiscard]] bool GrowTo(std::uint64_t bytes) {
    const std::uint64_t more = bytes - bytes_;
    bytes_ = bytes;
    return context_.body_bytes_in_flight.fetch_add(more) + more <=
           context_.options.limits.body_bytes_in_flight_max;
  }

 private:
  ServerContext& context_;
  std::uint64_t bytes_ = 0;
};

/// A handler's work, shared by the worker that does it and the connection that waits for it.
struct Job {
  Job(const asio::any_io_executor& executor, HttpRequest r, std::unique_ptr<BodyCharge> c)
      : request(std::move(r)), charge(std::move(c)), done(executor) {}
  HttpRequest request;
  std::unique_ptr<BodyCharge> charge;
  // Touched on the connection's strand only.
  std::optional<HttpResponse> response;
  asio::steady_timer done;
};

/// The top of a handler. An exception here is a mistake of ours, but the handler holds no state
/// that could be half changed, so one request fails and the service lives; nothing of the text gets
/// out.
HttpResponse Handle(const Route& route, HttpRequest request) noexcept {
  try {
    return route.handle(std::move(request));
  } catch (...) {
    return ProblemResponse({500, "INTERNAL", {}});
  }
}

RequestHead HeadOf(const Parser& parser, std::string_view remote) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = AsStd(message.method_string());
  head.target = AsStd(message.target());
  head.version = message.version();
  for (const auto& field : message) {
    const std::string_view value = AsStd(field.value());
    switch (field.name()) {
      case http::field::host:
        head.hosts.push_back(value);
        break;
      case http::field::authorization:
        head.authorizations.push_back(value);
        break;
      case http::field::content_type:
        head.content_types.push_back(value);
        break;
      case http::field::content_encoding:
        head.content_encodings.push_back(value);
        break;
      case http::field::transfer_encoding:
        head.transfer_encodings.push_back(value);
        break;
      case http::field::expect:
        head.expects.push_back(value);
        break;
      default:
        break;
    }
  }
  if (const auto length = parser.content_length()) head.content_length = *length;
  head.chunked = parser.chunked();
  head.remote = remote;
  return head;
}

class Connection final : public LiveConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Stream stream, std::uint64_t id, std::string remote, ServerContext& context)
      : context_(context),
        limits_(context.options.limits),
        id_(id),
        remote_(std::move(remote)),
        stream_(std::move(stream)),
        deadline_(stream_.get_executor()),
        buffer_(limits_.header_bytes_max + kReadBytes) {}
  ~Connection() override { context_.connections.Leave(id_); }

  static asio::awaitable<void> Run(std::shared_ptr<Connection> self) {
    error_code ignored;
    LowestLayer(self->stream_).set_option(asio::ip::tcp::no_delay(true), ignored);
    while (co_await self->ServeOne()) {
    }
    self->Disarm();
    LowestLayer(self->stream_).close(ignored);
  }

  void Drain() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      if (self->idle_) self->Cancel();
    });
  }

  void Abort() override {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      self->aborted_ = true;
      error_code ignored;
      LowestLayer(self->stream_).close(ignored);
      if (const auto job = self->job_.lock()) job->done.cancel();
    });
  }

 private:
  struct Reading {
    std::optional<HttpResponse> refusal;  // answer this and close
    bool gone = false;                    // nobody is there to answer
  };

  // ---- one request, from first byte to answer; false: the connection is to be closed

  asio::awaitable<bool> ServeOne() {
    // 1 wait for the first byte of a request; pipelined ones are in the buffer already
    if (buffer_.size() == 0 && !co_await AwaitFirstByte()) co_return false;
    begun_ = steady_clock::now();
    route_ = nullptr;
    parser_.emplace();

    // 2 read its header
    Reading reading = co_await ReadHeader();
    if (reading.gone) co_return false;
    if (reading.refusal) co_return co_await Refuse(std::move(*reading.refusal));

    // 3 decide by the header alone
    std::variant<Admitted, Refused> verdict = Decide();
    if (std::holds_alternative<Refused>(verdict))
      co_return co_await Refuse(std::move(std::get<Refused>(verdict).response));
    Admitted admitted = std::move(std::get<Admitted>(verdict));

    // 4 read the body
    auto charge = std::make_unique<BodyCharge>(context_);
    reading = co_await ReadBody(*charge, admitted.wants_continue);
    if (reading.gone) co_return false;
    if (reading.refusal) {
      parser_->get().body() = std::string();  // a refusal may take its time; the memory need not
      charge.reset();
      co_return co_await Refuse(std::move(*reading.refusal));
    }
    admitted.request.body = std::move(parser_->get().body());

    // 5 let the handler work
    HttpResponse response = co_await Work(std::move(admitted.request), std::move(charge));
    if (aborted_) co_return false;

    // 6 answer
    co_return co_await Answer(std::move(response));
  }

  asio::awaitable<bool> AwaitFirstByte() {
    if (context_.draining) co_return false;
    parser_.reset();
    if (buffer_.capacity() > kFirstReadBytes) buffer_.shrink_to_fit();
    idle_ = true;
    Arm(limits_.idle_time_max);
    const auto [ec, n] = co_await stream_.async_read_some(buffer_.prepare(kFirstReadBytes), kTuple);
    idle_ = false;
    if (ec) co_return false;
    buffer_.commit(n);
    co_return true;
  }

  /// Bytes are given to the parser by hand: its own header_limit holds for one call only, so a
  /// header that comes in pieces would have no limit.
  asio::awaitable<Reading> ReadHeader() {
    parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
    parser_->body_limit(boost::none);  // the route's own limit is set when the route is known
    Arm(limits_.header_time_max);
    std::size_t taken = 0;
    while (true) {
      error_code ec;
      const std::size_t parsed = parser_->put(buffer_.data(), ec);
      buffer_.consume(parsed);
      taken += parsed;
      if (ec == http::error::header_limit || taken > limits_.header_bytes_max ||
          (ec == http::error::need_more && taken + buffer_.size() > limits_.header_bytes_max))
        co_return Refusal({431, "HEADER_TOO_LARGE", {}});
      if (parser_->is_header_done()) co_return Reading{};
      if (ec == http::error::bad_version)
        co_return Refusal({505, "HTTP_VERSION", "HTTP/1.1 is spoken here"});
      if (ec && ec != http::error::need_more) co_return ParseRefusal(ec);
      const auto [failed, n] =
          co_await stream_.async_read_some(buffer_.prepare(kFirstReadBytes), kTuple);
      if (failed && expired_)
        co_return Refusal({408, "HEADER_TIMEOUT", "the header took too long"});
      if (failed) co_return Reading{{}, true};
      buffer_.commit(n);
    }
  }

  std::variant<Admitted, Refused> Decide() {
    auto verdict = Admit(
        HeadOf(*parser_, remote_),
        {context_.router, context_.per_remote, context_.per_principal, context_.ports.check_token});
    route_ = std::visit([](const auto& either) { return either.route; }, verdict);
    return verdict;
  }

  asio::awaitable<Reading> ReadBody(BodyCharge& charge, bool wants_continue) {
    parser_->body_limit(route_->body_bytes_max);
    parser_->eager(true);
    if (wants_continue && !parser_->is_done()) {
      http::response<http::empty_body> go_on{http::status::continue_, 11};
      Arm(limits_.transfer_time_grace);
      const auto [ec, n] = co_await http::async_write(stream_, go_on, kTuple);
      if (ec) co_return Reading{{}, true};
    }
    const steady_clock::time_point begun = steady_clock::now();
    while (!parser_->is_done()) {
      const std::uint64_t received = parser_->get().body().size();
      ArmUntil(begun + limits_.transfer_time_grace + TimeFor(received));
      const auto [ec, n] = co_await http::async_read_some(stream_, buffer_, *parser_, kTuple);
      if (ec && expired_) co_return Refusal({408, "BODY_TIMEOUT", "the body came too slowly"});
      if (ec == http::error::body_limit) co_return BodyTooLarge(*route_);
      if (ec) co_return ParseRefusal(ec);
      if (!charge.GrowTo(parser_->get().body().size()))
        co_return Refusal({503, "BUSY", "too many bodies in memory", 1});
    }
    co_return Reading{};
  }

  asio::awaitable<HttpResponse> Work(HttpRequest request, std::unique_ptr<BodyCharge> charge) {
    Disarm();
    const Route& route = *route_;
    if (route.lane == Lane::kHere) co_return Handle(route, std::move(request));
    const auto job =
        std::make_shared<Job>(stream_.get_executor(), std::move(request), std::move(charge));
    job_ = job;
    job->done.expires_after(limits_.answer_time_max);
    const bool taken = context_.lanes.Submit(route.lane, [job, &route] {
      auto response = std::make_shared<HttpResponse>(Handle(route, std::move(job->request)));
      job->charge.reset();  // the body is gone by now
      asio::post(job->done.get_executor(), [job, response] {
        job->response = std::move(*response);
        job->done.cancel();
      });
    });
    if (!taken) co_return Busy();
    if (!job->response) co_await job->done.async_wait(kTuple);
    if (job->response) co_return std::move(*job->response);
    co_return TookTooLong();
  }

  /// Answers what is refused. A request that was not read to its end leaves the connection useless.
  asio::awaitable<bool> Refuse(HttpResponse response) {
    const bool keep = co_await Answer(std::move(response));
    if (!keep && !parser_->is_done()) co_await Linger();
    co_return keep;
  }

  asio::awaitable<bool> Answer(HttpResponse response) {
    const bool keep = parser_->is_done() && parser_->get().version() == 11 &&
                      parser_->keep_alive() && !context_.draining;
    const bool head_only = parser_->is_header_done() && parser_->get().method() == http::verb::head;
    const unsigned status = response.status;
    http::response<http::string_body> message = Message(std::move(response), keep);
    ArmUntil(steady_clock::now() + limits_.transfer_time_grace + TimeFor(message.body().size()));
    http::response_serializer<http::string_body> serializer{message};
    error_code ec;
    if (head_only)
      std::tie(ec, std::ignore) = co_await http::async_write_header(stream_, serializer, kTuple);
    else
      std::tie(ec, std::ignore) = co_await http::async_write(stream_, serializer, kTuple);
    if (context_.ports.observer != nullptr)
      context_.ports.observer->Observed(
          route_ != nullptr ? std::string_view(route_->path) : std::string_view("unmatched"),
          status, std::chrono::duration<double>(steady_clock::now() - begun_).count());
    co_return !ec && keep;
  }

  [[nodiscard]] http::response<http::string_body> Message(HttpResponse response, bool keep) const {
    http::response<http::string_body> message;
    message.version(11);
    message.result(response.status);
    message.set(http::field::date, HttpDate(context_.ports.clock.Now()));
    if (!response.media_type.empty()) message.set(http::field::content_type, response.media_type);
    message.set(http::field::cache_control, response.cache_control);
    message.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.body() = std::move(response.body);
    message.keep_alive(keep);
    message.prepare_payload();
    return message;
  }

  asio::awaitable<void> Linger() {
    error_code ignored;
    LowestLayer(stream_).shutdown(asio::socket_base::shutdown_send, ignored);
    std::vector<char> scratch(kReadBytes);
    ArmUntil(steady_clock::now() + kLingerTime);
    while (!expired_ && !context_.draining) {
      const auto [ec, n] = co_await stream_.async_read_some(asio::buffer(scratch), kTuple);
      if (ec) break;
    }
  }

  static Reading Refusal(const Problem& problem) { return {ProblemResponse(problem), false}; }

  static Reading BodyTooLarge(const Route& route) {
    return Refusal({413, "BODY_TOO_LARGE",
                    "at most " + std::to_string(route.body_bytes_max) + " bytes are taken here"});
  }
  static HttpResponse Busy() {
    return ProblemResponse({503, "BUSY", "too many requests of this kind under way", 1});
  }
  /// The work goes on. A batch may thus be accepted although this says 503: sending it again is
  /// safe, because the ledger knows its events.
  static HttpResponse TookTooLong() {
    return ProblemResponse({503, "ANSWER_TIMEOUT", "the answer took too long; ask again", 5});
  }

  /// What cannot be parsed is refused; a peer that went away is not there to be told.
  static Reading ParseRefusal(const error_code& ec) {
    const bool http_error = ec.category() == make_error_code(http::error::bad_value).category();
    if (!http_error || ec == http::error::end_of_stream || ec == http::error::partial_message)
      return {{}, true};
    return Refusal({400, "MALFORMED_REQUEST", "not a well-formed HTTP/1.1 message"});
  }

  // ---- one deadline at a time; when it passes, whatever the socket is doing is cancelled

  void ArmUntil(steady_clock::time_point when) {
    expired_ = false;
    deadline_.expires_at(when);
    deadline_.async_wait([self = shared_from_this(), turn = ++turn_](const error_code& ec) {
      if (ec || turn != self->turn_) return;  // a later deadline replaced this one
      self->expired_ = true;
      self->Cancel();
    });
  }
  void Arm(milliseconds time) { ArmUntil(steady_clock::now() + time); }
  void Disarm() {
    ++turn_;
    deadline_.cancel();
  }
  void Cancel() {
    error_code ignored;
    LowestLayer(stream_).cancel(ignored);
  }
  [[nodiscard]] milliseconds TimeFor(std::uint64_t bytes) const {
    return milliseconds(bytes * 1000 /
                        std::max<std::size_t>(1, limits_.transfer_bytes_per_second_min));
  }

  ServerContext& context_;
  const HttpLimits& limits_;
  const std::uint64_t id_;
  const std::string remote_;
  // Touched on the strand only.
  Stream stream_;
  asio::steady_timer deadline_;
  std::uint64_t turn_ = 0;
  bool expired_ = false;
  bool idle_ = false;
  bool aborted_ = false;
  boost::beast::flat_buffer buffer_;
  // The request under way.
  steady_clock::time_point begun_;
  const Route* route_ = nullptr;  // as matched
  std::optional<Parser> parser_;
  std::weak_ptr<Job> job_;
};

/// A free function on purpose: a coroutine keeps its arguments, but not the lambda it came from.
asio::awaitable<void> SayBusy(std::shared_ptr<Stream> stream,
                              std::shared_ptr<const std::string> answer,
                              std::shared_ptr<void> place) {
  asio::steady_timer deadline(stream->get_executor(), kLingerTime);
  deadline.async_wait([stream](const error_code& ec) {
    error_code ignored;
    if (!ec) LowestLayer(*stream).close(ignored);
  });
  co_await asio::async_write(*stream, asio::buffer(*answer), kTuple);
  error_code ignored;
  LowestLayer(*stream).shutdown(asio::socket_base::shutdown_send, ignored);
  std::array<char, 4096> scratch{};
  while (true) {
    const auto [ec, n] = co_await stream->async_read_some(asio::buffer(scratch), kTuple);
    if (ec) break;
  }
  deadline.cancel();
  place.reset();
}

}  // namespace

ServerContext::ServerContext(Router routes, ServerOptions opts, ServerPorts given)
    : router(std::move(routes)),
      options(std::move(opts)),
      ports(std::move(given)),
      per_remote(options.limits.per_remote, options.limits.rate_keys_max, ports.clock),
      per_principal(options.limits.per_principal, options.limits.rate_keys_max, ports.clock),
      lanes(options) {}

void ServeConnection(Stream stream, std::uint64_t id, std::string remote, ServerContext& context) {
  const auto executor = stream.get_executor();
  auto connection = std::make_shared<Connection>(std::move(stream), id, std::move(remote), context);
  context.connections.Attach(id, connection);
  asio::co_spawn(executor, Connection::Run(std::move(connection)), asio::detached);
}

void TurnAway(Stream stream, ServerContext& context) {
  auto place = context.turned_away.Take();
  if (!place) return;  // the stream closes without a word
  const HttpResponse busy = ProblemResponse({503, "TOO_MANY_CONNECTIONS", {}, 1});
  auto text = std::make_shared<std::string>("HTTP/1.1 503 Service Unavailable\r\nDate: ");
  *text += HttpDate(context.ports.clock.Now()) + "\r\nContent-Type: " + busy.media_type +
           "\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: " +
           std::to_string(busy.body.size()) + "\r\n\r\n" + busy.body;
  const auto shared = std::make_shared<Stream>(std::move(stream));
  asio::co_spawn(shared->get_executor(), SayBusy(shared, std::move(text), std::move(place)),
                 asio::detached);
}

}  // namespace oppi::consumers
