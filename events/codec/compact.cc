// The compact form of an event that views keep (events/event.h EncodeCompact).
//
//   u8  version (1)
//   u8  type (number of the enumerator)
//   u8  sensitivity
//   u16 which envelope members follow, bit i = i-th of kParts
//   text id, text source, i64 time, then the members that are there, in the order of kParts
//   ceil(n/8) bytes: which of the type's n fields follow, lowest bit first; 0 for `object` and
//   `text` the fields: i64 | text | u16 count and that many texts
//
// text: u8 form. Forms 0..251 are a length, then as many bytes. kLongText: u32 length, for 252
// bytes and more. kUuidText: the 16 bytes of a UUID. kHexText, kHashText: the 32 bytes of 64 hex
// digits, without and with "sha256:" in front. A text that has a short form is always in it, so
// equal events have equal bytes, and the decoder refuses any other bytes.

#include <array>
#include <limits>

#include "events/digest.h"
#include "events/event.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kShortTextMax = 251;
constexpr std::uint8_t kLongText = 252;
constexpr std::uint8_t kUuidText = 253;
constexpr std::uint8_t kHexText = 254;
constexpr std::uint8_t kHashTextForm = 255;
constexpr std::string_view kHashPrefix = "sha256:";

enum Part : std::uint16_t {
  kSubjectPart = 1,
  kOthersPart = 2,
  kValidFromPart = 4,
  kValidToPart = 8,
  kControllerPart = 16,
  kOnBehalfOfPart = 32,
  kBasisPart = 64,
  kPurposePart = 128,
  kCorrectsPart = 256,
  kAnnulsPart = 512,
  kCausationPart = 1024,
  kCorrelationPart = 2048,
  kExpectedCountPart = 4096,
  kAnchorPart = 8192,
};
constexpr std::uint16_t kAllParts = 2 * kAnchorPart - 1;

struct TextPart {
  Part part;
  std::string Event::*member;
};
/// Those that lie before and after the two periods and other subjects, in order.
constexpr TextPart kTextParts[] = {
    {kControllerPart, &Event::controller}, {kOnBehalfOfPart, &Event::on_behalf_of},
    {kBasisPart, &Event::basis},           {kPurposePart, &Event::purpose},
    {kCorrectsPart, &Event::corrects},     {kAnnulsPart, &Event::annuls},
    {kCausationPart, &Event::causation},   {kCorrelationPart, &Event::correlation},
};

bool Kept(FieldType type) { return type != FieldType::kObject && type != FieldType::kText; }

/// The bytes of 64 lower-case hex digits; nullopt when it is anything else.
std::optional<Bytes> Hex32(std::string_view text) {
  return text.size() == 2 * kDigestBytes ? FromHex(text) : std::nullopt;
}

void PutText(ByteWriter& out, std::string_view text) {
  if (IsUuid(text)) {
    const auto raw = UuidBytes(text);
    out.U8(kUuidText);
    return out.Raw({raw.data(), raw.size()});
  }
  const bool prefixed = text.starts_with(kHashPrefix);
  if (const auto raw = Hex32(prefixed ? text.substr(kHashPrefix.size()) : text)) {
    out.U8(prefixed ? kHashTextForm : kHexText);
    return out.Raw(*raw);
  }
  if (text.size() > kShortTextMax) {
    out.U8(kLongText);
    return out.Long(text);
  }
  out.Short(text);
}

/// False unless the bytes are what PutText writes.
bool TakeText(ByteReader& in, std::string& text) {
  const std::uint8_t form = in.U8();
  switch (form) {
    case kUuidText: {
      const ByteView raw = in.Raw(kUuidBytes);
      if (!in.ok()) return false;
      text = UuidText(raw);
      return true;
    }
    case kHexText:
    case kHashTextForm:
      text = (form == kHashTextForm ? std::string(kHashPrefix) : std::string()) +
             ToHex(in.Raw(kDigestBytes));
      return in.ok();
    case kLongText: {
      const ByteView raw = in.Long();
      text = raw;
      return in.ok() && raw.size() > kShortTextMax;
    }
    default: {
      const ByteView raw = in.Raw(form);
      text = raw;
      const bool prefixed = raw.starts_with(kHashPrefix);
      return in.ok() && !IsUuid(raw) && !Hex32(prefixed ? raw.substr(kHashPrefix.size()) : raw);
    }
  }
}

bool TakeFilled(ByteReader& in, std::string& text) { return TakeText(in, text) && !text.empty(); }

void PutTexts(ByteWriter& out, const std::vector<std::string>& texts) {
  OPPI_CHECK(texts.size() <= std::numeric_limits<std::uint16_t>::max());
  out.U16(static_cast<std::uint16_t>(texts.size()));
  for (const std::string& text : texts) PutText(out, text);
}

bool TakeTexts(ByteReader& in, std::vector<std::string>& texts) {
  const std::size_t count = in.U16();
  if (count > in.rest().size()) return false;  // a text is a byte at least
  texts.resize(count);
  for (std::string& text : texts)
    if (!TakeText(in, text)) return false;
  return true;
}

