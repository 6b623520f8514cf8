#include "events/codec/native_json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "events/codec/flatbuffer.h"
#include "events/event.h"
#include "events/limits.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using tests::Fill;
using tests::SampleEvent;

TEST(NativeJson, ReadsBackEveryTypeItWrites) {
  for (const TypeInfo& info : AllTypes()) {
    for (const Fill fill : {Fill::kRequired, Fill::kEverything}) {
      for (std::uint64_t number = 1; number <= 12; ++number) {
        const Event event = SampleEvent(info.type, fill, number);
        const std::string json = EncodeJson(event);
        const Decoded decoded = Decode(json, Encoding::kJson);
        ASSERT_EQ(ErrorName(decoded.error), "") << decoded.member << '\n' << json;
        ASSERT_EQ(decoded.event, event) << json;
        EXPECT_EQ(decoded.type, &info);
        EXPECT_EQ(decoded.id, event.id);
        EXPECT_EQ(decoded.source, event.source);
        EXPECT_EQ(EncodeJson(decoded.event), json);
      }
    }
  }
}

TEST(NativeJson, ReadsEveryExampleOfTheVocabulary) {
  const auto path = std::filesystem::path(OPPI_SHARED_DIR) / "design" / "vocabulary.md";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no vocabulary at " << path;
  std::ifstream in(path);
  int examples = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("{\"specversion\"")) continue;
    ++examples;
    const Decoded decoded = Decode(line, Encoding::kJson);
    ASSERT_EQ(ErrorName(decoded.error), "") << decoded.member << '\n' << line;
    EXPECT_EQ(Decode(EncodeJson(decoded.event), Encoding::kJson).event, decoded.event);
  }
  EXPECT_EQ(examples, 15);
}

std::string Sample(EventType type = EventType::kAttendanceMarked) {
  return EncodeJson(SampleEvent(type, Fill::kRequired));
}

std::string With(std::string json, std::string_view from, std::string_view to) {
  const auto at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

std::string_view ErrorOf(ByteView bytes) { return ErrorName(Decode(bytes, Encoding::kJson).error); }

TEST(NativeJson, WritesMembersInTheOrderOfTheVocabularyWithoutSpace) {
  Event event = SampleEvent(EventType::kGuardianshipEstablished, Fill::kEverything, 2);
  event.time = {1'768'464'000'000'000};
  const std::string json = EncodeJson(event);
  std::size_t last = 0;
  for (const char* name :
       {"specversion",     "id",          "source",        "type",       "subject",
        "othersubjects",   "time",        "validfrom",     "validto",    "controller",
        "onbehalfof",      "sensitivity", "basis",         "purpose",    "corrects",
        "causation",       "correlation", "expectedcount", "anchorsize", "anchorroot",
        "datacontenttype", "data",        "guardian",      "right",      "purpose_classes",
        "source"}) {
    const auto at = json.find('"' + std::string(name) + "\":", last);
    ASSERT_NE(at, std::string::npos) << name;
    last = at;
  }
  EXPECT_NE(json.find(R"("time":"2026-01-15T08:00:00Z")"), std::string::npos);
  EXPECT_EQ(json.find(": "), std::string::npos);
  EXPECT_EQ(json.find(", "), std::string::npos);
}

TEST(NativeJson, KeepsObjectsAsTheyWereWritten) {
  for (const char* statement :
       {"{}", "{ }", R"({ "b" : 1.50, "a":[ 1e2 , null, "\u00e4\"}" ] })", "{\n\t\"x\":{}}"}) {
    for (const char* statement_id : {"x", "}]{[\"\\", "\\", ",\"statement\":{}"}) {
      Event event = SampleEvent(EventType::kActivityXapiStatement, Fill::kRequired);
      event.SetText("statement", statement).SetText("statement_id", statement_id);
      const std::string json = EncodeJson(event);
      EXPECT_EQ(Decode(json, Encoding::kJson).event, event);
      // The member is found by its place, however its name is spelled.
      EXPECT_EQ(
          Decode(With(json, "\"statement\":", "\"stat\\u0065ment\" :\n"), Encoding::kJson).event,
          event);
    }
  }
}

