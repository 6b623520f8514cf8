#include "events/rules.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "events/codec/native_json.h"
#include "events/ids.h"
#include "events/limits.h"

namespace oppi::events {
namespace {

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;
constexpr std::size_t kCorrelationCharsMax = 64;
constexpr std::size_t kRoleCodeCharsMax = 64;
constexpr std::size_t kMemberNameCharsMax = 40;
constexpr std::size_t kMemberNameDigitsMax = 4;
constexpr std::size_t kRootHexChars = 64;
constexpr std::size_t kPublicKeyRawBytes = 32;
constexpr std::int64_t kMinutesLateMax = 600;
constexpr std::string_view kHashPrefix = "sha256:";
constexpr std::string_view kRolePrefix = "role:";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsLowerHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }

bool IsHex64(std::string_view text) {
  return text.size() == kRootHexChars && std::all_of(text.begin(), text.end(), IsLowerHex);
}

/// 1 to chars_max characters of valid UTF-8.
bool TextOk(std::string_view text, std::size_t chars_max, Content content) {
  if (text.empty()) return false;
  if (content == Content::kUnchecked && !simdjson::validate_utf8(text.data(), text.size()))
    return false;
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return text.size() <= chars_max ||
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins)) <= chars_max;
}

/// -?\d{1,9}(\.\d{1,4})?
bool IsDecimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto digits = [&text] {
    std::size_t n = 0;
    while (n < text.size() && IsDigit(text[n])) ++n;
    text.remove_prefix(n);
    return n;
  };
  const std::size_t whole = digits();
  if (whole < 1 || whole > 9) return false;
  if (text.empty()) return true;
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  const std::size_t fraction = digits();
  return fraction >= 1 && fraction <= 4 && text.empty();
}

/// A6-1-a ... A6-1-f, optionally +A9-2-a ... +A9-2-j.
bool IsBasis(std::string_view text) {
  if (!text.starts_with("A6-1-") || text.size() < 6 || text[5] < 'a' || text[5] > 'f') return false;
  text.remove_prefix(6);
  return text.empty() ||
         (text.starts_with("+A9-2-") && text.size() == 7 && text[6] >= 'a' && text[6] <= 'j');
}

bool IsRoleText(std::string_view text) {
  if (!text.starts_with(kRolePrefix)) return false;
  text.remove_prefix(kRolePrefix.size());
  const auto allowed = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= kRoleCodeCharsMax &&
         std::all_of(text.begin(), text.end(), allowed);
}

bool InstantOk(Instant t) { return kInstantMin <= t && t <= kInstantMax; }

void NoteId(IdCheck check, ErrorCode form, std::string_view member, Findings& findings) {
  if (check == IdCheck::kForm) findings.Note(form, member);
  if (check == IdCheck::kCheckDigit) findings.Note(ErrorCode::kIdCheckDigit, member);
}

void CheckSubjects(const Event& e, const TypeInfo& info, const DecodeOptions& options,
                   Findings& f) {
  if (e.subject.empty()) {
    if (info.subject == SubjectRule::kRequired || !e.other_subjects.empty())
      f.Note(ErrorCode::kSubjectMissing, "subject");
  } else {
    if (info.subject == SubjectRule::kAbsent) f.Note(ErrorCode::kEnvelopeInvalid, "subject");
    NoteId(CheckPerson(e.subject, options.check_digits), ErrorCode::kEnvelopeInvalid, "subject", f);
  }
  if (e.other_subjects.empty()) return;
  if (!info.several_persons || e.other_subjects.size() > kOtherSubjectsMax)
    f.Note(ErrorCode::kTooManySubjects, "othersubjects");
  std::string_view previous;
  for (const std::string& person : e.other_subjects) {
    NoteId(CheckPerson(person, options.check_digits), ErrorCode::kEnvelopeInvalid, "othersubjects",
           f);
    if (person <= previous || person == e.subject)
      f.Note(ErrorCode::kEnvelopeInvalid, "othersubjects");
    previous = person;
  }
}

void CheckTimes(const Event& e, const TypeInfo& info, Findings& f) {
  if (!InstantOk(e.time)) f.Note(ErrorCode::kEnvelopeInvalid, "time");
  if (e.valid_from) {
    // A correction keeps V of the fact (section 3), so it may say so for any type.
    if (!InstantOk(*e.valid_from) || (!info.period && e.corrects.empty()))
      f.Note(ErrorCode::kEnvelopeInvalid, "validfrom");
  }
  if (e.valid_to && (!InstantOk(*e.valid_to) || !info.period || *e.valid_to <= e.V()))
    f.Note(ErrorCode::kEnvelopeInvalid, "validto");
}

/// The ledger's own notes are about events that may have named no sound controller.
bool ControllerRequired(const Event& e, const TypeInfo& info) {
  if (info.type == EventType::kLedgerIntakeRefused || info.type == EventType::kLedgerIngestConflict)
    return false;
  return info.subject == SubjectRule::kRequired || !e.subject.empty();
}

