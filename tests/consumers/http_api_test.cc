#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/consumers/fakes.h"
#include "tests/consumers/raw_http.h"

namespace oppi::tests {
namespace {

using consumers::BatchReport;
using consumers::RawMessage;
using nlohmann::json;

constexpr const char* kFlat = "application/vnd.oppiloki.batch+flatbuffers";
constexpr const char* kJson = "application/json";
constexpr const char* kEvent = "application/cloudevents+json";
constexpr const char* kEvents = "application/cloudevents-batch+json";
constexpr const char* kQuestion = R"({"learner":"L","reason":"x"})";

class HttpApi : public testing::Test {
 protected:
  RawReply Exchange(const std::string& request) {
    RawConnection connection(server.port());
    EXPECT_TRUE(connection.Send(request));
    auto reply = connection.Read();
    EXPECT_TRUE(reply.has_value());
    return reply.value_or(RawReply{});
  }
  /// Status and code of a problem document, whose other members must be as RFC 9457 has them.
  static std::pair<unsigned, std::string> ProblemIn(const RawReply& reply) {
    EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    const json body = json::parse(reply.body);
    EXPECT_EQ(body.at("status"), reply.status);
    EXPECT_TRUE(body.at("title").is_string());
    EXPECT_TRUE(body.at("type").get<std::string>().starts_with("urn:oppiloki:problem:"));
    return {reply.status, body.at("code")};
  }
  using P = std::pair<unsigned, std::string>;
  TestServer server;
};

TEST_F(HttpApi, ABatchOfEitherFormGoesDownTheRoadUntouched) {
  const std::string bytes("\0\x01 binary\xff", 10);
  EXPECT_EQ(Exchange(PostText("/v1/batches", kFlat, bytes)).status, 200U);
  EXPECT_EQ(Exchange(PostText("/v1/batches", std::string(kJson) + "; charset=utf-8", "{}")).status,
            200U);
  const auto messages = server.road.messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].form, RawMessage::Form::kFlatBuffers);
  EXPECT_EQ(messages[0].bytes, bytes);
  EXPECT_EQ(messages[1].form, RawMessage::Form::kJson);
  EXPECT_EQ(messages[1].bytes, "{}");
}

TEST_F(HttpApi, ReceiptsComeWithTheReportOnlyWhenAskedFor) {
  const json without = json::parse(Exchange(PostText("/v1/batches", kJson, "{}")).body);
  EXPECT_FALSE(without.at("items").at(0).contains("receipt"));
  const json with = json::parse(Exchange(PostText("/v1/batches?receipts=1", kJson, "{}")).body);
  EXPECT_EQ(with.at("items").at(0).at("receipt"), "c2sp.org/tlog-proof@v1\nindex 0\n");
  EXPECT_EQ(ProblemIn(Exchange(PostText("/v1/batches?receipts=2", kJson, "{}"))),
            P(400, "UNKNOWN_PARAMETER"));
  EXPECT_EQ(server.road.messages().size(), 2U) << "refused, yet it went down the road";
}

TEST_F(HttpApi, AQuestionReachesTheDeskWithTheAskerOfTheToken) {
  const RawReply reply = Exchange(PostText("/v1/query/record", kJson, kQuestion, server.Token()));
  EXPECT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.body, R"({"result":"fine"})");
  ASSERT_EQ(server.desk.asked().size(), 1U);
  EXPECT_EQ(server.desk.asked()[0].asker.principal, "teacher-1");
  EXPECT_EQ(server.desk.asked()[0].question.ask, projections::Ask::kRecord);
}

TEST_F(HttpApi, OneCloudEventIsAttestedByteForByteForThePublisherOfTheToken) {
  const std::string event = R"({ "specversion" : "1.0" })";
  EXPECT_EQ(Exchange(PostText("/v1/events", kEvent, event, server.Token("t", "sis"))).status, 200U);
  ASSERT_EQ(server.attested.size(), 1U);
  EXPECT_EQ(server.attested[0].publisher, "sis");
  ASSERT_EQ(server.attested[0].items.size(), 1U);
  EXPECT_EQ(server.attested[0].items[0].bytes, event);
  EXPECT_NE(server.attested[0].items[0].salt, events::Salt{});
}