TEST(NativeJson, ReadsMembersInAnyOrderAndAnySpace) {
  const Event event = SampleEvent(EventType::kConsentGiven, Fill::kEverything);
  const std::string json = EncodeJson(event);
  const auto data = json.find("\"data\":");
  const std::string turned = " \n{" + json.substr(data, json.size() - data - 1) + " , \t" +
                             json.substr(1, data - 2) + "}\r\n";
  EXPECT_EQ(Decode(turned, Encoding::kJson).event, event) << turned;
}

TEST(NativeJson, RefusesWhatIsNotOneJsonObject) {
  const std::string good = Sample();
  ASSERT_EQ(ErrorOf(good), "");
  for (const std::string& bytes : {std::string(),
                                   std::string(" "),
                                   std::string("null"),
                                   std::string("[]"),
                                   std::string("\"x\""),
                                   std::string("7"),
                                   std::string("{"),
                                   good + good,
                                   good + "x",
                                   good + std::string(1, '\0'),
                                   "[" + good + "]",
                                   "\xEF\xBB\xBF" + good,
                                   good.substr(0, good.size() - 1),
                                   With(good, "{", "{,"),
                                   With(good, "\"1.0\"", "'1.0'"),
                                   With(good, "}}", ",}}"),
                                   With(good, "}}", "}/**/}"),
                                   With(good, "\"1.0\"", "NaN"),
                                   With(good, "\"1.0\"", "01"),
                                   With(good, "\"1.0\"", "\"1.0\xff\""),
                                   With(good, "\"1.0\"", "\"1.0\xC0\xAF\""),
                                   With(good, "\"1.0\"", "\"\\ud800\""),
                                   With(good, "\"1.0\"", "\"\\x31\""),
                                   With(good, "\"1.0\"", "\"1\n0\"")})
    EXPECT_EQ(ErrorOf(bytes), "MALFORMED") << bytes;
}

TEST(NativeJson, RefusesEveryTruncation) {
  const std::string json =
      EncodeJson(SampleEvent(EventType::kActivityXapiStatement, Fill::kEverything));
  for (std::size_t size = 0; size < json.size(); ++size)
    ASSERT_EQ(ErrorOf(json.substr(0, size)), "MALFORMED") << size;
}

TEST(NativeJson, RefusesRepeatedNamesAtAnyDepth) {
  const std::string good = Sample(EventType::kActivityXapiStatement);
  EXPECT_EQ(ErrorOf(With(good, "{", R"({"specversion":"1.0",)")), "MALFORMED");
  EXPECT_EQ(ErrorOf(With(good, "{", R"({"\u0073pecversion":"1.0",)")), "MALFORMED");
  EXPECT_EQ(ErrorOf(With(good, "\"data\":{", R"("data":{"statement_id":"x",)")), "MALFORMED");
  EXPECT_EQ(ErrorOf(With(good, "\"statement\":{", R"("statement":{"k":1,"k":1,)")), "MALFORMED");
  EXPECT_EQ(ErrorOf(With(good, "\"statement\":{", R"("statement":{"k":[[{"":1,"":2}]],)")),
            "MALFORMED");
  // Many names take another road.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "\"m" + std::to_string(i) + "\":1,";
  EXPECT_EQ(ErrorOf(With(good, "\"statement\":{", "\"statement\":{" + many)), "");
  EXPECT_EQ(ErrorOf(With(good, "\"statement\":{", "\"statement\":{" + many + "\"m7\":1,")),
            "MALFORMED");
}

