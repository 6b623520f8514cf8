#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/consumers/fakes.h"
#include "tests/consumers/raw_http.h"

/// What the server promises on the wire, whatever the routes do.

namespace oppi::tests {
namespace {

using namespace std::chrono_literals;
using consumers::HttpLimits;
using consumers::ServerOptions;

std::string CodeIn(const RawReply& reply) {
  EXPECT_EQ(reply.header("content-type"), "application/problem+json");
  return nlohmann::json::parse(reply.body).at("code");
}

/// One request, one reply, a connection of its own.
RawReply Once(const TestServer& server, const std::string& request) {
  RawConnection connection(server.port());
  EXPECT_TRUE(connection.Send(request));
  auto reply = connection.Read();
  EXPECT_TRUE(reply.has_value()) << request.substr(0, 100);
  return reply.value_or(RawReply{});
}

void AwaitConnections(const TestServer& server, std::size_t n) {
  for (int i = 0; i < 1000 && server.server->connections() != n; ++i)
    std::this_thread::sleep_for(5ms);
  EXPECT_EQ(server.server->connections(), n);
}

constexpr const char* kJson = "application/json";
constexpr const char* kQuestion = R"({"learner":"L"})";

// ---- framing

TEST(HttpServer, KeepsAConnectionOpenAndAnswersInOrder) {
  TestServer server;
  RawConnection connection(server.port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(connection.Send(GetText("/healthz")));
    const auto reply = connection.Read();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 200U);
    EXPECT_EQ(reply->header("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    EXPECT_EQ(reply->header("cache-control"), "no-store");
    EXPECT_EQ(reply->header("x-content-type-options"), "nosniff");
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  TestServer server;
  RawConnection connection(server.port());
  // The slow one comes first: its answer must still be the first.
  Gate gate;
  server.road.Say([&](const consumers::RawMessage& message) -> Result<consumers::BatchReport> {
    if (message.bytes == "slow") gate.Wait();
    return Accepted(message.bytes.size());
  });
  ASSERT_TRUE(connection.Send(PostText("/v1/batches", kJson, "slow") + GetText("/healthz") +
                              PostText("/v1/batches", kJson, "x") + GetText("/nowhere")));
  gate.AwaitArrivals(1);
  gate.Open();
  EXPECT_EQ(nlohmann::json::parse(connection.Read()->body).at("size"), 4);
  EXPECT_EQ(connection.Read()->body, R"({"status":"ok"})");
  EXPECT_EQ(nlohmann::json::parse(connection.Read()->body).at("size"), 1);
  EXPECT_EQ(connection.Read()->status, 404U);
}

TEST(HttpServer, TakesARequestThatComesByteByByte) {
  TestServer server;
  RawConnection connection(server.port());
  for (const char c : PostText("/v1/batches", kJson, "{}")) ASSERT_TRUE(connection.Send({&c, 1}));
  EXPECT_EQ(connection.Read()->status, 200U);
}

TEST(HttpServer, PutsChunksTogether) {
  TestServer server;
  RawConnection connection(server.port());
  ASSERT_TRUE(
      connection.Send("POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;ext=1\r\n \r\n"));
  ASSERT_TRUE(connection.Send("5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n" + GetText("/healthz")));
  EXPECT_EQ(connection.Read()->status, 200U);
  EXPECT_EQ(connection.Read()->status, 200U) << "the connection goes on after the last chunk";
  EXPECT_EQ(server.road.messages().at(0).bytes, "hello world");
}

TEST(HttpServer, AnswersHeadWithTheHeaderOfGet) {
  TestServer server;
  RawConnection connection(server.port());
  ASSERT_TRUE(connection.Send("HEAD /healthz HTTP/1.1\r\nHost: t\r\n\r\n" + GetText("/healthz")));
  const auto head = connection.Read(5s, true);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->header("content-length"), "15");
  EXPECT_EQ(connection.Read()->body, R"({"status":"ok"})") << "no body came before this";
}

TEST(HttpServer, RefusesMessagesThatCouldBeReadInTwoWays) {
  TestServer server;
  const std::string post = "POST /v1/batches HTTP/1.1\r\nContent-Type: application/json\r\n";
  const std::vector<std::tuple<std::string, unsigned, std::string>> table = {
      {"GET /healthz HTTP/1.1\r\n\r\n", 400, "MALFORMED_REQUEST"},
      {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "MALFORMED_REQUEST"},
      {"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP_VERSION"},
      {"GET /healthz\r\nHost: a\r\n\r\n", 400, "MALFORMED_REQUEST"},
      {"GET /health z HTTP/1.1\r\nHost: a\r\n\r\n", 505, "HTTP_VERSION"},
      {"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n", 400, "MALFORMED_REQUEST"},
      {"GET /healthz HTTP/1.1\r\nHost: a\r\nX\x01: a\r\n\r\n", 400, "MALFORMED_REQUEST"},
      {"\x16\x03\x01\x02TLS hello\r\n\r\n", 400, "MALFORMED_REQUEST"},
      {post + "Host: t\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400,
       "MALFORMED_REQUEST"},
      {post + "Host: t\r\nContent-Length: -2\r\n\r\n{}", 400, "MALFORMED_REQUEST"},
      {post + "Host: t\r\nContent-Length: 2x\r\n\r\n{}", 400, "MALFORMED_REQUEST"},
      {post + "Host: t\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       "MALFORMED_REQUEST"},
      {post + "Host: t\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400,
       "MALFORMED_REQUEST"},
      {post + "Host: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
       "TRANSFER_CODING"},
      {post + "Host: t\r\nTransfer-Encoding: identity\r\n\r\n{}", 501, "TRANSFER_CODING"},
      {post + "Host: t\r\nExpect: a-miracle\r\nContent-Length: 2\r\n\r\n{}", 417, "EXPECTATION"},
      {post + "Host: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "MALFORMED_REQUEST"},
      {post + "Host: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n", 400,
       "MALFORMED_REQUEST"},
  };
  for (const auto& [text, status, code] : table) {
    const RawReply reply = Once(server, text);
    EXPECT_EQ(reply.status, status) << text;
    EXPECT_EQ(CodeIn(reply), code) << text;
  }
  EXPECT_TRUE(server.road.messages().empty());
}

TEST(HttpServer, SpeaksToOldClientsOnce) {
  TestServer server;
  RawConnection connection(server.port());
  ASSERT_TRUE(connection.Send("GET /healthz HTTP/1.0\r\n\r\n"));
  const auto reply = connection.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200U);
  EXPECT_EQ(reply->header("connection"), "close");
  EXPECT_TRUE(connection.ClosedWithin(5s));
}

TEST(HttpServer, SendsContinueOnlyToWhomItWillListen) {
  TestServer server;
  const std::string expecting =
      "POST /v1/batches HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Type: ";
  RawConnection welcome(server.port());
  ASSERT_TRUE(welcome.Send(expecting + "application/json\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(welcome.Read()->status, 100U);
  ASSERT_TRUE(welcome.Send("{}"));
  EXPECT_EQ(welcome.Read()->status, 200U);
  RawConnection unwelcome(server.port());
  ASSERT_TRUE(unwelcome.Send(expecting + "text/plain\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(unwelcome.Read()->status, 415U);
  EXPECT_TRUE(unwelcome.ClosedWithin(5s));
}

TEST(HttpServer, TellsWrongPathsFromWrongMethods) {
  TestServer server;
  EXPECT_EQ(CodeIn(Once(server, GetText("/v2/batches"))), "NOT_FOUND");
  const RawReply reply = Once(server, GetText("/v1/batches"));
  EXPECT_EQ(reply.status, 405U);
  EXPECT_EQ(reply.header("allow"), "POST");
  EXPECT_EQ(Once(server, PostText("/checkpoint", kJson, "")).header("allow"), "GET, HEAD");
  EXPECT_EQ(Once(server, "BREW /checkpoint HTTP/1.1\r\nHost: t\r\n\r\n").status, 405U);
  EXPECT_EQ(CodeIn(Once(server, GetText("/healthz?verbose=1"))), "UNKNOWN_PARAMETER");
}

// ---- sizes

TEST(HttpServer, RefusesALengthOverTheLimitBeforeTheBodyComes) {
  TestServer server;
  RawConnection connection(server.port());
  ASSERT_TRUE(
      connection.Send("POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                      "Content-Length: 67108865\r\n\r\n"));
  const auto reply = connection.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 413U);
  EXPECT_EQ(CodeIn(*reply), "BODY_TOO_LARGE");
  EXPECT_EQ(reply->header("connection"), "close");
  EXPECT_EQ(Once(server,
                 "POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                 "Content-Length: 99999999999999999999\r\n\r\n")
                .status,
            400U);
}

TEST(HttpServer, ARefusalArrivesEvenIfThePeerGoesOnSending) {
  TestServer server;
  RawConnection connection(server.port());
  std::thread reader([&] { EXPECT_EQ(connection.Read()->status, 413U); });
  ASSERT_TRUE(connection.Send(
      "POST /v1/query/record HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
      "Authorization: Bearer " +
      server.Token() + "\r\nContent-Length: 1000000\r\n\r\n"));
  connection.Send(std::string(1'000'000, 'x'));
  reader.join();
}

TEST(HttpServer, StopsReadingChunksAtTheLimit) {
  TestServer server;
  const std::string head =
      "POST /v1/query/record HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
      "Authorization: Bearer " +
      server.Token() + "\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Once(server, head + "4001\r\n").status, 413U) << "one chunk over the limit";
  std::string many = head;
  for (int i = 0; i < 17; ++i) many += "400\r\n" + std::string(1024, 'x') + "\r\n";
  EXPECT_EQ(Once(server, many).status, 413U) << "many chunks over the limit";
  EXPECT_TRUE(server.desk.asked().empty());
}

TEST(HttpServer, WantsNoBodyWhereNoneIsUsed) {
  TestServer server;
  EXPECT_EQ(
      Once(server, "GET /checkpoint HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx").status,
      413U);
  EXPECT_EQ(Once(server, "GET /checkpoint HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n").status,
            200U);
}

TEST(HttpServer, LimitsHeaderAndTarget) {
  TestServer server;
  EXPECT_EQ(CodeIn(Once(server, "GET /healthz HTTP/1.1\r\nHost: t\r\nX: " +
                                    std::string(17'000, 'x') + "\r\n\r\n")),
            "HEADER_TOO_LARGE");
  EXPECT_EQ(Once(server,
                 "GET /healthz HTTP/1.1\r\nHost: t\r\nX: " + std::string(15'000, 'x') + "\r\n\r\n")
                .status,
            200U);
  std::string many = "GET /healthz HTTP/1.1\r\nHost: t\r\n";
  for (int i = 0; i < 2000; ++i) many += "X: 12345\r\n";
  EXPECT_EQ(Once(server, many + "\r\n").status, 431U);
  RawConnection in_pieces(server.port());
  std::thread reader([&] { EXPECT_EQ(in_pieces.Read()->status, 431U); });
  in_pieces.Send("GET /healthz HTTP/1.1\r\nHost: t\r\n");
  for (int i = 0; i < 200 && in_pieces.Send("X: " + std::string(100, 'x') + "\r\n"); ++i)
    std::this_thread::sleep_for(1ms);
  reader.join();
  EXPECT_EQ(CodeIn(Once(server, GetText("/" + std::string(3000, 'a')))), "TARGET_TOO_LONG");
}

TEST(HttpServer, HoldsOnlySoManyBodiesInMemory) {
  ServerOptions options = TestServer::Options();
  options.limits.body_bytes_in_flight_max = 1000;
  TestServer server(options);
  Gate gate;
  server.road.Say([&](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    gate.Wait();
    return Accepted(1);
  });
  RawConnection first(server.port());
  ASSERT_TRUE(first.Send(PostText("/v1/batches", kJson, std::string(800, 'x'))));
  gate.AwaitArrivals(1);
  const RawReply reply = Once(server, PostText("/v1/batches", kJson, std::string(800, 'x')));
  EXPECT_EQ(reply.status, 503U);
  EXPECT_EQ(CodeIn(reply), "BUSY");
  EXPECT_EQ(reply.header("retry-after"), "1");
  gate.Open();
  EXPECT_EQ(first.Read()->status, 200U);
  EXPECT_EQ(Once(server, PostText("/v1/batches", kJson, std::string(800, 'x'))).status, 200U)
      << "room again";
}

// ---- time

TEST(HttpServer, GivesASlowHeaderOnlySoMuchTime) {
  ServerOptions options = TestServer::Options();
  options.limits.header_time_max = 200ms;
  TestServer server(options);
  RawConnection connection(server.port());
  const auto begun = std::chrono::steady_clock::now();
  std::thread drip([&] {
    connection.Send("GET /healthz HTTP/1.1\r\n");
    for (int i = 0; i < 100 && connection.Send("X: y\r\n"); ++i) std::this_thread::sleep_for(20ms);
  });
  const auto reply = connection.Read(5s);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 408U);
  EXPECT_EQ(CodeIn(*reply), "HEADER_TIMEOUT");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
  drip.join();
}

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
  ServerOptions options = TestServer::Options();
  options.limits.idle_time_max = 100ms;
  TestServer server(options);
  RawConnection silent(server.port());
  RawConnection once(server.port());
  ASSERT_TRUE(once.Send(GetText("/healthz")));
  EXPECT_EQ(once.Read()->status, 200U);
  EXPECT_TRUE(silent.ClosedWithin(5s));
  EXPECT_TRUE(once.ClosedWithin(5s));
  AwaitConnections(server, 0);
}

TEST(HttpServer, GivesASlowBodyOnlySoMuchTime) {
  ServerOptions options = TestServer::Options();
  options.limits.transfer_time_grace = 200ms;
  TestServer server(options);
  RawConnection stuck(server.port());
  ASSERT_TRUE(
      stuck.Send("POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                 "Content-Length: 1000\r\n\r\n{"));
  const auto reply = stuck.Read(5s);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 408U);
  EXPECT_EQ(CodeIn(*reply), "BODY_TIMEOUT");
  // Trickling does not help: the time allowed grows with what has arrived, not with each byte's
  // arrival.
  RawConnection drip(server.port());
  ASSERT_TRUE(
      drip.Send("POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"));
  std::thread sender([&] {
    for (int i = 0; i < 100 && drip.Send("1\r\nx\r\n"); ++i) std::this_thread::sleep_for(20ms);
  });
  EXPECT_EQ(drip.Read(5s)->status, 408U);
  sender.join();
  EXPECT_TRUE(server.road.messages().empty());
}

TEST(HttpServer, ABodyThatKeepsComingGetsTheTimeItNeeds) {
  ServerOptions options = TestServer::Options();
  options.limits.transfer_time_grace = 1s;
  options.limits.transfer_bytes_per_second_min = 100'000;
  TestServer server(options);
  RawConnection connection(server.port());
  ASSERT_TRUE(
      connection.Send("POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                      "Content-Length: 400000\r\n\r\n"));
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(connection.Send(std::string(10'000, 'x')));
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(connection.Read()->status, 200U);
}

TEST(HttpServer, AnswersWhenAHandlerTakesTooLongAndTheConnectionLives) {
  ServerOptions options = TestServer::Options();
  options.limits.answer_time_max = 100ms;
  TestServer server(options);
  Gate gate;
  server.road.Say([&](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    gate.Wait();
    return Accepted(1);
  });
  RawConnection connection(server.port());
  ASSERT_TRUE(connection.Send(PostText("/v1/batches", kJson, "{}")));
  const auto reply = connection.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 503U);
  EXPECT_EQ(CodeIn(*reply), "ANSWER_TIMEOUT");
  EXPECT_NE(reply->header("retry-after"), "");
  ASSERT_TRUE(connection.Send(GetText("/healthz")));
  EXPECT_EQ(connection.Read()->status, 200U);
  gate.Open();
}

TEST(HttpServer, DoesNotWaitForeverForAReaderThatDoesNotRead) {
  ServerOptions options = TestServer::Options();
  options.limits.transfer_time_grace = 200ms;
  options.limits.transfer_bytes_per_second_min = 1'000'000'000;
  TestServer server(options);
  server.desk.Say([] { return std::string(64 * 1024 * 1024, 'x'); });
  RawConnection connection(server.port());
  ASSERT_TRUE(connection.Send(PostText("/v1/query/record", kJson, kQuestion, server.Token())));
  while (server.desk.asked().empty()) std::this_thread::sleep_for(5ms);
  AwaitConnections(server, 0);
}

// ---- rates and crowds

TEST(HttpServer, LimitsTheRateOfAnAddressAndSaysWhenToComeBack) {
  ServerOptions options = TestServer::Options();
  options.limits.per_remote = {0.5, 3};
  TestServer server(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Once(server, GetText("/checkpoint")).status, 200U);
  const RawReply refused = Once(server, GetText("/checkpoint"));
  EXPECT_EQ(refused.status, 429U);
  EXPECT_EQ(CodeIn(refused), "RATE_LIMITED");
  EXPECT_EQ(refused.header("retry-after"), "2");
  EXPECT_EQ(Once(server, GetText("/nowhere")).status, 429U) << "guessing paths is not free";
  EXPECT_EQ(Once(server, "GET /%2e HTTP/1.1\r\nHost: t\r\n\r\n").status, 429U) << "nor is nonsense";
  EXPECT_EQ(Once(server, PostText("/v1/query/record", kJson, "{}", "wrong")).status, 429U)
      << "nor is guessing tokens";
  EXPECT_EQ(Once(server, GetText("/healthz")).status, 200U) << "the watchdog must not starve";
  server.clock.Advance(2 * kMicrosPerSecond);
  EXPECT_EQ(Once(server, GetText("/checkpoint")).status, 200U);
}

TEST(HttpServer, LimitsTheRateOfAPrincipal) {
  ServerOptions options = TestServer::Options();
  options.limits.per_principal = {1, 2};
  TestServer server(options);
  const auto ask = [&](const std::string& who) {
    return Once(server, PostText("/v1/query/record", kJson, kQuestion, server.Token(who))).status;
  };
  EXPECT_EQ(ask("a"), 200U);
  EXPECT_EQ(ask("a"), 200U);
  EXPECT_EQ(ask("a"), 429U);
  EXPECT_EQ(ask("b"), 200U);
  EXPECT_EQ(server.desk.asked().size(), 3U) << "a refused question is never asked";
}

TEST(HttpServer, AFullLaneRefusesAndTheOthersGoOn) {
  ServerOptions options = TestServer::Options();
  options.ingest = {2, 0};
  TestServer server(options);
  Gate gate;
  server.road.Say([&](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    gate.Wait();
    return Accepted(1);
  });
  std::vector<std::unique_ptr<RawConnection>> waiting;
  for (std::size_t i = 1; i <= 2; ++i) {
    waiting.push_back(std::make_unique<RawConnection>(server.port()));
    ASSERT_TRUE(waiting.back()->Send(PostText("/v1/batches", kJson, "{}")));
    gate.AwaitArrivals(i);
  }
  const RawReply refused = Once(server, PostText("/v1/batches", kJson, "{}"));
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(CodeIn(refused), "BUSY");
  EXPECT_EQ(Once(server, PostText("/v1/query/record", kJson, kQuestion, server.Token())).status,
            200U);
  EXPECT_EQ(Once(server, GetText("/checkpoint")).status, 200U);
  EXPECT_EQ(server.server->state().ingest, 2U);
  EXPECT_EQ(server.server->state().body_bytes_in_flight, 4U);
  gate.Open();
  for (const auto& connection : waiting) EXPECT_EQ(connection->Read()->status, 200U);
  EXPECT_EQ(server.server->state().body_bytes_in_flight, 0U);
}

TEST(HttpServer, TurnsConnectionsAwayBeyondTheirNumber) {
  for (const bool per_remote : {false, true}) {
    ServerOptions options = TestServer::Options();
    (per_remote ? options.limits.connections_per_remote_max : options.limits.connections_max) = 2;
    TestServer server(options);
    auto first = std::make_unique<RawConnection>(server.port());
    RawConnection second(server.port());
    AwaitConnections(server, 2);
    RawConnection third(server.port());
    ASSERT_TRUE(third.Send(GetText("/healthz")));
    const auto reply = third.Read();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 503U);
    EXPECT_EQ(CodeIn(*reply), "TOO_MANY_CONNECTIONS");
    EXPECT_EQ(reply->header("retry-after"), "1");
    std::vector<std::unique_ptr<RawConnection>> crowd;  // more than are told why
    for (int i = 0; i < 100; ++i) crowd.push_back(std::make_unique<RawConnection>(server.port()));
    ASSERT_TRUE(second.Send(GetText("/healthz")));
    EXPECT_EQ(second.Read()->status, 200U) << "who is in stays in";
    crowd.clear();
    first.reset();
    // The crowd may still stand before the door, so it can take a moment until there is room.
    unsigned status = 503;
    for (int i = 0; i < 1000 && status == 503; ++i) {
      RawConnection later(server.port());
      later.Send(GetText("/healthz"));
      status = later.Read().value_or(RawReply{503, {}, {}}).status;
      if (status == 503) std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(status, 200U);
  }
}

TEST(HttpServer, ServesManyClientsAtOnce) {
  TestServer server;
  server.road.Say([](const consumers::RawMessage& message) -> Result<consumers::BatchReport> {
    return Accepted(message.bytes.size());
  });
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c)
    clients.emplace_back([&, c] {
      RawConnection connection(server.port());
      for (int i = 0; i < 50; ++i) {
        const auto size = static_cast<std::size_t>(c * 50 + i) % 97;
        if (!connection.Send(PostText("/v1/batches", kJson, std::string(size, 'x')))) return;
        const auto reply = connection.Read();
        if (reply && nlohmann::json::parse(reply->body).at("items").size() == size) ++right;
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 16 * 50);
}

TEST(HttpServer, OutlivesPeersThatVanish) {
  TestServer server;
  server.desk.Say([] { return std::string(8 * 1024 * 1024, 'x'); });
  const std::string question = PostText("/v1/query/record", kJson, kQuestion, server.Token());
  for (int i = 0; i < 20; ++i) {
    RawConnection(server.port()).Reset();
    RawConnection half(server.port());
    half.Send("GET /heal");
    half.Reset();
    RawConnection mid_body(server.port());
    mid_body.Send(PostText("/v1/batches", kJson, std::string(1000, 'x')).substr(0, 300));
    mid_body.Reset();
    RawConnection mid_answer(server.port());
    mid_answer.Send(question);
    mid_answer.Reset();
    RawConnection closed(server.port());
    closed.CloseSending();
    EXPECT_TRUE(closed.ClosedWithin(5s));
  }
  AwaitConnections(server, 0);
  EXPECT_EQ(Once(server, GetText("/healthz")).status, 200U);
}

TEST(HttpServer, OutlivesNoise) {
  TestServer server;
  SeededEntropy entropy(20'260'101);
  for (int i = 0; i < 300; ++i) {
    RawConnection connection(server.port());
    connection.Send(entropy.Take(1 + static_cast<std::size_t>(i)));
    connection.CloseSending();
    (void)connection.Read(2s);
  }
  AwaitConnections(server, 0);
  EXPECT_EQ(Once(server, GetText("/healthz")).status, 200U);
}

// ---- stopping

TEST(HttpServer, FinishesWhatIsUnderWayWhenItStops) {
  TestServer server;
  Gate gate;
  server.road.Say([&](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    gate.Wait();
    return Accepted(1);
  });
  RawConnection idle(server.port());
  RawConnection busy(server.port());
  ASSERT_TRUE(busy.Send(PostText("/v1/batches", kJson, "{}")));
  gate.AwaitArrivals(1);
  AwaitConnections(server, 2);
  std::thread stop([&] { server.Stop(); });
  EXPECT_TRUE(idle.ClosedWithin(5s));
  gate.Open();
  const auto reply = busy.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200U);
  EXPECT_EQ(reply->header("connection"), "close");
  EXPECT_TRUE(busy.ClosedWithin(5s));
  stop.join();
  server.Stop();
}

TEST(HttpServer, CutsOffWhoDoesNotFinishInTime) {
  ServerOptions options = TestServer::Options();
  options.limits.drain_time_max = 100ms;
  TestServer server(options);
  RawConnection slow(server.port());
  ASSERT_TRUE(slow.Send(PostText("/v1/batches", kJson, std::string(1000, 'x')).substr(0, 300)));
  AwaitConnections(server, 1);
  const auto begun = std::chrono::steady_clock::now();
  server.Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
  EXPECT_TRUE(slow.ClosedWithin(5s));
}

TEST(HttpServer, StopsUnderLoadWithoutLosingAnAnswerItOwes) {
  TestServer server;
  std::atomic<int> done{0};
  std::atomic<int> answered{0};
  std::atomic<bool> enough{false};
  server.road.Say([&](const consumers::RawMessage&) -> Result<consumers::BatchReport> {
    std::this_thread::sleep_for(2ms);
    ++done;
    return Accepted(1);
  });
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int c = 0; c < 12; ++c)
    connections.push_back(std::make_unique<RawConnection>(server.port()));
  std::vector<std::thread> clients;
  for (const auto& connection : connections)
    clients.emplace_back([&, c = connection.get()] {
      while (c->Send(PostText("/v1/batches", kJson, "{}"))) {
        const auto reply = c->Read();
        if (!reply) return;
        if (reply->status == 200) ++answered;
        if (answered > 100) enough = true;
        if (reply->header("connection") == "close") return;
      }
    });
  while (!enough) std::this_thread::sleep_for(1ms);
  server.Stop();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(done, answered) << "what the road accepted, the publisher was told";
}

// ---- who hears what

TEST(HttpServer, ObserversHearOfRoutesNeverOfPaths) {
  TestServer server;
  const std::string id = "019b1c00-0000-7000-8000-000000000001";
  const std::vector<std::tuple<std::string, std::string, unsigned>> table = {
      {GetText("/v1/receipts/" + id, server.Token()), "/v1/receipts/{event_id}", 404U},
      {GetText("/secret-path"), "unmatched", 404U},
      {"nonsense\r\n\r\n", "unmatched", 400U},
      {PostText("/v1/query/record", kJson, "{}"), "/v1/query/record", 401U}};
  std::size_t asked = 0;
  for (const auto& [request, route, status] : table) {
    (void)Once(server, request);
    ++asked;
    // An answer is observed once it has been written, so its reader may be first.
    for (int i = 0; i < 1000 && server.observer.seen().size() < asked; ++i)
      std::this_thread::sleep_for(5ms);
    const auto seen = server.observer.seen();
    ASSERT_EQ(seen.size(), asked);
    EXPECT_EQ(seen.back().route, route);
    EXPECT_EQ(seen.back().status, status);
    EXPECT_GE(seen.back().seconds, 0.0);
  }
}

TEST(HttpServer, AHandlerThatThrowsCostsOneRequest) {
  TestServer server;
  server.desk.Say([]() -> Result<std::string> {
    throw std::runtime_error("urn:oid:1.2.246.562.24.10482013375");
  });
  RawConnection connection(server.port());
  ASSERT_TRUE(connection.Send(PostText("/v1/query/record", kJson, kQuestion, server.Token())));
  const auto reply = connection.Read();
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 500U);
  EXPECT_EQ(CodeIn(*reply), "INTERNAL");
  EXPECT_EQ(reply->body.find("10482013375"), std::string::npos);
  ASSERT_TRUE(connection.Send(GetText("/healthz")));
  EXPECT_EQ(connection.Read()->status, 200U);
}

// ---- where it listens

TEST(HttpServer, NeedsAnAddressThatCanBeBound) {
  TestServer server;
  ServerOptions options = TestServer::Options();
  options.listen = "127.0.0.1:" + std::to_string(server.port());
  const auto taken =
      consumers::HttpServer::Start(consumers::Router({}), options, {server.clock, {}, nullptr});
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Code::kUnavailable);
}

TEST(HttpServer, ReadsHostAndPort) {
  using consumers::HostPort;
  using consumers::ParseHostPort;
  EXPECT_EQ(*ParseHostPort("127.0.0.1:8080"), (HostPort{"127.0.0.1", 8080}));
  EXPECT_EQ(*ParseHostPort("[::1]:0"), (HostPort{"::1", 0}));
  EXPECT_EQ(*ParseHostPort("localhost:65535"), (HostPort{"localhost", 65535}));
  for (const std::string_view text : {"", ":80", "host", "host:", "host:x", "host:65536", "host:-1",
                                      "::1:80", "[]:80", "[::1", "host: 80"})
    EXPECT_FALSE(ParseHostPort(text).ok()) << text;
}

}  // namespace
}  // namespace oppi::tests