TEST_F(HttpApi, ABatchOfCloudEventsIsDividedWithoutTouchingAByte) {
  const std::string body = R"( [ {"a": "]}\"" } ,{"b":[{}]}] )";
  EXPECT_EQ(Exchange(PostText("/v1/events", kEvents, body, server.Token("t", "sis"))).status, 200U);
  ASSERT_EQ(server.attested.size(), 1U);
  ASSERT_EQ(server.attested[0].items.size(), 2U);
  EXPECT_EQ(server.attested[0].items[0].bytes, R"({"a": "]}\"" })");
  EXPECT_EQ(server.attested[0].items[1].bytes, R"({"b":[{}]})");
  EXPECT_NE(server.attested[0].items[0].salt, server.attested[0].items[1].salt);
}

TEST_F(HttpApi, WhatIsNoArrayOfEventsIsNotAttested) {
  for (const std::string body : {"", " ", "{}", "[", "[{}", "[{},", "[{},]", "[,{}]", "[{}]]",
                                 "[{}] x", "[]", " [ ] ", "[{\"a\":\"]", "\xef\xbb\xbf[{}]"})
    EXPECT_EQ(ProblemIn(Exchange(PostText("/v1/events", kEvents, body, server.Token("t", "sis")))),
              P(400, "MALFORMED"))
        << body;
  std::string many = "[{}";
  for (int i = 1; i < 1000; ++i) many += ",{}";
  EXPECT_EQ(Exchange(PostText("/v1/events", kEvents, many + "]", server.Token("t", "sis"))).status,
            200U);
  EXPECT_EQ(
      ProblemIn(Exchange(PostText("/v1/events", kEvents, many + ",{}]", server.Token("t", "sis")))),
      P(413, "BATCH_TOO_LARGE"));
  EXPECT_EQ(server.attested.size(), 1U);
}

TEST_F(HttpApi, ABatchRefusedAsAWholeIsAProblemWithItsCode) {
  for (const auto& [code, status] : {std::pair{events::ErrorCode::kBatchTooLarge, 413U},
                                     std::pair{events::ErrorCode::kMalformed, 400U},
                                     std::pair{events::ErrorCode::kBadSignature, 403U},
                                     std::pair{events::ErrorCode::kPublisherUnknown, 403U}}) {
    const events::ErrorCode error = code;
    server.road.Say([error](const RawMessage&) -> Result<BatchReport> {
      BatchReport report;
      report.error = error;
      report.message = "about urn:oid:1.2.246.562.24.10482013375";
      return report;
    });
    const RawReply reply = Exchange(PostText("/v1/batches", kFlat, "x"));
    EXPECT_EQ(ProblemIn(reply), P(status, std::string(events::ErrorName(error))));
    EXPECT_EQ(reply.body.find("10482013375"), std::string::npos);
  }
}

TEST_F(HttpApi, WhatTheRoadCannotDoTellsThePublisherWhatToDo) {
  const std::vector<std::tuple<Error, P, bool>> table = {
      {ResourceExhausted("the queue is full"), {503, "BUSY"}, true},
      {Unavailable("shutting down"), {503, "UNAVAILABLE"}, true},
      {DataLoss("the writer has stopped"), {500, "DATA_LOSS"}, false}};
  for (const auto& [error, wanted, retry] : table) {
    const Error copy = error;
    server.road.Say([copy](const RawMessage&) -> Result<BatchReport> { return copy; });
    const RawReply reply = Exchange(PostText("/v1/batches", kFlat, "x"));
    EXPECT_EQ(ProblemIn(reply), wanted);
    EXPECT_EQ(!reply.header("retry-after").empty(), retry);
  }
}

TEST_F(HttpApi, WhatTheDeskRefusesTellsTheAskerWhy) {
  const std::vector<std::pair<Error, P>> table = {
      {PermissionDenied("ROLE_NOT_ALLOWED: this role"), {403, "ROLE_NOT_ALLOWED"}},
      {InvalidArgument("REASON_MISSING"), {400, "REASON_MISSING"}},
      {NotFound("SIZE_UNKNOWN: not that large"), {404, "SIZE_UNKNOWN"}},
      {Unavailable("NOT_READY"), {503, "NOT_READY"}},
      {Unauthenticated("who"), {401, "UNAUTHENTICATED"}}};
  for (const auto& [error, wanted] : table) {
    const Error copy = error;
    server.desk.Say([copy]() -> Result<std::string> { return copy; });
    EXPECT_EQ(ProblemIn(Exchange(PostText("/v1/query/record", kJson, kQuestion, server.Token()))),
              wanted);
  }
}