void CheckCorrection(const Event& e, const TypeInfo& info, Findings& f) {
  if (!e.corrects.empty() && (!IsUuidV7(e.corrects) || !e.annuls.empty()))
    f.Note(ErrorCode::kEnvelopeInvalid, "corrects");
  const bool annulment = info.type == EventType::kLedgerFactAnnulled;
  if (annulment ? !IsUuidV7(e.annuls) : !e.annuls.empty())
    f.Note(ErrorCode::kEnvelopeInvalid, "annuls");
}

/// Section 4: S0 < S1 < S2 < S3 < S4; C and A must be equal.
bool ClassOk(Sensitivity given, const TypeInfo& info) {
  if (info.class_of_target) return true;  // only the ledger knows the target
  if (info.sensitivity >= Sensitivity::kC || given >= Sensitivity::kC)
    return given == info.sensitivity;
  return given >= info.sensitivity;
}

void CheckEnvelope(const Event& e, const TypeInfo& info, const DecodeOptions& options,
                   Content content, Findings& f) {
  const auto note = [&f](bool ok, std::string_view member) {
    if (!ok) f.Note(ErrorCode::kEnvelopeInvalid, member);
  };
  note(IsUuidV7(e.id), "id");
  NoteId(CheckSource(e.source, options.check_digits), ErrorCode::kEnvelopeInvalid, "source", f);
  CheckSubjects(e, info, options, f);
  CheckTimes(e, info, f);
  if (!e.controller.empty())
    NoteId(CheckOrganisation(e.controller, options.check_digits), ErrorCode::kEnvelopeInvalid,
           "controller", f);
  else
    note(!ControllerRequired(e, info), "controller");
  if (!e.on_behalf_of.empty() && !IsRoleText(e.on_behalf_of))
    NoteId(CheckPerson(e.on_behalf_of, options.check_digits), ErrorCode::kEnvelopeInvalid,
           "onbehalfof", f);
  if (!ClassOk(e.sensitivity, info)) f.Note(ErrorCode::kClassTooLow, "sensitivity");
  note(e.basis.empty() || IsBasis(e.basis), "basis");
  note(e.purpose.empty() || TextOk(e.purpose, kStrCharsMax, content), "purpose");
  CheckCorrection(e, info, f);
  note(e.causation.empty() || IsUuidV7(e.causation), "causation");
  note(e.correlation.empty() || TextOk(e.correlation, kCorrelationCharsMax, content),
       "correlation");
  note(!e.expected_count || (*e.expected_count >= 0 && *e.expected_count <= kIntegerMax),
       "expectedcount");
  if (e.anchor) {
    note(e.anchor->size <= static_cast<std::uint64_t>(kIntegerMax), "anchorsize");
    note(IsHex64(e.anchor->root), "anchorroot");
  }
}

/// Section 7 allows an empty list only where it says "absent or empty".
std::size_t ListItemsMin(const TypeInfo& info, const FieldInfo& field) {
  return info.type == EventType::kGuardianshipEstablished && field.name == "purpose_classes" ? 0
                                                                                             : 1;
}

std::size_t ListItemsMax(const TypeInfo& info, const FieldInfo& field) {
  return info.type == EventType::kRegistryCodeSetPublished && field.name == "codes"
             ? kCodeSetCodesMax
             : kListItemsMax;
}

void CheckCode(const FieldInfo& field, std::string_view code, Content content, Findings& f) {
  if (!TextOk(code, kStrCharsMax, content))
    f.Note(ErrorCode::kFieldType, field.name);
  else if (!CodeKnown(*field.codes, code))
    f.Note(ErrorCode::kCodeUnknown, field.name);
}

void CheckList(const TypeInfo& info, const FieldInfo& field, const std::vector<std::string>& list,
               Content content, Findings& f) {
  if (list.size() < ListItemsMin(info, field) || list.size() > ListItemsMax(info, field))
    return f.Note(ErrorCode::kFieldType, field.name);
  for (const std::string& item : list) {
    if (field.type == FieldType::kCodeList)
      CheckCode(field, item, content, f);
    else if (field.type == FieldType::kRefList ? !IsUuidV7(item)
                                               : !TextOk(item, kStrCharsMax, content))
      f.Note(ErrorCode::kFieldType, field.name);
  }
}

void CheckStr(const TypeInfo& info, const FieldInfo& field, std::string_view text,
              const DecodeOptions& options, Content content, Findings& f) {
  if (!TextOk(text, kStrCharsMax, content)) return f.Note(ErrorCode::kFieldType, field.name);
  // Schools may have study rights of their own kind; only the national form has a check digit.
  if (field.name == "studyright" &&
      CheckStudyRight(text, options.check_digits) == IdCheck::kCheckDigit)
    f.Note(ErrorCode::kIdCheckDigit, field.name);
  if (info.type == EventType::kRegistryKeyAdded && field.name == "public_key") {
    const auto raw = FromBase64(text);
    if (!raw || raw->size() != kPublicKeyRawBytes) f.Note(ErrorCode::kFieldType, field.name);
  }
}

