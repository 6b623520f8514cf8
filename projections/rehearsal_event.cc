#include "projections/rehearsal_event.h"

#include <algorithm>
#include <span>

#include "events/bytes.h"
#include "events/check.h"
#include "events/digest.h"
#include "events/limits.h"

namespace oppi::projections {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::FieldInfo;
using events::FieldType;

/// Fields that some rule of the model reads. `!` after the name: required, as in the vocabulary.
struct ReadFields {
  EventType type;
  std::string_view names;  // separated by spaces
};
constexpr ReadFields kReadFields[] = {
    {EventType::kIdentityLearnerRegistered, "birth_date!"},
    {EventType::kIdentityPseudonymsLinked, "kept! merged!"},
    {EventType::kGuardianshipEstablished, "guardian! right! purpose_classes"},
    {EventType::kGuardianshipEnded, "guardianship! reason"},
    {EventType::kGuardianshipDutiesDivided, "guardian! purpose_classes!"},
    {EventType::kStudyrightStateChanged, "studyright! state!"},
    {EventType::kAttendanceMarked, "lesson! code!"},
    {EventType::kAttendanceClarified, "lessons! absence_class!"},
    {EventType::kGradeCourseAssessed, "course! grade!"},
    {EventType::kGradeSubjectFinal, "subject! grade!"},
    {EventType::kCertificateIssued, "certificate! basis_events basis_size"},
    {EventType::kCertificateRevoked, "certificate!"},
    {EventType::kConsentNoticeServed, "purpose! recipients! outcome!"},
    {EventType::kConsentRequested, "purpose! recipients! data_categories!"},
    {EventType::kConsentGiven,
     "request by! purpose! recipients! data_categories! notice! notice_version! valid_until renews "
     "hindrance evidence rendered_hash"},
    {EventType::kConsentRefused, "by! purpose! recipients data_categories"},
    {EventType::kConsentWithdrawalRequested, "by! purpose! recipients data_categories"},
    {EventType::kConsentWithdrawalRefused, "request! purpose! recipients data_categories"},
    {EventType::kConsentWithdrawn, "by! purpose! recipients data_categories"},
    {EventType::kConsentRevoked, "purpose! recipients data_categories reason"},
    {EventType::kConsentInvalidated, "target! reason! effect!"},
    {EventType::kRestrictionSet, "kind! purposes data_categories"},
    {EventType::kRestrictionCleared, "restriction! outcome"},
    {EventType::kAccessDecisionMade, "purpose! recipient! data_categories! result! known_size"},
    {EventType::kAccessDisclosed,
     "actor organisation purpose! recipient! data_categories! decision"},
    {EventType::kAccessReceived, "recipient"},
    {EventType::kAccessRead, "actor organisation"},
    {EventType::kAccessStopAcknowledged, "withdrawal! recipient!"},
    {EventType::kAccessEmergencyOpened,
     "actor organisation principal! data_categories! basis minutes!"},
    {EventType::kAccessEmergencyReviewed, "emergency!"},
    {EventType::kErasureRequested, "classes! types data_categories whole_subject"},
    {EventType::kErasureDecided, "request! outcome!"},
    {EventType::kErasureExecuted, "request! classes! types whole_subject"},
    {EventType::kErasureVerified, "execution!"},
    {EventType::kErasureHoldSet, "classes!"},
    {EventType::kErasureHoldReleased, "hold!"},
    {EventType::kRegistryPublisherRegistered, "publisher! role!"},
    {EventType::kRegistryKeyAdded, "publisher! key! types"},
    {EventType::kRegistryKeyRevoked, "publisher! key! compromised_from"},
    {EventType::kRegistryDelegationGranted, "publisher! controller! acts!"},
    {EventType::kRegistryDelegationEnded, "delegation!"},
    {EventType::kRegistryNoticePublished,
     "notice! version! material! purposes recipients data_categories grace_until"},
    {EventType::kRegistryBasisAsserted, "controller! purpose! data_categories! basis!"},
    {EventType::kRegistryBasisDetermined, "basis! outcome! final!"},
    {EventType::kLedgerQuarantineReleased, "event!"},
    {EventType::kLedgerReattested, "event!"},
};

enum class Reading { kNotRead, kOptional, kRequired };

Reading ReadingOf(EventType type, std::string_view field) {
  for (const ReadFields& row : kReadFields) {
    if (row.type != type) continue;
    std::string_view rest = row.names;
    while (!rest.empty()) {
      const std::size_t space = rest.find(' ');
      std::string_view name = rest.substr(0, space);
      rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
      const bool required = name.ends_with('!');
      if (required) name.remove_suffix(1);
      if (name == field) return required ? Reading::kRequired : Reading::kOptional;
    }
  }
  return Reading::kNotRead;
}

/// Absent or empty means all here, says the vocabulary.
bool MayBeEmpty(EventType type, std::string_view field) {
  return type == EventType::kGuardianshipEstablished && field == "purpose_classes";
}

/// The value as the field's type wants it; nullopt: it is of another type.
std::optional<events::FieldValue> ValueOf(const JsonValue& json, const FieldInfo& field,
                                          bool may_be_empty, const StoryLabels& labels) {
  events::FieldValue value;
  value.present = true;
  switch (field.type) {
    case FieldType::kInt:
      if (!json.IsInteger()) return std::nullopt;
      value.number = json.integer();
      return value;
    case FieldType::kBool:
      if (!json.IsBool()) return std::nullopt;
      value.number = json.boolean() ? 1 : 0;
      return value;
    case FieldType::kDate: {
      const auto date = json.IsString() ? ParseDate(json.string()) : std::nullopt;
      if (!date) return std::nullopt;
      value.number = date->days;
      return value;
    }
    case FieldType::kTime: {
      const auto instant = json.IsString() ? ParseInstant(json.string()) : std::nullopt;
      if (!instant) return std::nullopt;
      value.number = instant->micros;
      return value;
    }
    case FieldType::kObject:
      if (!json.IsObject()) return std::nullopt;
      value.text = json.Text();
      return value;
    case FieldType::kStrList:
    case FieldType::kRefList:
    case FieldType::kCodeList:
      if (!json.IsList() || (json.items().empty() && !may_be_empty) ||
          json.items().size() > kListItemsMax)
        return std::nullopt;
      for (const JsonValue& item : json.items()) {
        if (!item.IsString() || item.string().empty()) return std::nullopt;
        value.list.push_back(field.type == FieldType::kRefList ? labels.event_id(item.string())
                                                               : item.string());
      }
      return value;
    default:
      if (!json.IsString() || json.string().empty()) return std::nullopt;
      value.text = field.type == FieldType::kRef ? labels.event_id(json.string()) : json.string();
      return value;
  }
}

bool CodesKnown(const events::FieldValue& value, const FieldInfo& field, const PolicyPack& pack) {
  if (field.codes == nullptr) return true;
  const auto known = [&](const std::string& code) {
    if (field.codes->name == "CATEGORY") return pack.HasCategory(code);
    return field.codes->open || events::CodeKnown(*field.codes, code);
  };
  return events::IsList(field.type) ? std::all_of(value.list.begin(), value.list.end(), known)
                                    : known(value.text);
}

/// Sizes are written as labels: `known_after` for `known_size`, and the label itself in
/// `basis_size`.
Result<JsonValue> WithSizes(const StoryEvent& story, EventType type, const StoryLabels& labels) {
  JsonValue data = JsonValue::Object();
  for (const auto& [name, value] : story.data.members()) {
    const bool known_after = type == EventType::kAccessDecisionMade && name == "known_after";
    const bool basis_size =
        type == EventType::kCertificateIssued && name == "basis_size" && value.IsString();
    if (!known_after && !basis_size) {
      data.Set(name, value);
      continue;
    }
    const auto size = value.IsString() ? labels.size_after(value.string()) : std::nullopt;
    if (!size)
      return InvalidArgument("event " + story.id + ": `" + name +
                             "` names nothing that has happened");
    data.Set(known_after ? "known_size" : name, JsonValue::Integer(*size));
  }
  return data;
}

ErrorCode JudgeEnvelope(const StoryEvent& story, const events::TypeInfo& type) {
  const bool annulment = type.type == EventType::kLedgerFactAnnulled;
  const bool period_allowed = type.period || !story.corrects.empty();  // corrections keep V
  if ((story.valid_from || story.valid_to) && !period_allowed) return ErrorCode::kEnvelopeInvalid;
  const Instant from = story.valid_from.value_or(*story.time);
  if (story.valid_to && *story.valid_to <= from) return ErrorCode::kEnvelopeInvalid;
  if (!story.corrects.empty() && !story.annuls.empty()) return ErrorCode::kEnvelopeInvalid;
  if (story.annuls.empty() == annulment) return ErrorCode::kEnvelopeInvalid;
  if (!story.other_subjects.empty() && !type.several_persons) return ErrorCode::kEnvelopeInvalid;
  if (!story.subject.empty() && type.subject == events::SubjectRule::kAbsent)
    return ErrorCode::kEnvelopeInvalid;
  for (const std::string& person : story.other_subjects)
    if (person.empty() || person == story.subject ||
        std::count(story.other_subjects.begin(), story.other_subjects.end(), person) != 1)
      return ErrorCode::kEnvelopeInvalid;
  return ErrorCode::kNone;
}

ErrorCode ReadFieldsOf(const JsonValue& data, const StoryLabels& labels, const PolicyPack& pack,
                       Event& event) {
  const auto& fields = event.info().fields;
  for (const FieldInfo& field : fields)
    if (ReadingOf(event.type, field.name) == Reading::kRequired && data.Find(field.name) == nullptr)
      return ErrorCode::kFieldMissing;
  for (const auto& member : data.members())
    if (!events::FieldIndex(event.info(), member.first)) return ErrorCode::kUnknownField;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const JsonValue* json = data.Find(fields[i].name);
    if (json == nullptr) continue;
    auto value = ValueOf(*json, fields[i], MayBeEmpty(event.type, fields[i].name), labels);
    if (value) {
      event.fields[i] = std::move(*value);
    } else if (ReadingOf(event.type, fields[i].name) != Reading::kNotRead) {
      return ErrorCode::kFieldType;
    }
  }
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (event.fields[i].present && ReadingOf(event.type, fields[i].name) != Reading::kNotRead &&
        !CodesKnown(event.fields[i], fields[i], pack))
      return ErrorCode::kCodeUnknown;
  return ErrorCode::kNone;
}