TEST_F(HttpApi, EachQuestionHasItsPath) {
  const std::vector<std::pair<std::string, projections::Ask>> paths = {
      {"record", projections::Ask::kRecord},
      {"consents", projections::Ask::kConsents},
      {"timeline", projections::Ask::kTimeline},
      {"audit", projections::Ask::kAudit},
      {"obligations", projections::Ask::kObligations},
      {"findings", projections::Ask::kFindings}};
  for (const auto& [path, ask] : paths) {
    EXPECT_EQ(Exchange(PostText("/v1/query/" + path, kJson, kQuestion, server.Token())).status,
              200U)
        << path;
    EXPECT_EQ(server.desk.asked().back().question.ask, ask);
  }
  EXPECT_EQ(
      Exchange(
          PostText(
              "/v1/query/decide", kJson,
              R"({"learner":"L","controller":"K","purpose":"P","recipient":"R","categories":["C"]})",
              server.Token()))
          .status,
      200U);
  EXPECT_EQ(server.desk.asked().back().question.ask, projections::Ask::kDecide);
  EXPECT_EQ(ProblemIn(Exchange(PostText("/v1/query/everything", kJson, kQuestion, server.Token()))),
            P(404, "NOT_FOUND"));
}

TEST_F(HttpApi, ABadQuestionIsRefusedWithoutRepeatingIt) {
  for (const std::string body : {"", "[]", "{", R"({"learner":7})",
                                 R"({"learner":"urn:oid:1.2.246.562.24.10482013375","secret":"x"})",
                                 R"({"reason":"x"})", "{\"learner\":\"010190-123A\"}", "\xff"}) {
    const RawReply reply = Exchange(PostText("/v1/query/record", kJson, body, server.Token()));
    EXPECT_EQ(ProblemIn(reply).first, 400U) << body;
    EXPECT_EQ(reply.body.find("10482013375"), std::string::npos);
    EXPECT_EQ(reply.body.find("010190"), std::string::npos);
  }
  EXPECT_TRUE(server.desk.asked().empty());
}

TEST_F(HttpApi, ReceiptsAreTextAndNeedAToken) {
  const std::string id = "019b1c00-0000-7000-8000-000000000001";
  server.receipts[id] = "c2sp.org/tlog-proof@v1\n";
  const RawReply reply = Exchange(GetText("/v1/receipts/" + id, server.Token()));
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(reply.body, "c2sp.org/tlog-proof@v1\n");
  EXPECT_EQ(ProblemIn(Exchange(GetText("/v1/receipts/" + id))), P(401, "TOKEN_MISSING"));
  for (const std::string other :
       {"019b1c00-0000-7000-8000-000000000002", "019B1C00-0000-7000-8000-000000000001",
        "urn:oid:1.2.246.562.24.10482013375", "x"}) {
    const RawReply missing = Exchange(GetText("/v1/receipts/" + other, server.Token()));
    EXPECT_EQ(ProblemIn(missing), P(404, "NOT_FOUND"));
    EXPECT_EQ(missing.body.find(other), std::string::npos);
  }
}

// ---- who may

