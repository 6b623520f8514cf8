#include "events/codec/foreign.h"

#include <array>
#include <utility>

#include "events/codec/caliper.h"
#include "events/codec/json_tree.h"
#include "events/codec/koski.h"
#include "events/codec/varda_audit.h"
#include "events/codec/xapi.h"

namespace oppi::events {
namespace {

constexpr std::array<std::pair<Format, std::string_view>, 6> kNames = {{
    {Format::kNative, "native"},
    {Format::kXapi, "xapi"},
    {Format::kCaliper, "caliper"},
    {Format::kOneRoster, "oneroster"},
    {Format::kKoski, "koski"},
    {Format::kAudit, "audit"},
}};

bool Has(const Json& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (object.Find(name) == nullptr) return false;
  return true;
}

Format DetectJson(const Json& object) {
  if (Has(object, {"specversion", "type", "source"})) return Format::kNative;
  if (Has(object, {"henkilö", "opiskeluoikeudet"})) return Format::kKoski;
  if (Has(object, {"logSeq", "timestamp"})) return Format::kAudit;
  if (Has(object, {"@context", "type"}) || Has(object, {"sensor", "sendTime", "data"}))
    return Format::kCaliper;
  if (Has(object, {"actor", "verb", "object"})) return Format::kXapi;
  return Format::kUnknown;
}

/// First line of a CSV file of the roster formats: its first column is one of theirs.
bool IsRosterHeader(ByteView text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const ByteView line = text.substr(0, text.find_first_of("\r\n"));
  for (const std::string_view column :
       {"sourcedId", "SIS ID", "Section SIS ID", "userSourcedId", "classSourcedId"})
    if (line == column || (line.starts_with(column) && line.substr(column.size()).starts_with(',')))
      return true;
  return false;
}

}  // namespace

std::string_view FormatName(Format format) {
  for (const auto& [known, name] : kNames)
    if (known == format) return name;
  return {};
}

std::optional<Format> ParseFormat(std::string_view name) {
  for (const auto& [format, known] : kNames)
    if (known == name) return format;
  return std::nullopt;
}

Format DetectFormat(ByteView record) {
  const std::size_t first = record.find_first_not_of(" \t\r\n");
  if (first == ByteView::npos) return Format::kUnknown;
  if (record[first] != '{') return IsRosterHeader(record) ? Format::kOneRoster : Format::kUnknown;
  const auto json = ParseJson(record);
  return json ? DetectJson(*json) : Format::kUnknown;
}

std::string Describe(const Refused& refused) {
  std::string text = "record " + std::to_string(refused.record) + ": ";
  text += ErrorName(refused.code);
  if (!refused.member.empty()) text += ": " + refused.member;
  return text;
}

Translated Translate(Format format, ByteView record, std::uint64_t number,
                     const TranslateOptions& options) {
  switch (format) {
    case Format::kXapi:
      return TranslateXapi(record, number, options);
    case Format::kKoski:
      return TranslateKoski(record, number, options);
    case Format::kAudit:
      return TranslateAudit(record, number, options);
    case Format::kCaliper:
      return TranslateCaliper(record, number, options);
    case Format::kNative:
    case Format::kOneRoster:
    case Format::kUnknown:
      break;
  }
  Translated refused;
  refused.refused = Refused{ErrorCode::kTypeUnknown, number, ""};
  return refused;
}

}  // namespace oppi::events
