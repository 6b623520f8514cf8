#include <gtest/gtest.h>

#include "events/event.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using tests::Fill;
using tests::SampleEvent;

/// What the compact form promises to keep.
Event WithoutLongTexts(Event event) {
  const auto fields = event.info().fields;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].type == FieldType::kObject || fields[i].type == FieldType::kText)
      event.fields[i] = FieldValue{};
  return event;
}

TEST(Compact, KeepsEverythingButObjectsAndTextsOfEveryType) {
  for (const TypeInfo& info : AllTypes()) {
    for (const Fill fill : {Fill::kRequired, Fill::kEverything}) {
      for (std::uint64_t number = 1; number <= 5; ++number) {
        const Event event = SampleEvent(info.type, fill, number);
        const Bytes bytes = EncodeCompact(event);
        const auto decoded = DecodeCompact(bytes);
        ASSERT_TRUE(decoded.ok()) << info.name << ": " << decoded.error().message;
        EXPECT_EQ(*decoded, WithoutLongTexts(event)) << info.name;
        EXPECT_EQ(EncodeCompact(*decoded), bytes) << info.name;
      }
    }
  }
}

TEST(Compact, KeepsTextsAtTheEdgesOfTheirForms) {
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{35}, std::size_t{36}, std::size_t{37},
        std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{71}, std::size_t{251},
        std::size_t{252}, std::size_t{300}, std::size_t{70'000}}) {
    for (const char c : {'a', 'A', '-', '\0', '\xff'}) {
      Event event = SampleEvent(EventType::kIdentityAttributeChanged, Fill::kRequired);
      event.SetText("value", std::string(length, c));
      const auto decoded = DecodeCompact(EncodeCompact(event));
      ASSERT_TRUE(decoded.ok()) << length;
      EXPECT_EQ(*decoded, event) << length;
    }
  }
}

TEST(Compact, WritesIdentifiersAndHashesAsBytes) {
  Event event = SampleEvent(EventType::kIdentityAttributeChanged, Fill::kRequired);
  const auto size_with = [&event](std::string value) {
    event.SetText("value", std::move(value));
    return EncodeCompact(event).size();
  };
  const std::size_t empty = size_with("");
  EXPECT_EQ(size_with("019b1c00-0000-7000-8000-00000000000a"), empty + 16);
  EXPECT_EQ(size_with("019B1c00-0000-7000-8000-00000000000a"), empty + 36);
  EXPECT_EQ(size_with(std::string(64, 'a')), empty + 32);
  EXPECT_EQ(size_with(std::string(64, 'g')), empty + 64);
  EXPECT_EQ(size_with("sha256:" + std::string(64, '0')), empty + 32);
}

TEST(Compact, RefusesATextThatIsNotInItsShortestForm) {
  Event event = SampleEvent(EventType::kIdentityAttributeChanged, Fill::kRequired);
  const std::string uuid = "019b1c00-0000-7000-8000-00000000000a";
  event.SetText("value", std::string(36, 'x'));
  Bytes bytes = EncodeCompact(event);
  ASSERT_TRUE(DecodeCompact(bytes).ok());
  bytes.replace(bytes.size() - 36, 36, uuid);
  EXPECT_FALSE(DecodeCompact(bytes).ok());

  event.SetText("value", std::string(252, 'x'));
  bytes = EncodeCompact(event);
  ASSERT_TRUE(DecodeCompact(bytes).ok());
  bytes[bytes.size() - 253] = static_cast<char>(251);  // a long form of a text that is short
  bytes.pop_back();
  EXPECT_FALSE(DecodeCompact(bytes).ok());
}

TEST(Compact, NoChangedByteGivesAnEventThatWritesOtherBytes) {
  const Bytes bytes = EncodeCompact(SampleEvent(EventType::kConsentGiven, Fill::kEverything));
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int flip = 1; flip < 256; flip = flip * 2 + 1) {
      Bytes changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      const auto decoded = DecodeCompact(changed);
      if (decoded.ok())
        ASSERT_EQ(EncodeCompact(*decoded), changed) << at;
      else
        ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(Compact, RefusesEveryTruncationAndTrailingByte) {
  for (const TypeInfo& info : AllTypes()) {
    const Bytes bytes = EncodeCompact(SampleEvent(info.type, Fill::kEverything));
    for (std::size_t size = 0; size < bytes.size(); ++size)
      ASSERT_FALSE(DecodeCompact(ByteView(bytes).substr(0, size)).ok()) << info.name << ' ' << size;
    EXPECT_FALSE(DecodeCompact(bytes + '\0').ok()) << info.name;
  }
}

TEST(Compact, RefusesUnknownVersionsTypesAndClasses) {
  const Bytes bytes = EncodeCompact(SampleEvent(EventType::kAttendanceMarked, Fill::kRequired));
  for (const auto& [at, value] :
       {std::pair<std::size_t, int>{0, 0}, {0, 2}, {1, 77}, {1, 255}, {2, 7}}) {
    Bytes changed = bytes;
    changed[at] = static_cast<char>(value);
    EXPECT_FALSE(DecodeCompact(changed).ok()) << at << ' ' << value;
  }
}

}  // namespace
}  // namespace oppi::events