TEST(NativeJson, RefusesDeeperNestingThanTheLimit) {
  const auto nested = [](std::size_t depth, char open, char close) {
    // Two levels are the envelope and data; the statement is the third.
    const std::size_t inner = depth - 3;
    std::string value = R"({"x":)" + std::string(inner, open) + std::string(inner, close) + "}";
    if (open == '{') {
      value.clear();
      for (std::size_t i = 0; i < depth - 2; ++i) value.append(R"({"x":)");
      value.append("1").append(depth - 2, '}');
    }
    Event event = SampleEvent(EventType::kActivityXapiStatement, Fill::kRequired);
    event.SetText("statement", value);
    std::string member;
    const bool valid = Validate(event, {}, member) == ErrorCode::kNone;
    const std::string_view error = ErrorOf(EncodeJson(event));
    EXPECT_EQ(valid, error.empty()) << depth;
    return error;
  };
  for (const auto& [open, close] : {std::pair('[', ']'), std::pair('{', '}')}) {
    EXPECT_EQ(nested(kJsonDepthMax, open, close), "");
    for (const std::size_t deeper :
         {kJsonDepthMax + 1, kJsonDepthMax + 2, kJsonDepthMax + 3, std::size_t{1000}})
      EXPECT_EQ(nested(deeper, open, close), "MALFORMED") << deeper;
  }
  EXPECT_EQ(ErrorOf(std::string(kEventBytesMax, '[')), "MALFORMED");
}

TEST(NativeJson, SizeIsTheFirstThingItLooksAt) {
  const std::string good = Sample();
  EXPECT_EQ(ErrorOf(good + std::string(kEventBytesMax - good.size(), ' ')), "");
  EXPECT_EQ(ErrorOf(good + std::string(kEventBytesMax - good.size() + 1, ' ')), "TOO_LARGE");
  EXPECT_EQ(ErrorOf(std::string(kEventBytesMax + 1, '{')), "TOO_LARGE");
}

TEST(NativeJson, AnEscapeDoesNotHideAPersonalCode) {
  const std::string good = Sample();
  for (const char* code : {"131052-308T", R"(131052\u002d308T)", R"(\u0031\u0033\u0031052-308T)",
                           R"(x\n131052-308T)", R"(131052-308\u0054)"}) {
    const std::string json = With(good, "\"lesson\":\"", "\"lesson\":\"" + std::string(code) + " ");
    EXPECT_EQ(ErrorOf(json), "PERSONAL_CODE_PRESENT") << json;
  }
}

TEST(NativeJson, ChecksATableInBase64LikeAnyOther) {
  const std::string plain = "\"application/json\",\"data\":";
  const std::string flat = "\"application/vnd.oppiloki.flatbuffers\",\"data_base64\":";
  const Event event = SampleEvent(EventType::kIdentityAttributeChanged, Fill::kRequired);
  const auto error_with = [&](const std::string& base64) {
    std::string json = EncodeJson(event);
    const auto at = json.find(plain);
    return ErrorOf(json.substr(0, at) + flat + '"' + base64 + "\"}");
  };
  Event other = event;
  EXPECT_EQ(error_with(ToBase64(WritePayload(other))), "");
  EXPECT_EQ(error_with(""), "MALFORMED");
  EXPECT_EQ(error_with("AAAA"), "MALFORMED");
  EXPECT_EQ(error_with("*"), "MALFORMED");
  EXPECT_EQ(error_with(ToBase64(WritePayload(other) + Bytes(8, '\0'))), "MALFORMED");
  other.SetText("value", "131052-308T");
  EXPECT_EQ(error_with(ToBase64(WritePayload(other))), "PERSONAL_CODE_PRESENT");
  other.SetText("value", std::string(201, 'x'));
  EXPECT_EQ(error_with(ToBase64(WritePayload(other))), "FIELD_TYPE");
  other.SetText("value", "\xff");
  EXPECT_EQ(error_with(ToBase64(WritePayload(other))), "MALFORMED");
  other.at("value") = {};
  EXPECT_EQ(error_with(ToBase64(WritePayload(other))), "FIELD_MISSING");
}

}  // namespace
}  // namespace oppi::events
