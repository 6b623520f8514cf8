#include "consumers/http_client.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "tests/consumers/fakes.h"

namespace oppi::tests {
namespace {

using namespace std::chrono_literals;
using consumers::ClientOptions;
using consumers::HttpClient;
using consumers::HttpReply;

/// A server that plays a part: each connection is handed to `part` with its descriptor, then
/// closed.
class PlayedServer {
 public:
  explicit PlayedServer(std::function<void(int fd, int turn)> part)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, part = std::move(part)] {
      for (int turn = 0;; ++turn) {
        const int peer = ::accept(fd_, nullptr, nullptr);
        if (peer < 0) return;
        part(peer, turn);
        ::close(peer);
      }
    });
  }
  ~PlayedServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  static void Hear(int fd) {
    std::string heard;
    char c = 0;
    while (!heard.ends_with("\r\n\r\n") && ::recv(fd, &c, 1, 0) == 1) heard += c;
  }
  static void Say(int fd, std::string_view text) {
    (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::unique_ptr<HttpClient> ClientOf(const std::string& url, ClientOptions options = {}) {
  auto client = HttpClient::Make(url, std::move(options));
  OPPI_CHECK(client.ok());
  return std::move(*client);
}

std::string UrlOf(const TestServer& server) {
  return "http://127.0.0.1:" + std::to_string(server.port());
}

TEST(HttpClient, AsksAndPublishesOnOneConnection) {
  TestServer server;
  ClientOptions options;
  options.token = server.Token();
  const auto client = ClientOf(UrlOf(server) + "/", options);
  const auto health = client->Get("/healthz");
  ASSERT_TRUE(health.ok());
  EXPECT_EQ(health->status, 200U);
  EXPECT_EQ(health->media_type, "application/json");
  EXPECT_EQ(health->body, R"({"status":"ok"})");
  const std::string batch(3'000'000, 'x');
  EXPECT_EQ(client->Post("/v1/batches?receipts=1", "application/json", batch)->status, 200U);
  EXPECT_EQ(server.road.messages().at(0).bytes, batch);
  EXPECT_EQ(client->Post("/v1/query/record", "application/json", R"({"learner":"L"})")->body,
            R"({"result":"fine"})");
  EXPECT_EQ(server.desk.asked().at(0).asker.principal, "teacher-1");
  EXPECT_EQ(server.server->connections(), 1U);
}

TEST(HttpClient, RefusalsAreRepliesThatBecomeTheErrorsTheyStandFor) {
  TestServer server;
  const auto client = ClientOf(UrlOf(server));
  const auto refused = client->Post("/v1/query/record", "application/json", R"({"learner":"L"})");
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->status, 401U);
  EXPECT_EQ(consumers::ProblemText(*refused), "TOKEN_MISSING: a bearer token is needed");
  EXPECT_EQ(consumers::ErrorOf(*refused).code, Code::kUnauthenticated);
  server.road.Say([](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    return DataLoss("stopped");
  });
  EXPECT_EQ(consumers::ErrorOf(*client->Post("/v1/batches", "application/json", "{}")).code,
            Code::kDataLoss);
  server.road.Say([](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    return ResourceExhausted("full");
  });
  const auto busy = client->Post("/v1/batches", "application/json", "{}");
  EXPECT_EQ(consumers::ErrorOf(*busy).code, Code::kUnavailable);
  EXPECT_EQ(busy->retry_after_seconds, 1);
  EXPECT_EQ(consumers::ProblemText({502, "text/html", "<p>", {}}), "HTTP 502");
  EXPECT_EQ(consumers::ErrorOf({500, "text/html", "<p>", {}}).code, Code::kUnavailable);
  EXPECT_EQ(
      consumers::ProblemText(
          {400, "application/problem+json", R"({"code":"X_Y","detail":"\u001b[2Jgone"})", {}}),
      "X_Y")
      << "nothing for the terminal to obey";
  EXPECT_EQ(consumers::ErrorOf({404, "application/problem+json", "not json", {}}).code,
            Code::kNotFound);
}

TEST(HttpClient, HearsARefusalThatComesBeforeItHasSentEverything) {
  TestServer server;
  const auto client = ClientOf(UrlOf(server));
  for (int i = 0; i < 3; ++i) {
    const auto reply = client->Post("/v1/batches", "text/plain", std::string(20'000'000, 'x'));
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(reply->status, 415U);
  }
  EXPECT_EQ(client->Get("/healthz")->status, 200U) << "and goes on with a new connection";
}

TEST(HttpClient, OpensANewConnectionWhenTheKeptOneWasClosed) {
  consumers::ServerOptions options = TestServer::Options();
  options.limits.idle_time_max = 50ms;
  TestServer server(options);
  const auto client = ClientOf(UrlOf(server));
  for (int i = 0; i < 3; ++i) {
    const auto reply = client->Get("/healthz");
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    while (server.server->connections() != 0) std::this_thread::sleep_for(5ms);
  }
}

TEST(HttpClient, DoesNotAskTwiceWhenAnAnswerBreaksOff) {
  int turns = 0;
  {
    PlayedServer server([&](int fd, int turn) {
      turns = turn + 1;
      PlayedServer::Hear(fd);
      PlayedServer::Say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    });
    const auto client = ClientOf(server.url());
    const auto reply = client->Get("/x");
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().code, Code::kUnavailable);
  }
  EXPECT_EQ(turns, 1);
}

TEST(HttpClient, GivesUpWhenItTakesTooLong) {
  PlayedServer server([](int fd, int) {
    PlayedServer::Hear(fd);
    PlayedServer::Say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; ++i) {  // a byte now and then must not stretch the time
      std::this_thread::sleep_for(60ms);
      PlayedServer::Say(fd, "x");
    }
  });
  ClientOptions options;
  options.answer_time_max = 150ms;
  const auto client = ClientOf(server.url(), options);
  const auto reply = client->Get("/x");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, Code::kUnavailable);
  EXPECT_EQ(reply.error().message, "answer: too slow");
}