TEST_F(HttpApi, EveryPathThatIsNotPublicRefusesWhoHasNoValidToken) {
  SystemEntropy entropy;
  const SigningKey other = SigningKey::Generate(entropy);
  consumers::Claims claims;
  claims.asker = {"t", "TEACHER", "o", "p"};
  claims.publisher = "sis";
  claims.expires = kTestNow + kMicrosPerSecond;
  const std::string good = consumers::IssueToken(claims, server.operator_key);
  claims.expires = kTestNow;
  const std::string expired = consumers::IssueToken(claims, server.operator_key);
  std::string altered = good;
  altered[20] = altered[20] == 'A' ? 'B' : 'A';
  const std::vector<std::tuple<std::string, std::string, std::string>> bad = {
      {"none", "", "TOKEN_MISSING"},
      {"expired", "Authorization: Bearer " + expired + "\r\n", "TOKEN_EXPIRED"},
      {"wrong key", "Authorization: Bearer " + consumers::IssueToken(claims, other) + "\r\n",
       "TOKEN_INVALID"},
      {"altered", "Authorization: Bearer " + altered + "\r\n", "TOKEN_INVALID"},
      {"another scheme", "Authorization: Basic " + good + "\r\n", "TOKEN_INVALID"},
      {"no scheme", "Authorization: " + good + "\r\n", "TOKEN_INVALID"},
      {"empty", "Authorization: Bearer \r\n", "TOKEN_INVALID"},
      {"two", "Authorization: Bearer " + good + "\r\nAuthorization: Bearer " + good + "\r\n",
       "TOKEN_INVALID"},
      {"two in one", "Authorization: Bearer " + good + ", Bearer " + good + "\r\n",
       "TOKEN_INVALID"},
  };
  const std::vector<std::pair<std::string, std::string>> paths = {
      {"POST /v1/query/record", "application/json"},
      {"POST /v1/query/consents", "application/json"},
      {"POST /v1/query/timeline", "application/json"},
      {"POST /v1/query/decide", "application/json"},
      {"POST /v1/query/audit", "application/json"},
      {"POST /v1/events", kEvent}};
  for (const auto& [path, type] : paths)
    for (const auto& [name, header, code] : bad) {
      const RawReply reply = Exchange(path + " HTTP/1.1\r\nHost: t\r\n" + header +
                                      "Content-Type: " + type + "\r\nContent-Length: 2\r\n\r\n{}");
      EXPECT_EQ(ProblemIn(reply), P(401, code)) << path << ", " << name;
      EXPECT_EQ(reply.header("www-authenticate"), "Bearer");
    }
  EXPECT_TRUE(server.desk.asked().empty());
  EXPECT_TRUE(server.attested.empty());
}

TEST_F(HttpApi, OnlyATokenWithAPublisherMayHaveEventsAttested) {
  EXPECT_EQ(ProblemIn(Exchange(PostText("/v1/events", kEvent, "{}", server.Token("t")))),
            P(403, "NOT_A_PUBLISHER"));
  EXPECT_TRUE(server.attested.empty());
}

TEST_F(HttpApi, ATokenIsLookedAtBeforeTheBodyIsRead) {
  RawConnection connection(server.port());
  ASSERT_TRUE(connection.Send(
      "POST /v1/query/record HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
      "Content-Length: 100\r\n\r\n"));
  EXPECT_EQ(connection.Read()->status, 401U);
}

TEST_F(HttpApi, BodiesOfOtherKindsAreRefused) {
  for (const std::string type :
       {"", "text/plain", "application/jsonx", "application/json; charset=latin1",
        "application/cloudevents+json", "json", "application/", "/json", "*/*"}) {
    const RawReply reply = Exchange(PostText("/v1/batches", type, "{}"));
    EXPECT_EQ(ProblemIn(reply), P(415, "MEDIA_TYPE")) << type;
    EXPECT_NE(reply.header("accept").find(kFlat), std::string::npos);
  }
  for (const std::string type :
       {"Application/JSON", "application/json;charset=\"UTF-8\"", "application/json ; x=y"})
    EXPECT_EQ(Exchange(PostText("/v1/batches", type, "{}")).status, 200U) << type;
  const std::string twice =
      "POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  EXPECT_EQ(Exchange(twice).status, 415U);
  const std::string packed =
      "POST /v1/batches HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
      "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}";
  EXPECT_EQ(Exchange(packed).status, 415U);
}

// ---- the log

TEST_F(HttpApi, TheCheckpointIsFreshText) {
  const RawReply reply = Exchange(GetText("/checkpoint"));
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body, server.checkpoint);
  EXPECT_EQ(reply.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(reply.header("cache-control"), "no-cache");
}

