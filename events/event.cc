#include "events/event.h"

#include <utility>

#include "events/codec/flatbuffer.h"
#include "events/codec/native_json.h"
#include "events/rules.h"

namespace oppi::events {
namespace {

constexpr std::size_t kCodeChars = 11;    // DDMMYYCZZZQ
constexpr std::size_t kBirthDigits = 6;   // DDMMYY
constexpr std::size_t kSerialDigits = 3;  // ZZZ

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool AllDigits(std::string_view text) {
  for (const char c : text)
    if (!IsDigit(c)) return false;
  return true;
}
bool IsCentury(char c) {
  return c == '-' || c == '+' || (c >= 'A' && c <= 'F') || (c >= 'U' && c <= 'Y');
}

std::size_t IndexOf(EventType type, std::string_view field) {
  const auto index = FieldIndex(InfoOf(type), field);
  OPPI_CHECK(index);
  return *index;
}

}  // namespace

const FieldValue& Event::at(std::string_view field) const { return fields[IndexOf(type, field)]; }
FieldValue& Event::at(std::string_view field) { return fields[IndexOf(type, field)]; }

const FieldValue* Event::find(std::string_view field) const {
  const auto index = FieldIndex(info(), field);
  if (!index || *index >= fields.size() || !fields[*index].present) return nullptr;
  return &fields[*index];
}

std::string_view Event::text(std::string_view field) const {
  const FieldValue* value = find(field);
  return value ? std::string_view(value->text) : std::string_view{};
}

std::int64_t Event::number(std::string_view field) const {
  const FieldValue* value = find(field);
  return value ? value->number : 0;
}

const std::vector<std::string>& Event::list(std::string_view field) const {
  static const std::vector<std::string> kEmpty;
  const FieldValue* value = find(field);
  return value ? value->list : kEmpty;
}

Event& Event::SetText(std::string_view field, std::string value) {
  at(field) = FieldValue{true, 0, std::move(value), {}};
  return *this;
}

Event& Event::SetNumber(std::string_view field, std::int64_t value) {
  at(field) = FieldValue{true, value, {}, {}};
  return *this;
}

Event& Event::SetList(std::string_view field, std::vector<std::string> value) {
  at(field) = FieldValue{true, 0, {}, std::move(value)};
  return *this;
}

std::vector<std::string_view> Event::Subjects() const {
  std::vector<std::string_view> subjects;
  subjects.reserve(1 + other_subjects.size());
  if (!subject.empty()) subjects.emplace_back(subject);
  subjects.insert(subjects.end(), other_subjects.begin(), other_subjects.end());
  return subjects;
}

std::string Event::KeyOwner() const {
  if (!subject.empty()) return subject;
  return controller.empty() ? "org:ledger" : "org:" + controller;
}

Event MakeEvent(EventType type) {
  const TypeInfo& info = InfoOf(type);
  Event event;
  event.type = type;
  event.sensitivity = info.sensitivity;
  event.fields.resize(info.fields.size());
  return event;
}

Decoded Decode(ByteView bytes, Encoding encoding, const DecodeOptions& options) {
  switch (encoding) {
    case Encoding::kJson:
      return DecodeJson(bytes, options);
    case Encoding::kFlatBuffers:
      return DecodeFlatBuffer(bytes, options);
  }
  Decoded decoded;  // an encoding that somebody else's number was cast to
  decoded.error = ErrorCode::kMalformed;
  return decoded;
}

ErrorCode Validate(const Event& event, const DecodeOptions& options, std::string& member) {
  Findings findings;
  CheckEvent(event, options, Content::kUnchecked, findings);
  member = findings.member();
  return findings.error();
}

bool ContainsPersonalCode(ByteView text) {
  // Any run of six digits holds one at a multiple of six, so most of a text is never looked at.
  for (std::size_t probe = kBirthDigits - 1; probe < text.size(); probe += kBirthDigits) {
    if (!IsDigit(text[probe])) continue;
    std::size_t begin = probe;
    while (begin > 0 && probe - begin < kBirthDigits && IsDigit(text[begin - 1])) --begin;
    std::size_t end = probe + 1;
    while (end < text.size() && end - begin <= kBirthDigits && IsDigit(text[end])) ++end;
    // A longer run of digits, or a letter in front, makes it the inside of another word.
    if (end - begin != kBirthDigits || begin + kCodeChars > text.size()) continue;
    if (begin > 0 && IsAlphanumeric(text[begin - 1])) continue;
    const std::string_view code = text.substr(begin, kCodeChars);
    const char last = code.back();
    if (!IsCentury(code[kBirthDigits]) ||
        !AllDigits(code.substr(kBirthDigits + 1, kSerialDigits)) ||
        !(IsDigit(last) || (last >= 'A' && last <= 'Y')))
      continue;
    if (begin + kCodeChars < text.size() && IsAlphanumeric(text[begin + kCodeChars])) continue;
    return true;
  }
  return false;
}

}  // namespace oppi::events
