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
  const RawReply reply = Exchange(
      PostText("/v1/query/record", kJson, R"({"learner":"L","reason":"x"})", server.Token()));
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

}  // namespace
}  // namespace oppi::tests
