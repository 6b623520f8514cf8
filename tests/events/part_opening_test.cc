#include <gtest/gtest.h>

#include <string>

#include "events/commitment.h"
#include "events/event.h"
#include "tests/support/sample_events.h"

/// One member of an event shown, the rest closed.

namespace oppi::events {
namespace {

constexpr Salt kSalt = {1, 2, 3};

TEST(PartOpening, EverySegmentOpensTheSameCommitment) {
  const std::string json = EncodeJson(tests::SampleEvent(EventType::kGradeCourseAssessed, tests::Fill::kEverything, 1));
  const Commitment commitment = Commit(json, Encoding::kJson, kSalt);
  const auto starts = Segments(json, Encoding::kJson);
  ASSERT_GT(starts.size(), 10U);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    PartOpening part = OpenPart(json, Encoding::kJson, kSalt, i);
    EXPECT_EQ(CommitmentOf(part), commitment);
    EXPECT_EQ(TypeShown(part).has_value(), i == *TypeSegment(json, Encoding::kJson)) << part.text;
    part.text += ' ';
    EXPECT_NE(CommitmentOf(part), commitment);
  }
  const PartOpening type = OpenPart(json, Encoding::kJson, kSalt, *TypeSegment(json, Encoding::kJson));
  EXPECT_EQ(TypeShown(type), "fi.oppiloki.grade.course_assessed.v1");
  EXPECT_EQ(type.text.find("grade\":"), std::string::npos);
}

TEST(PartOpening, TheTypeIsReadInOneWayOnly) {
  const auto shown = [](const std::string& text, std::size_t at = 1) {
    PartOpening part;
    part.leaves.resize(3);
    part.shown = at;
    part.text = text;
    return std::string(TypeShown(part).value_or("nothing"));
  };
  EXPECT_EQ(shown(R"("type":"a.b",)"), "a.b");
  EXPECT_EQ(shown("\"type\" \t:\r\n \"a.b\" , "), "a.b");
  EXPECT_EQ(shown(R"("type":"a.b"})"), "a.b");
  EXPECT_EQ(shown(R"("type":"a.b",)", 0), "nothing") << "the first segment is no member";
  for (const char* text : {R"("types":"a")", R"("t\u0079pe":"a")", R"("type":"a\u002eb")", R"("type":7)", R"("type":["a"])", R"("type":"a)",
                           R"("type")", R"(type:"a")", R"( "type":"a")", R"("data":{"type":"a"})", ""})
    EXPECT_EQ(shown(text), "nothing") << text;
}

TEST(PartOpening, WhatDoesNotShowItsTypeHasNoSegmentForIt) {
  EXPECT_EQ(TypeSegment(R"({"t\u0079pe":"a","id":"1"})", Encoding::kJson), std::nullopt);
  EXPECT_EQ(TypeSegment("\"type\":\"a\"", Encoding::kFlatBuffers), std::nullopt);
  EXPECT_EQ(TypeSegment("", Encoding::kJson), std::nullopt);
}

/// A part may stand for the event because no event decodes in which the member could be another.
TEST(PartOpening, NoEventHasTwoTypes) {
  const std::string json = EncodeJson(tests::SampleEvent(EventType::kGradeCourseAssessed, tests::Fill::kRequired, 1));
  ASSERT_EQ(Decode(json, Encoding::kJson, {.check_digits = false}).error, ErrorCode::kNone);
  const std::string other = R"("type":"fi.oppiloki.attendance.marked.v1",)";
  for (const std::string& more : {other, std::string(R"("t\u0079pe":"fi.oppiloki.attendance.marked.v1",)")}) {
    std::string twice = json;
    twice.insert(1, more);
    EXPECT_NE(Decode(twice, Encoding::kJson, {.check_digits = false}).error, ErrorCode::kNone);
  }
  std::string inside = json;
  inside.insert(inside.find("\"data\":{") + 8, other);
  EXPECT_NE(Decode(inside, Encoding::kJson, {.check_digits = false}).error, ErrorCode::kNone);
  for (std::size_t type = 0; type < kEventTypes; ++type)
    for (const FieldInfo& field : InfoOf(static_cast<EventType>(type)).fields) EXPECT_NE(field.name, "type");
}

}  // namespace
}  // namespace oppi::events