TEST_F(HttpApi, TilesAreBytesThatNeverChange) {
  server.tiles["tile/0/x001/x234/067"] = Bytes(8192, '\xfe');
  server.tiles["tile/1/000.p/7"] = Bytes(224, '\0');
  server.tiles["tile/entries/000"] = "entries";
  const RawReply full = Exchange(GetText("/tile/0/x001/x234/067"));
  EXPECT_EQ(full.status, 200U);
  EXPECT_EQ(full.body, Bytes(8192, '\xfe'));
  EXPECT_EQ(full.header("content-type"), "application/octet-stream");
  EXPECT_EQ(full.header("cache-control"), "public, max-age=31536000, immutable");
  const RawReply partial = Exchange(GetText("/tile/1/000.p/7"));
  EXPECT_EQ(partial.body, Bytes(224, '\0'));
  EXPECT_EQ(partial.header("cache-control"), "public, max-age=600, immutable");
  EXPECT_EQ(Exchange(GetText("/tile/entries/000")).body, "entries");
  EXPECT_EQ(ProblemIn(Exchange(GetText("/tile/0/001"))), P(404, "NOT_FOUND"));
}

TEST_F(HttpApi, NoPathLeadsOutOfTheTiles) {
  server.tiles["tile/0/000"] = "secret";
  for (const std::string path : {"/tile/0/000/",
                                 "/tile//0/000",
                                 "/tile/0//000",
                                 "/tile/../tile/0/000",
                                 "/tile/./0/000",
                                 "/tile/0/../0/000",
                                 "/tile/0/000/..",
                                 "/tile/%30/000",
                                 "/tile/0/%2e%2e/000",
                                 "/tile/..%2f..%2fetc%2fpasswd",
                                 "/tile/0/..\\000",
                                 "/tile/0/00",
                                 "/tile/0/0000",
                                 "/tile/0/x000",
                                 "/tile/0/x000/000",
                                 "/tile/00/000",
                                 "/tile/+0/000",
                                 "/tile/0/-01",
                                 "/tile/64/000",
                                 "/tile/0/000.p/0",
                                 "/tile/0/000.p/256",
                                 "/tile/0/000.p/01",
                                 "/tile/0/000.p/",
                                 "/tile/0/000.p",
                                 "/tile/0",
                                 "/tile/0/",
                                 "/tile/",
                                 "/tile",
                                 "/tile/entries/",
                                 "/tile/entries/x",
                                 "/TILE/0/000",
                                 "/tile/0/000;x",
                                 "/checkpoint/../tile/0/000"}) {
    const RawReply reply = Exchange(GetText(path));
    EXPECT_TRUE(reply.status == 404 || reply.status == 400) << path << ": " << reply.status;
    EXPECT_EQ(reply.body.find("secret"), std::string::npos) << path;
  }
  EXPECT_EQ(Exchange(GetText("/tile/0/000")).body, "secret");
}

TEST(Tiles, ComeFromTheViewThatIsPublishedAtThatMoment) {
  const consumers::TileSource nothing =
      consumers::TilesOf([]() -> std::shared_ptr<const ledger::LogView> { return nullptr; });
  const consumers::TileApi api(nothing);
  EXPECT_EQ(api.Checkpoint({}).status, 503U);
  consumers::HttpRequest request;
  request.path = "/tile/0/000";
  EXPECT_EQ(api.Tile(request).status, 503U);
}

// ---- operations

TEST_F(HttpApi, ReadinessSaysWhyNot) {
  EXPECT_EQ(Exchange(GetText("/readyz")).body, R"({"ready":true,"reasons":[]})");
  {
    const std::lock_guard lock(server.mu);
    server.not_ready = {"projections lag", "say \"when\""};
  }
  const RawReply reply = Exchange(GetText("/readyz"));
  EXPECT_EQ(reply.status, 503U);
  EXPECT_EQ(json::parse(reply.body).at("reasons"),
            json::parse(R"(["projections lag","say \"when\""])"));
  EXPECT_EQ(Exchange(GetText("/healthz")).status, 200U);
}

TEST_F(HttpApi, MetricsAndTheDocumentAreServedAsTheyAre) {
  const RawReply metrics = Exchange(GetText("/metrics"));
  EXPECT_EQ(metrics.body, "oppiloki_up 1\n");
  EXPECT_EQ(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(json::parse(Exchange(GetText("/openapi.json")).body).at("openapi"), "3.1.0");
}

}  // namespace
}  // namespace oppi::tests
