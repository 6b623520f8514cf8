#include "events/codec/varda_audit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/codec/json_tree.h"
#include "events/codec/translation.h"

namespace oppi::events {
namespace {

constexpr std::size_t kLineBytesMax = 16 * 1024;

/// Resources whose numbers say whom a request was about.
constexpr std::array<std::string_view, 2> kPersonResources = {"lapset", "henkilot"};
constexpr std::array<std::string_view, 3> kRecordResources = {
    "varhaiskasvatussuhteet", "varhaiskasvatuspaatokset", "maksutiedot"};
/// Resources whose numbers name an organisation, a unit or an agreement between organisations.
constexpr std::array<std::string_view, 4> kOpenResources = {"vakajarjestajat", "toimipaikat",
                                                            "paos-oikeudet", "paos-toiminnat"};

template <std::size_t N>
bool OneOf(std::string_view text, const std::array<std::string_view, N>& set) {
  return std::find(set.begin(), set.end(), text) != set.end();
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A path segment that may be shown: a word of the interface, or its version.
bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= 40 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-_") == std::string_view::npos;
}
bool IsApiVersion(std::string_view text) {
  return text.size() >= 2 && text.size() <= 3 && text[0] == 'v' && IsDigits(text.substr(1));
}

/// What a request read, as far as its target tells.
struct Reading {
  std::string shown;        // the target without anything that names a learner
  std::string_view whose;   // resource of the first learner's number: "lapset"; "" when none
  std::string_view number;  // that number
  std::string_view last;    // last word of the path
  bool single = false;      // the path ends in a number: one record
};

/// Names of parameters are words of the interface; values are what somebody typed, shown only where
/// they are page numbers or truth values.
void ShowQuery(std::string_view query, std::string& shown) {
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    if (name.empty()) continue;
    shown += separator;
    separator = '&';
    shown += IsWord(name) ? name : "{name}";
    if (equals == std::string_view::npos) continue;
    const std::string_view value = pair.substr(equals + 1);
    const bool open = (name == "page" && IsDigits(value) && value.size() <= 6) || value == "true" ||
                      value == "false" || value == "True" || value == "False" || value.empty();
    shown += '=';
    shown += open ? value : "{text}";
  }
}

Reading Read(std::string_view target) {
  Reading reading;
  const std::size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  std::string_view before;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    const std::string_view assigned = segment.starts_with("id=") ? segment.substr(3) : segment;
    if (IsDigits(assigned)) {
      reading.single = true;
      const bool open = OneOf(before, kOpenResources);
      if (!open && reading.whose.empty() &&
          (OneOf(before, kPersonResources) || before == "hae-henkilo")) {
        reading.whose = before == "hae-henkilo" ? "henkilot" : before;
        reading.number = assigned;
      }
      reading.shown += segment.substr(0, segment.size() - assigned.size());
      reading.shown += open ? assigned : "{id}";
    } else if (!segment.empty()) {
      reading.single = false;
      if (IsWord(segment)) reading.last = segment;
      reading.shown += IsWord(segment) || IsApiVersion(segment) ? segment : "{text}";
      before = segment;
    }
    if (end == std::string_view::npos) break;
    reading.shown += '/';
    path.remove_prefix(end + 1);
  }
  if (question != std::string_view::npos) ShowQuery(target.substr(question + 1), reading.shown);
  return reading;
}

std::string_view QueryOf(const Reading& reading) {
  if (!reading.number.empty()) return "LEARNER_RECORD";
  const bool learners =
      OneOf(reading.last, kPersonResources) || OneOf(reading.last, kRecordResources);
  return learners && !reading.single ? "BULK" : "RECORD";
}

std::optional<Instant> MillisecondsText(std::string_view text) {
  std::int64_t milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (!IsDigits(text) || error != std::errc{} || milliseconds > kInstantMax.micros / 1000)
    return std::nullopt;
  return Instant{milliseconds * 1000};
}

}  // namespace

Translated TranslateAudit(ByteView record, std::uint64_t number, const TranslateOptions& options) {
  Translation translation(number, options);
  const auto refuse = [&translation](ErrorCode code, std::string_view member) {
    translation.Refuse(code, member);
    return std::move(translation).Finish();
  };
  if (record.size() > kLineBytesMax) return refuse(ErrorCode::kTooLarge, "");
  const auto line = ParseJson(record);
  if (!line || !line->is_object()) return refuse(ErrorCode::kMalformed, "");
  if ((*line)["type"].str() != "log") return refuse(ErrorCode::kTypeUnknown, "type");
  for (const std::string_view name :
       {"timestamp", "user", "operation", "target", "hostname", "environment", "serviceName"}) {
    const Json* member = line->Find(name);
    if (member == nullptr) return refuse(ErrorCode::kFieldMissing, name);
    if (!member->is_string()) return refuse(ErrorCode::kFieldType, name);
  }
  const auto sequence = (*line)["logSeq"].Integer();
  if (!sequence) return refuse(ErrorCode::kFieldType, "logSeq");
  const auto time = MillisecondsText((*line)["timestamp"].str());
  if (!time) return refuse(ErrorCode::kFieldType, "timestamp");
  const std::string_view operation = (*line)["operation"].str();
  if (operation != "GET" && operation != "HEAD")
    return refuse(ErrorCode::kTypeUnknown, "operation");
  const auto actor = CleanStr((*line)["user"].str());
  if (!actor) return refuse(ErrorCode::kFieldType, "user");

  std::string log;  // which log: the sequence counts within it
  for (const std::string_view name : {"serviceName", "environment", "hostname"})
    log.append((*line)[name].str()).append("\n");
  const Reading reading = Read((*line)["target"].str());
  Event event = translation.Make(EventType::kAccessRead, log + std::to_string(*sequence), *time);
  if (!reading.number.empty()) {
    // Numbers count within a service and environment, whichever host answered.
    std::string name((*line)["serviceName"].str());
    name.append("\n").append((*line)["environment"].str()).append("\n");
    name.append(reading.whose).append("\n").append(reading.number);
    event.subject = translation.Pseudonym("varda", name);
  }
  event.SetText("actor", *actor);
  event.SetText("actor_role", "STAFF");
  event.SetText("organisation", options.controller);
  event.SetText("purpose", options.purpose);
  event.SetText("query", std::string(QueryOf(reading)));
  const bool list = !reading.single || QueryOf(reading) == "BULK";
  event.SetNumber("result_count", list ? -1 : 1);
  if (const auto shown = CleanStr(std::string(operation) + " " + reading.shown))
    event.SetText("reason_text", *shown);
  translation.Add(std::move(event));
  return std::move(translation).Finish();
}

}  // namespace oppi::events
