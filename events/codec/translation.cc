#include "events/codec/translation.h"

#include <utility>

#include "events/digest.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {

Translation::Translation(std::uint64_t record, const TranslateOptions& options)
    : options_(options), record_(record) {}

Event Translation::Make(EventType type, std::string_view name, Instant time) const {
  Event event = MakeEvent(type);
  event.id = UuidV7FromName(event.info().name, name);
  event.source = options_.source;
  event.controller = options_.controller;
  event.time = time;
  return event;
}

void Translation::Add(Event event) {
  if (refused()) return;
  std::string member;
  const ErrorCode error = Validate(event, options_.decode, member);
  if (error != ErrorCode::kNone) return Refuse(error, member);
  if (EncodeJson(event).size() > kEventBytesMax) return Refuse(ErrorCode::kTooLarge, "");
  out_.events.push_back(std::move(event));
}

void Translation::Attach(Attachment attachment) {
  if (attachment.bytes.size() > kAttachmentBytesMax) return Refuse(ErrorCode::kTooLarge, "");
  out_.attachments.push_back(std::move(attachment));
}

void Translation::Refuse(ErrorCode code, std::string_view member) {
  if (!refused()) out_.refused = Refused{code, record_, std::string(member)};
}

std::string Translation::Pseudonym(std::string_view kind, std::string_view name) const {
  // The secret goes first and has its length before it, so that no other split of the same bytes
  // gives the same pseudonym.
  Bytes secret;
  ByteWriter writer(secret);
  writer.Long(options_.pseudonym_key);
  writer.Long(kind);
  writer.Long(name);
  return "urn:uuid:" + UuidV4FromName("oppiloki/pseudonym/v1", HashOf(secret).hex());
}

Translated Translation::Finish() && {
  if (refused()) {
    Translated nothing;
    nothing.refused = std::move(out_.refused);
    return nothing;
  }
  return std::move(out_);
}

std::size_t CharacterCount(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

std::optional<std::string> CleanStr(std::string_view text) {
  if (text.empty() || ContainsPersonalCode(text)) return std::nullopt;
  if (CharacterCount(text) <= kStrCharsMax) return std::string(text);
  std::size_t characters = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
    if (begins && ++characters == kStrCharsMax) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "\xe2\x80\xa6";
}

std::string KeyStr(std::string_view text) {
  if (!text.empty() && CharacterCount(text) <= kStrCharsMax && !ContainsPersonalCode(text))
    return std::string(text);
  return HashText(HashOf(text));
}

namespace {

bool TwoDigits(std::string_view text, std::size_t at, int max, int& out) {
  if (text.size() < at + 2 || text[at] < '0' || text[at] > '9' || text[at + 1] < '0' ||
      text[at + 1] > '9')
    return false;
  out = (text[at] - '0') * 10 + (text[at + 1] - '0');
  return out <= max;
}

/// Minutes east of UTC. "-00", "-0000" and "-00:00" mean that nobody knows, and are refused.
std::optional<int> ParseOffset(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int hours = 0;
  int minutes = 0;
  if (!TwoDigits(text, 1, 23, hours)) return std::nullopt;
  std::string_view rest = text.substr(3);
  if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
  if (text.size() > 3 && (rest.size() != 2 || !TwoDigits(rest, 0, 59, minutes)))
    return std::nullopt;
  const int total = hours * 60 + minutes;
  if (text[0] == '-' && total == 0) return std::nullopt;
  return text[0] == '-' ? -total : total;
}

/// Local time of day on a day in Helsinki; days on which clocks change have 23 or 25 hours.
Instant HelsinkiLocal(Date date, std::int64_t micros_of_day) {
  constexpr std::int64_t kHour = 3600 * kMicrosPerSecond;
  const Instant midnight = HelsinkiMidnight(date);
  const std::int64_t length = HelsinkiMidnight({date.days + 1}).micros - midnight.micros;
  const std::int64_t shift = micros_of_day >= 4 * kHour ? length - kMicrosPerDay : 0;
  return midnight + (micros_of_day + shift);
}

}  // namespace

std::optional<Instant> ParseForeignInstant(std::string_view text, Zoneless zoneless) {
  if (text.size() < 19 || text.size() > 64 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto date = ParseDate(text.substr(0, 10));
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!date || !TwoDigits(text, 11, 23, hour) || !TwoDigits(text, 14, 59, minute) ||
      !TwoDigits(text, 17, 59, second))
    return std::nullopt;
  std::string_view rest = text.substr(19);
  std::int64_t fraction = 0;
  if (!rest.empty() && rest[0] == '.') {
    std::int64_t unit = kMicrosPerSecond;
    std::size_t digits = 0;
    while (digits + 1 < rest.size() && rest[digits + 1] >= '0' && rest[digits + 1] <= '9') {
      unit /= 10;
      fraction += (rest[digits + 1] - '0') * unit;
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    rest.remove_prefix(digits + 1);
  }
  const std::int64_t of_day = (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction;
  const Instant utc{date->days * kMicrosPerDay + of_day};
  if (rest == "Z" || rest == "z") return utc;
  if (rest.empty()) {
    if (zoneless == Zoneless::kRefuse) return std::nullopt;
    return zoneless == Zoneless::kUtc ? utc : HelsinkiLocal(*date, of_day);
  }
  const auto offset = ParseOffset(rest);
  if (!offset) return std::nullopt;
  const Instant shifted = utc + -*offset * 60 * kMicrosPerSecond;
  if (shifted < kInstantMin || shifted > kInstantMax) return std::nullopt;
  return shifted;
}

}  // namespace oppi::events