std::uint16_t PartsOf(const Event& event) {
  std::uint16_t parts = 0;
  const auto add = [&parts](bool there, Part part) {
    if (there) parts = static_cast<std::uint16_t>(parts | part);
  };
  add(!event.subject.empty(), kSubjectPart);
  add(!event.other_subjects.empty(), kOthersPart);
  add(event.valid_from.has_value(), kValidFromPart);
  add(event.valid_to.has_value(), kValidToPart);
  for (const TextPart& text : kTextParts) add(!(event.*text.member).empty(), text.part);
  add(event.expected_count.has_value(), kExpectedCountPart);
  add(event.anchor.has_value(), kAnchorPart);
  return parts;
}

bool TakeEnvelope(ByteReader& in, Event& event) {
  const std::uint16_t parts = in.U16();
  if ((parts & ~kAllParts) != 0) return false;
  if (!TakeText(in, event.id) || !TakeText(in, event.source)) return false;
  event.time = {in.I64()};
  if ((parts & kSubjectPart) != 0 && !TakeFilled(in, event.subject)) return false;
  if ((parts & kOthersPart) != 0 &&
      (!TakeTexts(in, event.other_subjects) || event.other_subjects.empty()))
    return false;
  if ((parts & kValidFromPart) != 0) event.valid_from = Instant{in.I64()};
  if ((parts & kValidToPart) != 0) event.valid_to = Instant{in.I64()};
  for (const TextPart& text : kTextParts)
    if ((parts & text.part) != 0 && !TakeFilled(in, event.*text.member)) return false;
  if ((parts & kExpectedCountPart) != 0) event.expected_count = in.I64();
  if ((parts & kAnchorPart) != 0) {
    event.anchor.emplace().size = in.U64();
    if (!TakeText(in, event.anchor->root)) return false;
  }
  return in.ok();
}

bool TakeFields(ByteReader& in, Event& event) {
  const auto fields = event.info().fields;
  const ByteView bitmap = in.Raw((fields.size() + 7) / 8);
  if (!in.ok()) return false;
  for (std::size_t bit = 0; bit < 8 * bitmap.size(); ++bit) {
    if ((static_cast<unsigned char>(bitmap[bit / 8]) >> (bit % 8) & 1) == 0) continue;
    if (bit >= fields.size() || !Kept(fields[bit].type)) return false;
    FieldValue& value = event.fields[bit];
    value.present = true;
    if (IsNumber(fields[bit].type))
      value.number = in.I64();
    else if (IsList(fields[bit].type) ? !TakeTexts(in, value.list) : !TakeText(in, value.text))
      return false;
  }
  return in.done();
}

}  // namespace

Bytes EncodeCompact(const Event& event) {
  const auto fields = event.info().fields;
  OPPI_CHECK(event.fields.size() == fields.size());
  Bytes bytes;
  bytes.reserve(256);
  ByteWriter out(bytes);
  out.U8(kVersion);
  out.U8(static_cast<std::uint8_t>(event.type));
  out.U8(static_cast<std::uint8_t>(event.sensitivity));
  const std::uint16_t parts = PartsOf(event);
  out.U16(parts);
  PutText(out, event.id);
  PutText(out, event.source);
  out.I64(event.time.micros);
  if ((parts & kSubjectPart) != 0) PutText(out, event.subject);
  if ((parts & kOthersPart) != 0) PutTexts(out, event.other_subjects);
  if (event.valid_from) out.I64(event.valid_from->micros);
  if (event.valid_to) out.I64(event.valid_to->micros);
  for (const TextPart& text : kTextParts)
    if ((parts & text.part) != 0) PutText(out, event.*text.member);
  if (event.expected_count) out.I64(*event.expected_count);
  if (event.anchor) {
    out.U64(event.anchor->size);
    PutText(out, event.anchor->root);
  }
  Bytes bitmap((fields.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (event.fields[i].present && Kept(fields[i].type))
      bitmap[i / 8] = static_cast<char>(static_cast<unsigned char>(bitmap[i / 8]) | 1U << (i % 8));
  out.Raw(bitmap);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldValue& value = event.fields[i];
    if (!value.present || !Kept(fields[i].type)) continue;
    if (IsNumber(fields[i].type))
      out.I64(value.number);
    else if (IsList(fields[i].type))
      PutTexts(out, value.list);
    else
      PutText(out, value.text);
  }
  return bytes;
}

Result<Event> DecodeCompact(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.U8();
  const std::uint8_t type = in.U8();
  const std::uint8_t sensitivity = in.U8();
  if (!in.ok() || version != kVersion) return InvalidArgument("compact event: not version 1");
  if (type >= kEventTypes || sensitivity > static_cast<std::uint8_t>(Sensitivity::kA))
    return InvalidArgument("compact event: unknown type or class");
  Event event = MakeEvent(static_cast<EventType>(type));
  event.sensitivity = static_cast<Sensitivity>(sensitivity);
  if (!TakeEnvelope(in, event)) return InvalidArgument("compact event: bad envelope");
  if (!TakeFields(in, event)) return InvalidArgument("compact event: bad fields");
  return event;
}

}  // namespace oppi::events