TEST(HttpClient, DoesNotSwallowWhatIsTooLargeOrNotHttp) {
  PlayedServer server([](int fd, int turn) {
    PlayedServer::Hear(fd);
    if (turn == 0)
      PlayedServer::Say(fd,
                        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'));
    if (turn == 1)
      PlayedServer::Say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                                std::string(2000, 'x'));
    if (turn == 2) PlayedServer::Say(fd, "SSH-2.0-OpenSSH\r\n\r\n");
    for (int i = 0; turn == 4 && i < 40; ++i) {
      PlayedServer::Say(fd, (i == 0 ? "HTTP/1.1 200 OK\r\n" : "") + std::string("X: ") +
                                std::string(4000, 'x') + "\r\n");
      std::this_thread::sleep_for(1ms);
    }
    if (turn == 3)
      PlayedServer::Say(fd, "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  });
  ClientOptions options;
  options.answer_bytes_max = 1000;
  const auto client = ClientOf(server.url(), options);
  EXPECT_EQ(client->Get("/x").error().code, Code::kResourceExhausted);
  EXPECT_EQ(client->Get("/x").error().code, Code::kResourceExhausted);
  EXPECT_EQ(client->Get("/x").error().code, Code::kInvalidArgument);
  EXPECT_EQ(client->Get("/x").error().code, Code::kInvalidArgument);
  EXPECT_EQ(client->Get("/x").error().code, Code::kInvalidArgument);
}

TEST(HttpClient, DoesNotFollowRedirectsWithItsToken) {
  PlayedServer server([](int fd, int) {
    PlayedServer::Hear(fd);
    PlayedServer::Say(
        fd,
        "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n");
  });
  const auto reply = ClientOf(server.url(), {"secret"})->Get("/x");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 302U);
}

TEST(HttpClient, SaysWhenNobodyIsThere) {
  std::string url;
  {
    TestServer server;
    url = UrlOf(server);
  }
  const auto reply = ClientOf(url)->Get("/healthz");
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, Code::kUnavailable);
}

TEST(HttpClient, TakesOnlyUrlsAndTargetsItUnderstands) {
  for (const std::string_view url :
       {"", "localhost:80", "ftp://x", "https://x", "http://", "http://:80", "http://x:port",
        "http://x/a b", "http://x/../y", "http://user@x:1:2", "http://x?y"})
    EXPECT_FALSE(HttpClient::Make(url, {}).ok()) << url;
  for (const std::string_view url :
       {"http://x", "http://x/", "http://x:1/", "http://[::1]:1/log", "http://[::1]"})
    EXPECT_TRUE(HttpClient::Make(url, {}).ok()) << url;
  TestServer server;
  const auto client = ClientOf(UrlOf(server));
  EXPECT_EQ(client->Get("/a b").error().code, Code::kInvalidArgument);
  EXPECT_EQ(client->Get("/a\r\nX: y").error().code, Code::kInvalidArgument);
  EXPECT_EQ(ClientOf(UrlOf(server) + "/nowhere")->Get("/healthz")->status, 404U)
      << "the prefix is used";
}

}  // namespace
}  // namespace oppi::tests
