#include "events/codec/caliper.h"

#include <string>
#include <string_view>
#include <utility>

#include "events/codec/caliper_rules.h"
#include "events/codec/json_tree.h"
#include "events/codec/translation.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {
namespace {

constexpr std::size_t kRecordBytesMax = 1024 * 1024;
/// Inside an event of ours the Caliper event lies two levels down, and in an envelope one or two
/// up.
constexpr std::size_t kCaliperDepthMax = kJsonDepthMax - 2;

/// The IRI of an entity, written out or referred to; "" when there is none.
std::string_view Iri(const Json& entity) {
  return entity.is_string() ? entity.str() : entity["id"].str();
}

/// Whom the event is about.
std::string_view LearnerOf(const Json& event) {
  const std::string_view type = event["type"].str();
  const Json& object = event["object"];
  std::string_view learner;
  if (type == "GradeEvent") learner = Iri(object["assignee"]);
  if (type == "SessionEvent" && event["action"].str() == "TimedOut") learner = Iri(object["user"]);
  return learner.empty() ? Iri(event["actor"]) : learner;
}

bool IsAnonymous(std::string_view iri) {
  return iri.starts_with("_:") ||
         (iri.find("purl.imsglobal.org/") != std::string_view::npos && iri.ends_with("/Person"));
}

std::string SubjectOf(const Json& event, std::string_view event_id,
                      const Translation& translation) {
  const std::string_view iri = LearnerOf(event);
  if (CheckPerson(iri, false) == IdCheck::kOk) return std::string(iri);
  if (IsAnonymous(iri)) return translation.Pseudonym("caliper/anonymous", event_id);
  return translation.Pseudonym("caliper/iri", iri);
}

void TranslateEvent(const Json& json, Translation& translation) {
  if (json.raw.size() > kObjectBytesMax) return translation.Refuse(ErrorCode::kTooLarge, "event");
  const auto time = ParseForeignInstant(json["eventTime"].str(), Zoneless::kRefuse);
  if (!time) return translation.Refuse(ErrorCode::kFieldType, "eventTime");
  std::string id(json["id"].str());
  for (char& c : id)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  Event event = translation.Make(EventType::kActivityCaliperEvent, id, *time);
  event.subject = SubjectOf(json, id, translation);
  event.SetText("event_id", id);
  event.SetText("event", std::string(json.raw));
  translation.Add(std::move(event));
}

}  // namespace

Translated TranslateCaliper(ByteView record, std::uint64_t number,
                            const TranslateOptions& options) {
  Translation translation(number, options);
  const auto refuse = [&translation](ErrorCode code, std::string_view member) {
    translation.Refuse(code, member);
    return std::move(translation).Finish();
  };
  if (record.size() > kRecordBytesMax) return refuse(ErrorCode::kTooLarge, "");
  const auto json = ParseJson(record, {.depth_max = kCaliperDepthMax});
  if (!json || !json->is_object()) return refuse(ErrorCode::kMalformed, "");
  if (const auto fault = ValidateCaliper(*json, CaliperStrictness::kTolerant))
    return refuse(ErrorCode::kFieldType, *fault);
  if (!IsCaliperEnvelope(*json)) {
    if (IsCaliperEvent(*json))
      TranslateEvent(*json, translation);
    else
      ++translation.out().unmapped_entities;
    return std::move(translation).Finish();
  }
  for (const Json& item : (*json)["data"].elements()) {
    if (IsCaliperEvent(item))
      TranslateEvent(item, translation);
    else
      ++translation.out().unmapped_entities;
  }
  return std::move(translation).Finish();
}

}  // namespace oppi::events
