#include "events/codec/xapi.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "events/codec/json_tree.h"
#include "events/codec/xapi_rules.h"
#include "events/ids.h"
#include "events/limits.h"
#include "tests/support/shared_data.h"

namespace oppi::events {
namespace {

using tests::DataPath;
using tests::ExpectPublishable;
using tests::ExpectSame;
using tests::ReadStored;
using tests::TestPublisher;

std::string Statement(const std::string& actor, const std::string& more = "") {
  return R"({"id":"54F42CA3-a826-4af9-935d-7e7b853a6c49","actor":)" + actor +
         R"(,"verb":{"id":"http://adlnet.gov/expapi/verbs/answered"},)"
         R"("object":{"id":"http://example.org/item/1"},"timestamp":"2021-11-29T12:37:59.8397541+02:00")" +
         more + "}";
}

constexpr const char* kAda = R"({"mbox":"mailto:ada@example.org"})";

Event OnlyEvent(const Translated& translated) {
  EXPECT_FALSE(translated.refused) << Describe(translated.refused.value_or(Refused{}));
  EXPECT_EQ(translated.events.size(), 1u);
  return translated.events.empty() ? MakeEvent(EventType::kActivityXapiStatement)
                                   : translated.events.front();
}

TEST(Xapi, TranslatesEveryStatementOfARealStream) {
  const std::string name = "xapi-stream/ralph-statements.json.gz";
  OPPI_NEEDS_DATA(name);
  const auto files = ReadStored(DataPath(name));
  ASSERT_EQ(files.size(), 1u);
  const TranslateOptions options = TestPublisher();
  std::vector<Event> events;
  std::set<std::string> subjects;
  std::size_t begin = 0;
  const Bytes& text = files[0].bytes;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != Bytes::npos; begin = end + 1) {
    const ByteView line = ByteView(text).substr(begin, end - begin);
    const Translated translated = TranslateXapi(line, events.size(), options);
    ASSERT_FALSE(translated.refused) << Describe(*translated.refused);
    ASSERT_EQ(translated.events.size(), 1u);
    ASSERT_EQ(translated.events[0].text("statement"), line);
    subjects.insert(translated.events[0].subject);
    events.push_back(translated.events[0]);
  }
  EXPECT_EQ(events.size(), 22'000u);
  EXPECT_EQ(subjects.size(), 1'452u);
  ExpectPublishable(events);
}

TEST(Xapi, TranslatesEveryElementOfASimulatedArray) {
  const std::string name = "xapi-stream/datasim-tccc_dev.json.gz";
  OPPI_NEEDS_DATA(name);
  const auto files = ReadStored(DataPath(name));
  ASSERT_EQ(files.size(), 1u);
  const auto array = ParseJson(files[0].bytes, {.values_max = 10'000'000});
  ASSERT_TRUE(array);
  std::vector<Event> events;
  for (const Json& statement : array->elements())
    events.push_back(OnlyEvent(TranslateXapi(statement.raw, events.size(), TestPublisher())));
  EXPECT_EQ(events.size(), 2'814u);
  ExpectPublishable(events);
}

void ExpectVerdicts(const std::string& name, XapiVersion version, std::size_t want) {
  std::ifstream in(DataPath(name));
  std::size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const auto vector = ParseJson(line);
    ASSERT_TRUE(vector);
    const auto fault = ValidateStatement((*vector)["statement"], version);
    const bool valid = (*vector)["expect"].raw == "[200]";
    EXPECT_EQ(!fault, valid) << (*vector)["file"].str() << ": " << (*vector)["test"].str() << ": "
                             << fault.value_or("");
  }
  EXPECT_EQ(count, want);
}

TEST(Xapi, JudgesStatementsAsTheConformanceSuiteOf1_0_3Does) {
  OPPI_NEEDS_DATA("xapi-conformance/xapi-1.0.3-statement-vectors.jsonl");
  ExpectVerdicts("xapi-conformance/xapi-1.0.3-statement-vectors.jsonl", XapiVersion::k1_0_3, 950);
}

TEST(Xapi, JudgesStatementsAsTheConformanceSuiteOf2_0Does) {
  OPPI_NEEDS_DATA("xapi-conformance/xapi-2.0.0-statement-vectors.jsonl");
  ExpectVerdicts("xapi-conformance/xapi-2.0.0-statement-vectors.jsonl", XapiVersion::k2_0, 972);
}

TEST(Xapi, KeepsTheStatementWordForWord) {
  const std::string statement = Statement(kAda, R"( , "result" : {"score":{"scaled":0.50}})");
  const Event event = OnlyEvent(TranslateXapi("  " + statement + "\r", 0, TestPublisher()));
  EXPECT_EQ(event.text("statement"), statement);
  EXPECT_EQ(event.text("statement_id"), "54f42ca3-a826-4af9-935d-7e7b853a6c49");
}

TEST(Xapi, CountsTimeInMicrosecondsOfUtc) {
  const Event event = OnlyEvent(TranslateXapi(Statement(kAda), 0, TestPublisher()));
  EXPECT_EQ(FormatInstant(event.time), "2021-11-29T10:37:59.839754Z");
}

TEST(Xapi, GivesAnAlteredStatementTheIdItHadBefore) {
  const Event before = OnlyEvent(TranslateXapi(Statement(kAda), 0, TestPublisher()));
  const Event after = OnlyEvent(
      TranslateXapi(Statement(R"({"mbox":"mailto:eve@example.org"})"), 0, TestPublisher()));
  EXPECT_EQ(before.id, after.id);
  EXPECT_NE(EncodeJson(before), EncodeJson(after));
  ExpectSame(TranslateXapi(Statement(kAda), 0, TestPublisher()),
             TranslateXapi(Statement(kAda), 7, TestPublisher()));
}

TEST(Xapi, NamesAStatementWithoutIdByItsBytes) {
  const std::string one =
      R"({"actor":{"mbox":"mailto:a@b.fi"},"verb":{"id":"http://v/1"},"object":{"id":"http://o/1"},)"
      R"("timestamp":"2021-01-01T00:00:00Z"})";
  std::string two = one;
  two.replace(two.find("http://o/1"), 10, "http://o/2");
  const Event first = OnlyEvent(TranslateXapi(one, 0, TestPublisher()));
  const Event second = OnlyEvent(TranslateXapi(two, 0, TestPublisher()));
  EXPECT_NE(first.id, second.id);
  EXPECT_TRUE(IsUuidV4(first.text("statement_id")));
  EXPECT_EQ(OnlyEvent(TranslateXapi(one, 5, TestPublisher())), first);
}

TEST(Xapi, FindsTheLearnerInTheActor) {
  const auto subject = [](const std::string& actor) {
    return OnlyEvent(TranslateXapi(Statement(actor), 0, TestPublisher())).subject;
  };
  const std::string uuid = "f6c5ca7f-9daa-4830-a6a7-887af156e9ce";
  const auto account = [](const std::string& name) {
    return R"({"account":{"homePage":"http://school.example","name":")" + name + "\"}}";
  };
  EXPECT_EQ(subject(account(uuid)), "urn:uuid:" + uuid);
  const std::string oid = "urn:oid:" + PersonOid(1'048'201'337);
  EXPECT_EQ(subject(account(oid)), oid);
  EXPECT_TRUE(subject(account("aino")).starts_with("urn:uuid:"));
  EXPECT_NE(subject(account("aino")), subject(account("eino")));
  EXPECT_NE(subject(kAda), subject(R"({"openid":"mailto:ada@example.org"})"));
  EXPECT_EQ(subject(kAda), subject(R"({"name":"Ada","mbox":"mailto:ada@example.org"})"));
}

TEST(Xapi, MakesPseudonymsThatNobodyCanComputeWithoutTheSecret) {
  TranslateOptions other = TestPublisher();
  other.pseudonym_key = "another secret";
  EXPECT_NE(OnlyEvent(TranslateXapi(Statement(kAda), 0, TestPublisher())).subject,
            OnlyEvent(TranslateXapi(Statement(kAda), 0, other)).subject);
}

TEST(Xapi, TellsEachMemberOfAnAnonymousGroup) {
  const std::string group =
      R"({"objectType":"Group","member":[{"mbox":"mailto:a@b.fi"},{"mbox":"mailto:c@d.fi"},)"
      R"({"mbox":"mailto:a@b.fi"}]})";
  const Translated translated = TranslateXapi(Statement(group), 0, TestPublisher());
  ASSERT_FALSE(translated.refused);
  ASSERT_EQ(translated.events.size(), 2u);
  EXPECT_NE(translated.events[0].subject, translated.events[1].subject);
  EXPECT_NE(translated.events[0].id, translated.events[1].id);
  EXPECT_EQ(translated.events[0].correlation, translated.events[1].correlation);
  ExpectPublishable(translated.events);
}

TEST(Xapi, RefusesWithTheMemberAndNeverTheValue) {
  const auto refused = [](const std::string& statement) {
    const Translated translated = TranslateXapi(statement, 17, TestPublisher());
    EXPECT_TRUE(translated.events.empty());
    return translated.refused.value_or(Refused{});
  };
  EXPECT_EQ(refused("{"), (Refused{ErrorCode::kMalformed, 17, "statement"}));
  EXPECT_EQ(refused("[]"), (Refused{ErrorCode::kMalformed, 17, "statement"}));
  EXPECT_EQ(refused(Statement(R"({"mbox":"ada"})")),
            (Refused{ErrorCode::kFieldType, 17, "actor.mbox"}));
  EXPECT_EQ(refused(Statement(kAda, R"(,"ada@example.org":1)")),
            (Refused{ErrorCode::kFieldType, 17, "statement"}));
  EXPECT_EQ(refused(Statement(kAda, R"(,"result":{"response":"010101-123N"})")),
            (Refused{ErrorCode::kPersonalCodePresent, 17, "statement"}));
  const std::string long_text(kObjectBytesMax, 'x');
  EXPECT_EQ(refused(Statement(kAda, R"(,"result":{"response":")" + long_text + "\"}")),
            (Refused{ErrorCode::kTooLarge, 17, "statement"}));
  EXPECT_EQ(Describe(Refused{ErrorCode::kFieldType, 17, "actor.mbox"}),
            "record 17: FIELD_TYPE: actor.mbox");
}

TEST(Xapi, TakesTheTimeOfReceptionOnlyWhereTheStatementHasNone) {
  const std::string timeless =
      R"({"actor":{"mbox":"mailto:a@b.fi"},"verb":{"id":"http://v/1"},"object":{"id":"http://o/1"}})";
  EXPECT_EQ(TranslateXapi(timeless, 0, TestPublisher()).refused->code, ErrorCode::kFieldMissing);
  TranslateOptions options = TestPublisher();
  options.received = Instant{1'000'000};
  EXPECT_EQ(OnlyEvent(TranslateXapi(timeless, 0, options)).time, Instant{1'000'000});
}

}  // namespace
}  // namespace oppi::events