void CheckField(const TypeInfo& info, const FieldInfo& field, const FieldValue& value,
                const DecodeOptions& options, Content content, Findings& f) {
  const auto note = [&](bool ok) {
    if (!ok) f.Note(ErrorCode::kFieldType, field.name);
  };
  switch (field.type) {
    case FieldType::kStr:
      return CheckStr(info, field, value.text, options, content, f);
    case FieldType::kText:
      return note(TextOk(value.text, kTextCharsMax, content));
    case FieldType::kInt:
      note(value.number >= -kIntegerMax && value.number <= kIntegerMax);
      if (info.type == EventType::kAttendanceMarked)
        note(value.number >= 0 && value.number <= kMinutesLateMax);
      return;
    case FieldType::kBool:
      return note(value.number == 0 || value.number == 1);
    case FieldType::kDec:
      return note(IsDecimal(value.text));
    case FieldType::kDate:
      return note(value.number >= kInstantMin.micros / kMicrosPerDay &&
                  value.number <= kInstantMax.micros / kMicrosPerDay);
    case FieldType::kTime:
      return note(InstantOk({value.number}));
    case FieldType::kPerson:
      return NoteId(CheckPerson(value.text, options.check_digits), ErrorCode::kFieldType,
                    field.name, f);
    case FieldType::kOrg:
      return NoteId(CheckOrganisation(value.text, options.check_digits), ErrorCode::kFieldType,
                    field.name, f);
    case FieldType::kRef:
      return note(IsUuidV7(value.text));
    case FieldType::kHash:
      return note(value.text.starts_with(kHashPrefix) &&
                  IsHex64(std::string_view(value.text).substr(kHashPrefix.size())));
    case FieldType::kCode:
      return CheckCode(field, value.text, content, f);
    case FieldType::kObject:
      if (content == Content::kUnchecked) {
        const ObjectCheck check = CheckObject(value.text);
        note(check != ObjectCheck::kUnsound);
        if (check == ObjectCheck::kPersonalCode)
          f.Note(ErrorCode::kPersonalCodePresent, field.name);
      } else {
        note(!value.text.empty() && value.text.size() <= kObjectBytesMax);
      }
      return;
    case FieldType::kStrList:
    case FieldType::kRefList:
    case FieldType::kCodeList:
      return CheckList(info, field, value.list, content, f);
  }
}

void CheckFields(const Event& e, const TypeInfo& info, const DecodeOptions& options,
                 Content content, Findings& f) {
  OPPI_CHECK(e.fields.size() == info.fields.size());
  for (std::size_t i = 0; i < info.fields.size(); ++i) {
    const FieldInfo& field = info.fields[i];
    if (e.fields[i].present)
      CheckField(info, field, e.fields[i], options, content, f);
    else if (field.required && options.full_fields)
      f.Note(ErrorCode::kFieldMissing, field.name);
  }
  if (info.type == EventType::kGradeResultRecorded) {  // exactly one of grade, points
    if (e.has("grade") && e.has("points")) f.Note(ErrorCode::kFieldType, "points");
    if (!e.has("grade") && !e.has("points") && options.full_fields)
      f.Note(ErrorCode::kFieldMissing, "grade");
  }
}

}  // namespace

void CheckEvent(const Event& event, const DecodeOptions& options, Content content,
                Findings& findings) {
  const TypeInfo& info = event.info();
  CheckEnvelope(event, info, options, content, findings);
  CheckFields(event, info, options, content, findings);
  if (content == Content::kUnchecked) {
    const std::string_view member = MemberWithPersonalCode(event);
    if (!member.empty()) findings.Note(ErrorCode::kPersonalCodePresent, member);
  }
}

std::string_view MemberWithPersonalCode(const Event& event) {
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"id", &event.id},
      {"source", &event.source},
      {"subject", &event.subject},
      {"controller", &event.controller},
      {"onbehalfof", &event.on_behalf_of},
      {"basis", &event.basis},
      {"purpose", &event.purpose},
      {"corrects", &event.corrects},
      {"annuls", &event.annuls},
      {"causation", &event.causation},
      {"correlation", &event.correlation}};
  for (const auto& [name, text] : texts)
    if (ContainsPersonalCode(*text)) return name;
  for (const std::string& person : event.other_subjects)
    if (ContainsPersonalCode(person)) return "othersubjects";
  const auto fields = event.info().fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldValue& value = event.fields[i];
    if (ContainsPersonalCode(value.text) ||
        std::any_of(value.list.begin(), value.list.end(), ContainsPersonalCode))
      return fields[i].name;
  }
  return {};
}

std::string_view SafeMemberName(std::string_view name) {
  const auto allowed = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; };
  const bool safe = !name.empty() && name.size() <= kMemberNameCharsMax && !IsDigit(name.front()) &&
                    std::all_of(name.begin(), name.end(), allowed) &&
                    static_cast<std::size_t>(std::count_if(name.begin(), name.end(), IsDigit)) <=
                        kMemberNameDigitsMax;
  return safe ? name : std::string_view{};
}

}  // namespace oppi::events
