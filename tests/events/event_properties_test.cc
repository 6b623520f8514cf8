#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <regex>

#include "events/codec/native_json.h"
#include "events/event.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using tests::Fill;
using tests::SampleEvent;

/// 1 to chars_max characters from all of Unicode's planes, escapes and controls included.
rc::Gen<std::string> GenText(std::size_t chars_max) {
  const auto character = rc::gen::oneOf(
      rc::gen::inRange<char32_t>(0x20, 0x7f), rc::gen::inRange<char32_t>(0, 0x20),
      rc::gen::element<char32_t>(U'"', U'\\', U'/'), rc::gen::inRange<char32_t>(0x80, 0xd800),
      rc::gen::inRange<char32_t>(0xe000, 0x110000));
  const auto to_utf8 = [](const std::vector<char32_t>& characters) {
    std::string text;
    for (const char32_t c : characters) {
      const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
      if (c < 0x80) {
        put(c);
      } else if (c < 0x800) {
        put(0xc0 | c >> 6);
        put(0x80 | (c & 0x3f));
      } else if (c < 0x10000) {
        put(0xe0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
      } else {
        put(0xf0 | c >> 18);
        put(0x80 | (c >> 12 & 0x3f));
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
      }
    }
    return text;
  };
  const auto size = rc::gen::inRange<std::size_t>(1, chars_max + 1);
  const auto characters = rc::gen::mapcat(size, [character](std::size_t n) {
    return rc::gen::container<std::vector<char32_t>>(n, character);
  });
  return rc::gen::suchThat(rc::gen::map(characters, to_utf8),
                           [](const std::string& text) { return !ContainsPersonalCode(text); });
}

bool FreeText(const Event& event, const FieldInfo& field) {
  return (field.type == FieldType::kStr && field.name != "public_key") ||
         field.type == FieldType::kText ||
         (field.type == FieldType::kCode && field.codes->open && event.info().group != "registry");
}

/// A valid event of any type: any of its optional parts, any texts.
Event AnyEvent() {
  const TypeInfo& info = AllTypes()[*rc::gen::inRange<std::size_t>(0, kEventTypes)];
  Event event =
      SampleEvent(info.type, Fill::kEverything, *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000));
  const auto leave_out = [] { return *rc::gen::arbitrary<bool>(); };
  if (leave_out()) event.other_subjects.clear();
  if (leave_out()) event.valid_from.reset();
  if (leave_out()) event.valid_to.reset();
  if (leave_out()) event.basis.clear();
  if (leave_out()) event.purpose.clear();
  if (leave_out()) event.correlation.clear();
  if (leave_out()) event.expected_count.reset();
  if (leave_out()) event.anchor.reset();
  if (!info.period && event.corrects.empty()) event.valid_from.reset();
  for (std::size_t i = 0; i < info.fields.size(); ++i) {
    const FieldInfo& field = info.fields[i];
    const bool one_of_two = info.type == EventType::kGradeResultRecorded && field.name != "attempt";
    if (!event.fields[i].present || (!field.required && !one_of_two && leave_out())) {
      event.fields[i] = {};
    } else if (FreeText(event, field)) {
      event.fields[i].text = *GenText(field.type == FieldType::kText ? 4000 : 200);
    } else if (field.type == FieldType::kStrList) {
      for (std::string& item : event.fields[i].list) item = *GenText(20);
    }
  }
  return event;
}

RC_GTEST_PROP(EventProperties, EveryCodecReadsBackWhatItWrote, ()) {
  const Event event = AnyEvent();
  std::string member;
  RC_ASSERT(ErrorName(Validate(event, {}, member)) == "");
  RC_ASSERT(Decode(EncodeJson(event), Encoding::kJson).event == event);
  RC_ASSERT(Decode(EncodeFlatBuffer(event), Encoding::kFlatBuffers).event == event);
  const auto compact = DecodeCompact(EncodeCompact(event));
  RC_ASSERT(compact.ok());
  RC_ASSERT(EncodeCompact(*compact) == EncodeCompact(event));
}

/// Up to four bytes changed, taken out, or doubled.
Bytes Damaged(Bytes bytes) {
  const auto times = *rc::gen::inRange(1, 5);
  for (int i = 0; i < times && !bytes.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        bytes[at] = *rc::gen::arbitrary<char>();
        break;
      case 1:
        bytes.erase(at, *rc::gen::inRange<std::size_t>(1, 9));
        break;
      default:
        bytes.insert(at, bytes.substr(at, *rc::gen::inRange<std::size_t>(1, 9)));
    }
  }
  return bytes;
}

void AcceptsOnlyValidEvents(const Decoded& decoded) {
  if (decoded.error != ErrorCode::kNone) return;
  std::string member;
  RC_ASSERT(ErrorName(Validate(decoded.event, {}, member)) == "");
  RC_ASSERT(Decode(EncodeJson(decoded.event), Encoding::kJson).event == decoded.event);
  RC_ASSERT(Decode(EncodeFlatBuffer(decoded.event), Encoding::kFlatBuffers).event == decoded.event);
}

RC_GTEST_PROP(EventProperties, DamagedJsonIsRefusedOrAValidEvent, ()) {
  AcceptsOnlyValidEvents(Decode(Damaged(EncodeJson(AnyEvent())), Encoding::kJson));
}

RC_GTEST_PROP(EventProperties, DamagedFlatBuffersAreRefusedOrAValidEvent, ()) {
  AcceptsOnlyValidEvents(Decode(Damaged(EncodeFlatBuffer(AnyEvent())), Encoding::kFlatBuffers));
}

RC_GTEST_PROP(EventProperties, ADamagedCompactFormIsRefusedOrAnotherCompactForm, ()) {
  const Bytes bytes = Damaged(EncodeCompact(AnyEvent()));
  const auto event = DecodeCompact(bytes);
  if (event.ok()) RC_ASSERT(EncodeCompact(*event) == bytes);
}

RC_GTEST_PROP(EventProperties, AnyBytesAtAllAreAnswered, (const std::string& bytes)) {
  AcceptsOnlyValidEvents(Decode(bytes, Encoding::kJson));
  AcceptsOnlyValidEvents(Decode(bytes, Encoding::kFlatBuffers));
  RC_ASSERT(!DecodeCompact(bytes).ok());
}

RC_GTEST_PROP(EventProperties, PersonalCodesAreFoundAsTheirPatternSays, ()) {
  const auto piece = rc::gen::element<std::string>("1", "22", "123456", "010203", "-", "+", "A",
                                                   "F", "G", "V", "Z", "T", "a", " ", ".", "304");
  std::string text;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  static const std::regex kPattern(
      "(^|[^0-9A-Za-z])[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]([^0-9A-Za-z]|$)");
  RC_ASSERT(ContainsPersonalCode(text) == std::regex_search(text, kPattern));
}

}  // namespace
}  // namespace oppi::events