/// Stories have no key material; a key that is narrowed to types is known by its name.
void NameKey(Event& event) {
  if (event.type != EventType::kRegistryKeyAdded) return;
  const std::string name =
      std::string(event.text("publisher")) + "/" + std::string(event.text("key"));
  event.SetText("public_key", HashOf(name).base64());
}

}  // namespace

Result<StoryReading> ReadStoryEvent(const StoryEvent& story, const events::TypeInfo& type,
                                    const StoryLabels& labels, const PolicyPack& pack) {
  OPPI_CHECK(story.time.has_value());
  StoryReading reading;
  Event& event = reading.event;
  event = events::MakeEvent(type.type);
  event.id = labels.event_id(story.id);
  event.subject = story.subject;
  event.other_subjects = story.other_subjects;
  std::sort(event.other_subjects.begin(), event.other_subjects.end());
  event.time = *story.time;
  event.valid_from = story.valid_from;
  event.valid_to = story.valid_to;
  if (type.subject != events::SubjectRule::kAbsent) event.controller = story.controller;
  if (!story.corrects.empty()) event.corrects = labels.event_id(story.corrects);
  if (!story.annuls.empty()) event.annuls = labels.event_id(story.annuls);

  OPPI_TRY(const JsonValue data, WithSizes(story, type.type, labels));
  reading.error = JudgeEnvelope(story, type);
  if (reading.error != ErrorCode::kNone) return reading;
  reading.error = ReadFieldsOf(data, labels, pack, event);
  if (reading.error != ErrorCode::kNone) return reading;
  NameKey(event);
  if (events::ContainsPersonalCode(data.Text()) || events::ContainsPersonalCode(story.subject)) {
    reading.error = ErrorCode::kPersonalCodePresent;
  } else if (story.subject.empty() && type.subject == events::SubjectRule::kRequired) {
    reading.error = ErrorCode::kSubjectMissing;
  } else if (story.other_subjects.size() > kOtherSubjectsMax) {
    reading.error = ErrorCode::kTooManySubjects;
  }
  return reading;
}

}  // namespace oppi::projections
