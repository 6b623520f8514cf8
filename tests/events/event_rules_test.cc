// Each error of vocabulary section 9 that the bytes of an event alone can cause, and their order.

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "events/event.h"
#include "events/ids.h"
#include "events/limits.h"
#include "tests/support/sample_events.h"

namespace oppi::events {
namespace {

using Json = nlohmann::ordered_json;
using tests::Fill;
using tests::PersonId;
using tests::SampleEvent;

struct Case {
  const char* name;
  EventType type;
  std::function<void(Json&)> change;
  ErrorCode error;
  const char* member;
};

Json Sample(EventType type, Fill fill = Fill::kRequired) {
  return Json::parse(EncodeJson(SampleEvent(type, fill)));
}

Decoded DecodeOf(const Json& json, const DecodeOptions& options = {}) {
  return Decode(json.dump(), Encoding::kJson, options);
}

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, WithItsOwnCodeAndTheMembersName) {
  const Case& c = GetParam();
  Json json = Sample(c.type);
  ASSERT_EQ(DecodeOf(json).error, ErrorCode::kNone);
  c.change(json);
  const Decoded decoded = DecodeOf(json);
  EXPECT_EQ(ErrorName(decoded.error), ErrorName(c.error)) << json;
  EXPECT_EQ(decoded.member, c.member) << json;
}

std::function<void(Json&)> Set(const char* name, const Json& value) {
  return [name, value](Json& e) { e[name] = value; };
}
std::function<void(Json&)> Without(const char* name) {
  return [name](Json& e) { e.erase(name); };
}
std::function<void(Json&)> SetData(const char* name, const Json& value) {
  return [name, value](Json& e) { e["data"][name] = value; };
}
std::function<void(Json&)> WithoutData(const char* name) {
  return [name](Json& e) { e["data"].erase(name); };
}

constexpr auto kMark = EventType::kAttendanceMarked;
constexpr auto kGiven = EventType::kConsentGiven;
constexpr auto kEdge = EventType::kGuardianshipEstablished;
constexpr auto kCourse = EventType::kGradeCourseAssessed;
constexpr auto kRegistered = EventType::kIdentityLearnerRegistered;
constexpr auto kBasis = EventType::kRegistryBasisAsserted;
constexpr auto kAnnulled = EventType::kLedgerFactAnnulled;
constexpr auto kEnvelope = ErrorCode::kEnvelopeInvalid;
constexpr auto kField = ErrorCode::kFieldType;

const Case kEnvelopeCases[] = {
    {"TypeUnknown", kMark, Set("type", "fi.oppiloki.attendance.marked.v2"), ErrorCode::kTypeUnknown,
     "type"},
    {"TypeMissing", kMark, Without("type"), kEnvelope, "type"},
    {"TypeNotText", kMark, Set("type", 7), kEnvelope, "type"},
    {"VersionMissing", kMark, Without("specversion"), kEnvelope, "specversion"},
    {"VersionOther", kMark, Set("specversion", "1.1"), kEnvelope, "specversion"},
    {"VersionNumber", kMark, Set("specversion", 1.0), kEnvelope, "specversion"},
    {"IdMissing", kMark, Without("id"), kEnvelope, "id"},
    {"IdVersionFour", kMark, Set("id", "9f0f2d1e-6a53-4c0a-8e0e-3f8f5d1c2b3a"), kEnvelope, "id"},
    {"IdUpperCase", kMark, Set("id", "019B1C00-0000-7000-8000-000000000001"), kEnvelope, "id"},
    {"IdNull", kMark, Set("id", nullptr), kEnvelope, "id"},
    {"SourceMissing", kMark, Without("source"), kEnvelope, "source"},
    {"SourceForm", kMark, Set("source", "urn:oid:1.2.246.562.10.34648391018"), kEnvelope, "source"},
    {"SubjectForm", kMark, Set("subject", "learner-1"), kEnvelope, "subject"},
    {"SubjectEmpty", kMark, Set("subject", ""), kEnvelope, "subject"},
    {"SubjectOnRegistry", kBasis, Set("subject", PersonId(1)), kEnvelope, "subject"},
    {"OthersNotText", kGiven, Set("othersubjects", Json::array({PersonId(2)})), kEnvelope,
     "othersubjects"},
    {"OthersEmpty", kGiven, Set("othersubjects", ""), kEnvelope, "othersubjects"},
    {"OthersTrailingComma", kGiven, Set("othersubjects", PersonId(2) + ","), kEnvelope,
     "othersubjects"},
    {"OthersDescending", kGiven, Set("othersubjects", PersonId(30) + "," + PersonId(20)), kEnvelope,
     "othersubjects"},
    {"OthersRepeated", kGiven, Set("othersubjects", PersonId(30) + "," + PersonId(30)), kEnvelope,
     "othersubjects"},
    {"OthersHoldSubject", kGiven, [](Json& e) { e["othersubjects"] = e["subject"]; }, kEnvelope,
     "othersubjects"},
    {"TimeMissing", kMark, Without("time"), kEnvelope, "time"},
    {"TimeWithOffset", kMark, Set("time", "2026-01-15T08:00:00+00:00"), kEnvelope, "time"},
    {"TimeNanoseconds", kMark, Set("time", "2026-01-15T08:00:00.1234567Z"), kEnvelope, "time"},
    {"TimeNumber", kMark, Set("time", 1768464000), kEnvelope, "time"},
    {"ValidfromWithoutPeriod", kMark, Set("validfrom", "2026-01-15T08:00:00Z"), kEnvelope,
     "validfrom"},
    {"ValidtoWithoutPeriod", kMark, Set("validto", "2027-01-15T08:00:00Z"), kEnvelope, "validto"},
    {"ValidtoNotAfterValidfrom", kCourse,
     [](Json& e) { e["validfrom"] = e["validto"] = "2026-01-15T08:00:00Z"; }, kEnvelope, "validto"},
    {"ValidtoNotAfterTime", kCourse, [](Json& e) { e["validto"] = e["time"]; }, kEnvelope,
     "validto"},
    {"ControllerMissing", kMark, Without("controller"), kEnvelope, "controller"},
    {"ControllerForm", kMark, Set("controller", "urn:oid:1.2.246.562.10.34648391018"), kEnvelope,
     "controller"},
    {"OnBehalfForm", kMark, Set("onbehalfof", "teacher"), kEnvelope, "onbehalfof"},
    {"OnBehalfEmptyRole", kMark, Set("onbehalfof", "role:"), kEnvelope, "onbehalfof"},
    {"ClassMissing", kMark, Without("sensitivity"), kEnvelope, "sensitivity"},
    {"ClassUnknown", kMark, Set("sensitivity", "S5"), kEnvelope, "sensitivity"},
    {"BasisForm", kMark, Set("basis", "A6-1-g"), kEnvelope, "basis"},
    {"BasisSecondForm", kMark, Set("basis", "A6-1-a+A9-2-k"), kEnvelope, "basis"},
    {"PurposeEmpty", kMark, Set("purpose", ""), kEnvelope, "purpose"},
    {"CorrectsForm", kMark, Set("corrects", "e1"), kEnvelope, "corrects"},
    {"AnnulsElsewhere", kMark, Set("annuls", "019b1c00-0000-7000-8000-000000000001"), kEnvelope,
     "annuls"},
    {"AnnulsMissing", kAnnulled, Without("annuls"), kEnvelope, "annuls"},
    {"CorrectsAndAnnuls", kAnnulled, Set("corrects", "019b1c00-0000-7000-8000-000000000001"),
     kEnvelope, "corrects"},
    {"CausationForm", kMark, Set("causation", "cause"), kEnvelope, "causation"},
    {"CorrelationTooLong", kMark, Set("correlation", std::string(65, 'x')), kEnvelope,
     "correlation"},
    {"ExpectedcountNegative", kMark, Set("expectedcount", -1), kEnvelope, "expectedcount"},
    {"ExpectedcountText", kMark, Set("expectedcount", "1"), kEnvelope, "expectedcount"},
    {"ExpectedcountFraction", kMark, Set("expectedcount", 1.5), kEnvelope, "expectedcount"},
    {"ExpectedcountTooLarge", kMark, Set("expectedcount", 9007199254740992), kEnvelope,
     "expectedcount"},
    {"AnchorWithoutRoot", kMark, Set("anchorsize", 1), kEnvelope, "anchorroot"},
    {"AnchorWithoutSize", kMark, Set("anchorroot", std::string(64, '5')), kEnvelope, "anchorsize"},
    {"AnchorrootUpperCase", kMark,
     [](Json& e) {
       e["anchorsize"] = 1;
       e["anchorroot"] = std::string(64, 'A');
     },
     kEnvelope, "anchorroot"},
    {"ContentTypeMissing", kMark, Without("datacontenttype"), kEnvelope, "datacontenttype"},
    {"ContentTypeOther", kMark, Set("datacontenttype", "text/plain"), kEnvelope, "datacontenttype"},
    {"DataMissing", kMark, Without("data"), kEnvelope, "data"},
    {"DataNotObject", kMark, Set("data", Json::array()), kEnvelope, "data"},
    {"DataTwice", kMark, Set("data_base64", "AAAA"), kEnvelope, "data_base64"},
    {"UnknownAttribute", kMark, Set("dataschema", "urn:x"), kEnvelope, "dataschema"},
    {"UnknownAttributeThatLooksLikeData", kMark, Set("Aino Esimerkki", 1), kEnvelope, ""},
    {"UnknownAttributeWithManyDigits", kMark, Set("p10482013375", 1), kEnvelope, ""},
};

const Case kFieldCases[] = {
    {"RequiredFieldMissing", kMark, WithoutData("lesson"), ErrorCode::kFieldMissing, "lesson"},
    {"UnknownField", kMark, SetData("note", "x"), ErrorCode::kUnknownField, "note"},
    {"UnknownFieldThatLooksLikeData", kMark, SetData("131052-308T", "x"), ErrorCode::kUnknownField, ""},
    {"NullField", kMark, SetData("note_hash", nullptr), kField, "note_hash"},
    {"NullRequiredField", kMark, SetData("lesson", nullptr), kField, "lesson"},
    {"TextIsNumber", kMark, SetData("lesson", 7), kField, "lesson"},
    {"TextIsEmpty", kMark, SetData("lesson", ""), kField, "lesson"},
    {"TextIsTooLong", kMark, SetData("lesson", std::string(201, 'x')), kField, "lesson"},
    {"LongTextIsTooLong", EventType::kGradeVerbalAssessed, SetData("text", std::string(4001, 'x')), kField, "text"},
    {"IntIsText", kMark, SetData("minutes_late", "7"), kField, "minutes_late"},
    {"IntIsFraction", kMark, SetData("minutes_late", 7.5), kField, "minutes_late"},
    {"IntIsWholeFraction", kMark, SetData("minutes_late", 7.0), kField, "minutes_late"},
    {"IntIsBool", kMark, SetData("minutes_late", true), kField, "minutes_late"},
    {"MinutesNegative", kMark, SetData("minutes_late", -1), kField, "minutes_late"},
    {"MinutesTooMany", kMark, SetData("minutes_late", 601), kField, "minutes_late"},
    {"IntTooLarge", EventType::kGradeResultRecorded, SetData("attempt", 9007199254740992), kField, "attempt"},
    {"IntTooSmall", EventType::kGradeResultRecorded, SetData("attempt", -9007199254740992), kField, "attempt"},
    {"IntBeyondSigned", EventType::kGradeResultRecorded, SetData("attempt", 18446744073709551615ULL), kField, "attempt"},
    {"BoolIsNumber", EventType::kRegistryBasisDetermined, SetData("final", 1), kField, "final"},
    {"BoolIsText", EventType::kRegistryBasisDetermined, SetData("final", "true"), kField, "final"},
    {"DecimalIsNumber", kCourse, SetData("scope", 2), kField, "scope"},
    {"DecimalWithFiveDecimals", kCourse, SetData("scope", "1.00000"), kField, "scope"},
    {"DecimalWithTenDigits", kCourse, SetData("scope", "1234567890"), kField, "scope"},
    {"DecimalWithBarePoint", kCourse, SetData("scope", "1."), kField, "scope"},
    {"DecimalWithPlus", kCourse, SetData("scope", "+1"), kField, "scope"},
    {"DecimalExponent", kCourse, SetData("scope", "1e3"), kField, "scope"},
    {"DateNotReal", kRegistered, SetData("birth_date", "2013-02-29"), kField, "birth_date"},
    {"DateIsInstant", kRegistered, SetData("birth_date", "2013-05-10T00:00:00Z"), kField, "birth_date"},
    {"TimeIsDate", EventType::kConsentExpired, SetData("expired_at", "2026-01-15"), kField, "expired_at"},
    {"PersonForm", kCourse, SetData("assessor", "1.2.246.562.24.10482000016"), kField, "assessor"},
    {"OrganisationForm", kBasis, SetData("controller", "K"), kField, "controller"},
    {"RefForm", EventType::kConsentExpired, SetData("consent", "e1001"), kField, "consent"},
    {"HashUpperCase", EventType::kSupportCaseNoted, SetData("case_hash", "sha256:" + std::string(64, 'A')), kField, "case_hash"},
    {"HashShort", EventType::kSupportCaseNoted, SetData("case_hash", "sha256:" + std::string(63, 'a')), kField, "case_hash"},
    {"HashOther", EventType::kSupportCaseNoted, SetData("case_hash", "sha512:" + std::string(64, 'a')), kField, "case_hash"},
    {"ObjectIsList", EventType::kActivityXapiStatement, SetData("statement", Json::array()), kField, "statement"},
    {"ObjectIsText", EventType::kActivityXapiStatement, SetData("statement", "{}"), kField, "statement"},
    {"ObjectTooLarge", EventType::kActivityXapiStatement,
     SetData("statement", {{"x", std::string(kObjectBytesMax - 7, 'x')}}), kField, "statement"},
    {"ListIsText", kGiven, SetData("recipients", "V1"), kField, "recipients"},
    {"ListIsEmpty", kGiven, SetData("recipients", Json::array()), kField, "recipients"},
    {"ListOfNumbers", kGiven, SetData("recipients", Json::array({1})), kField, "recipients"},
    {"ListWithEmptyItem", kGiven, SetData("recipients", Json::array({""})), kField, "recipients"},
    {"ListWithLongItem", kGiven, SetData("recipients", Json::array({std::string(201, 'x')})), kField, "recipients"},
    {"ListTooLong", kGiven, SetData("recipients", Json(std::vector<std::string>(65, "V1"))), kField, "recipients"},
    {"ListOfRefsForm", EventType::kCertificateIssued, SetData("basis_events", Json::array({"e1"})), kField, "basis_events"},
    {"CodesTooMany", EventType::kRegistryCodeSetPublished, SetData("codes", Json(std::vector<std::string>(4001, "1"))), kField, "codes"},
    {"PublicKeyTooShort", EventType::kRegistryKeyAdded, SetData("public_key", "AAAA"), kField, "public_key"},
    {"PublicKeyNotBase64", EventType::kRegistryKeyAdded, SetData("public_key", std::string(44, '*')), kField, "public_key"},
    {"GradeAndPoints", EventType::kGradeResultRecorded,
     [](Json& e) { e["data"]["grade"] = "9"; e["data"]["points"] = "9"; }, kField, "points"},
    {"NeitherGradeNorPoints", EventType::kGradeResultRecorded,
     [](Json& e) { e["data"].erase("grade"); e["data"].erase("points"); }, ErrorCode::kFieldMissing, "grade"},
    {"CodeUnknown", kCourse, SetData("grade", "11"), ErrorCode::kCodeUnknown, "grade"},
    {"CodeCase", kCourse, SetData("grade", "h"), ErrorCode::kCodeUnknown, "grade"},
    {"CodeEmpty", kCourse, SetData("grade", ""), kField, "grade"},
    {"CodeInListUnknown", kEdge, SetData("purpose_classes", Json::array({"SCHOOL", "HOME"})), ErrorCode::kCodeUnknown, "purpose_classes"},
    {"OpenCodeTooLong", kGiven, SetData("purpose", std::string(201, 'X')), kField, "purpose"},
    {"SubjectCheckDigit", kMark, Set("subject", "urn:oid:1.2.246.562.24.10482013376"), ErrorCode::kIdCheckDigit, "subject"},
    {"SourceCheckDigit", kMark, Set("source", "urn:oid:1.2.246.562.10.34648391017/sis"), ErrorCode::kIdCheckDigit, "source"},
    {"ControllerCheckDigit", kMark, Set("controller", "1.2.246.562.10.34648391017"), ErrorCode::kIdCheckDigit, "controller"},
    {"OthersCheckDigit", kGiven, Set("othersubjects", "urn:oid:1.2.246.562.24.10482013376"), ErrorCode::kIdCheckDigit, "othersubjects"},
    {"PersonFieldCheckDigit", kCourse, SetData("assessor", "urn:oid:1.2.246.562.24.10482013376"), ErrorCode::kIdCheckDigit, "assessor"},
    {"OrganisationFieldCheckDigit", kBasis, SetData("controller", "1.2.246.562.10.34648391017"), ErrorCode::kIdCheckDigit, "controller"},
    {"StudyRightCheckDigit", kCourse, SetData("studyright", "1.2.246.562.15.63498210011"), ErrorCode::kIdCheckDigit, "studyright"},
    {"PersonalCodeInField", kMark, SetData("lesson", "131052-308T"), ErrorCode::kPersonalCodePresent, "lesson"},
    {"PersonalCodeInList", kGiven, SetData("recipients", Json::array({"V1", "x 131052-308T"})), ErrorCode::kPersonalCodePresent, "recipients"},
    {"PersonalCodeInEnvelope", kMark, Set("correlation", "131052-308T"), ErrorCode::kPersonalCodePresent, "correlation"},
    {"PersonalCodeInSource", kMark, Set("source", "urn:oid:1.2.246.562.10.34648391018/131052-3080"), ErrorCode::kPersonalCodePresent, "source"},
    {"PersonalCodeInObject", EventType::kActivityXapiStatement,
     SetData("statement", {{"actor", {{"name", "131052-308T"}}}}), ErrorCode::kPersonalCodePresent, "statement"},
    {"PersonalCodeAsNameInObject", EventType::kActivityCaliperEvent,
     SetData("event", {{"131052-308T", nullptr}}), ErrorCode::kPersonalCodePresent, "event"},
    {"ClassTooLow", kMark, Set("sensitivity", "S1"), ErrorCode::kClassTooLow, "sensitivity"},
    {"ClassConsentMustBeEqual", kGiven, Set("sensitivity", "S4"), ErrorCode::kClassTooLow, "sensitivity"},
    {"ClassAccessMustBeEqual", EventType::kAccessRead, Set("sensitivity", "C"), ErrorCode::kClassTooLow, "sensitivity"},
    {"ClassOfOthersMayNotBeConsent", kMark, Set("sensitivity", "C"), ErrorCode::kClassTooLow, "sensitivity"},
    {"SubjectMissing", kMark, Without("subject"), ErrorCode::kSubjectMissing, "subject"},
    {"OthersWithoutSubject", EventType::kAccessRead, Set("othersubjects", PersonId(1)), ErrorCode::kSubjectMissing, "subject"},
    {"OthersOnTypeOfOnePerson", kMark, Set("othersubjects", PersonId(50)), ErrorCode::kTooManySubjects, "othersubjects"},
};

INSTANTIATE_TEST_SUITE_P(Envelope, Refused, testing::ValuesIn(kEnvelopeCases),
                         [](const auto& test) { return std::string(test.param.name); });
INSTANTIATE_TEST_SUITE_P(Field, Refused, testing::ValuesIn(kFieldCases),
                         [](const auto& test) { return std::string(test.param.name); });

std::string Persons(std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(PersonId(1000 + i));
  std::sort(ids.begin(), ids.end());
  std::string text;
  for (const std::string& id : ids) (text += text.empty() ? "" : ",") += id;
  return text;
}

TEST(EventRules, AHundredOtherSubjectsAreAllowedAndNoMore) {
  Json json = Sample(kGiven);
  json["othersubjects"] = Persons(kOtherSubjectsMax);
  EXPECT_EQ(ErrorName(DecodeOf(json).error), "");
  json["othersubjects"] = Persons(kOtherSubjectsMax + 1);
  EXPECT_EQ(ErrorName(DecodeOf(json).error), "TOO_MANY_SUBJECTS");
}

TEST(EventRules, AcceptTheEdgesOfEveryLimit) {
  const auto ok = [](EventType type, const char* field, const Json& value) {
    Json json = Sample(type);
    json["data"][field] = value;
    const Decoded decoded = DecodeOf(json);
    EXPECT_EQ(ErrorName(decoded.error), "") << decoded.member << ' ' << json.dump().substr(0, 2000);
  };
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xF0\x9F\x90\xA6";
  ok(kMark, "lesson", wide);
  ok(kMark, "lesson", "x");
  ok(kMark, "minutes_late", 0);
  ok(kMark, "minutes_late", 600);
  ok(EventType::kGradeVerbalAssessed, "text", std::string(4000, 'x'));
  ok(EventType::kGradeResultRecorded, "attempt", 9007199254740991);
  ok(EventType::kGradeResultRecorded, "attempt", -9007199254740991);
  for (const char* decimal : {"0", "-0", "123456789", "-123456789.1234", "0.5"})
    ok(kCourse, "scope", decimal);
  ok(kRegistered, "birth_date", "0001-01-01");
  ok(kRegistered, "birth_date", "2012-02-29");
  ok(kEdge, "purpose_classes", Json::array());
  ok(kGiven, "recipients", Json(std::vector<std::string>(64, "V1")));
  ok(EventType::kRegistryCodeSetPublished, "codes", Json(std::vector<std::string>(4000, "code")));
  ok(EventType::kActivityXapiStatement, "statement",
     {{"x", std::string(kObjectBytesMax - 8, 'x')}});
  ok(EventType::kActivityXapiStatement, "statement", Json::object());
  ok(kCourse, "studyright", "a right of our own");
}

TEST(EventRules, AcceptEveryFormOfTheEnvelope) {
  const auto ok = [](EventType type, const std::function<void(Json&)>& change) {
    Json json = Sample(type);
    change(json);
    const Decoded decoded = DecodeOf(json);
    EXPECT_EQ(ErrorName(decoded.error), "") << decoded.member << ' ' << json;
  };
  ok(kMark, Set("time", "2026-01-15T08:00:00.000001Z"));
  ok(kMark, Set("subject", "urn:uuid:9f0f2d1e-6a53-4c0a-8e0e-3f8f5d1c2b3a"));
  ok(kMark, Set("sensitivity", "S4"));
  ok(kMark, Set("basis", "A6-1-f+A9-2-j"));
  ok(kMark, Set("onbehalfof", "role:SPECIAL_TEACHER"));
  ok(kMark, Set("correlation", std::string(64, 'f')));
  ok(kMark, Set("expectedcount", 0));
  ok(kAnnulled, Set("sensitivity", "C"));
  ok(kAnnulled, Set("sensitivity", "S0"));
  // A correction keeps V of the fact, whatever its type.
  ok(kMark, [](Json& e) {
    e["corrects"] = "019b1c00-0000-7000-8000-000000000001";
    e["validfrom"] = "2025-12-19T10:00:00Z";
  });
  ok(EventType::kLedgerIntakeRefused, [](Json& e) {
    e["subject"] = PersonId(1);
    e.erase("controller");
  });
}

TEST(EventRules, CheckDigitsCanBeTurnedOffForTestData) {
  Json json = Sample(kCourse);
  json["subject"] = "urn:oid:1.2.246.562.24.10482013376";
  json["controller"] = "1.2.246.562.10.34648391017";
  json["data"]["studyright"] = "1.2.246.562.15.63498210011";
  EXPECT_EQ(ErrorName(DecodeOf(json).error), "ID_CHECK_DIGIT");
  EXPECT_EQ(ErrorName(DecodeOf(json, {.check_digits = false}).error), "");
}

TEST(EventRules, ARehearsalMayLeaveOutRequiredFieldsButNothingElse) {
  const DecodeOptions rehearsal{.full_fields = false};
  for (const TypeInfo& info : AllTypes()) {
    Json json = Sample(info.type);
    json["data"] = Json::object();
    EXPECT_EQ(ErrorName(DecodeOf(json).error), "FIELD_MISSING") << info.name;
    EXPECT_EQ(ErrorName(DecodeOf(json, rehearsal).error), "") << info.name;
    json["data"]["unheard_of"] = 1;
    EXPECT_EQ(ErrorName(DecodeOf(json, rehearsal).error), "UNKNOWN_FIELD") << info.name;
  }
}

TEST(EventRules, EveryRequiredFieldOfEveryTypeIsMissed) {
  for (const TypeInfo& info : AllTypes()) {
    for (const FieldInfo& field : info.fields) {
      Json json = Sample(info.type, Fill::kEverything);
      if (json["data"].erase(std::string(field.name)) == 0) continue;
      const Decoded decoded = DecodeOf(json);
      const bool needed = field.required || (info.type == EventType::kGradeResultRecorded &&
                                             (field.name == "grade" || field.name == "points"));
      EXPECT_EQ(ErrorName(decoded.error), needed ? "FIELD_MISSING" : "")
          << info.name << ' ' << field.name;
    }
  }
}

TEST(EventRules, EveryFieldOfEveryTypeRefusesAnotherKindOfValue) {
  for (const TypeInfo& info : AllTypes()) {
    for (const FieldInfo& field : info.fields) {
      Json json = Sample(info.type);
      if (info.type == EventType::kGradeResultRecorded)
        json["data"].erase("grade"), json["data"].erase("points");
      const Json wrong = field.type == FieldType::kBool ? Json("true") : Json(false);
      json["data"][std::string(field.name)] = wrong;
      const Decoded decoded = DecodeOf(json, {.full_fields = false});
      EXPECT_EQ(ErrorName(decoded.error), "FIELD_TYPE") << info.name << ' ' << field.name;
      EXPECT_EQ(decoded.member, field.name) << info.name;
    }
  }
}

TEST(EventRules, EveryClosedCodeSetRefusesAnotherCode) {
  for (const TypeInfo& info : AllTypes()) {
    for (const FieldInfo& field : info.fields) {
      if (field.codes == nullptr) continue;
      Json json = Sample(info.type);
      if (info.type == EventType::kGradeResultRecorded) json["data"].erase("points");
      json["data"][std::string(field.name)] =
          IsList(field.type) ? Json::array({"NO_SUCH_CODE"}) : Json("NO_SUCH_CODE");
      EXPECT_EQ(ErrorName(DecodeOf(json).error), field.codes->open ? "" : "CODE_UNKNOWN")
          << info.name << ' ' << field.name;
    }
  }
}

TEST(EventRules, AClassMayBeHigherButNotLowerThanTheTypes) {
  const std::string_view classes[] = {"S0", "S1", "S2", "S3", "S4", "C", "A"};
  for (const TypeInfo& info : AllTypes()) {
    for (std::size_t given = 0; given < std::size(classes); ++given) {
      Json json = Sample(info.type);
      json["sensitivity"] = classes[given];
      const auto own = static_cast<std::size_t>(info.sensitivity);
      const bool ok = info.class_of_target || given == own || (given > own && given < 5);
      EXPECT_EQ(ErrorName(DecodeOf(json).error), ok ? "" : "CLASS_TOO_LOW")
          << info.name << ' ' << classes[given];
    }
  }
}

TEST(EventRules, PeriodsAreAllowedOnTypesMarkedP) {
  for (const TypeInfo& info : AllTypes()) {
    Json json = Sample(info.type);
    json["validfrom"] = "2026-01-15T08:00:00Z";
    json["validto"] = "2027-01-15T08:00:00Z";
    EXPECT_EQ(ErrorName(DecodeOf(json).error), info.period ? "" : "ENVELOPE_INVALID") << info.name;
  }
}

TEST(EventRules, TheFirstViolatedRuleInTheOrderOfTheVocabularyAnswers) {
  // Everything is wrong at once; mending the answered fault brings the next in order.
  struct Step {
    const char* expected;
    std::function<void(Json&)> mend;
  };
  Json json = Sample(kGiven);
  json["type"] = "fi.oppiloki.consent.given.v9";
  json["foo"] = 1;
  json["sensitivity"] = "S4";
  json["othersubjects"] = Persons(kOtherSubjectsMax + 1);
  json["controller"] = "1.2.246.562.10.34648391017";
  json.erase("subject");
  json["data"].erase("by");
  json["data"]["bar"] = 1;
  json["data"]["recipients"] = "V1";
  json["data"]["method"] = "TELEPATHY";
  json["data"]["notice"] = "131052-308T";
  const Step steps[] = {
      {"TYPE_UNKNOWN", Set("type", "fi.oppiloki.consent.given.v1")},
      {"ENVELOPE_INVALID", Without("foo")},
      {"FIELD_MISSING", SetData("by", PersonId(1))},
      {"UNKNOWN_FIELD", WithoutData("bar")},
      {"FIELD_TYPE", SetData("recipients", Json::array({"V1"}))},
      {"CODE_UNKNOWN", SetData("method", "BUTTON")},
      {"ID_CHECK_DIGIT", Set("controller", OrganisationOid(7))},
      {"PERSONAL_CODE_PRESENT", SetData("notice", "N1")},
      {"CLASS_TOO_LOW", Set("sensitivity", "C")},
      {"SUBJECT_MISSING", Set("subject", PersonId(1))},
      {"TOO_MANY_SUBJECTS", Set("othersubjects", Persons(kOtherSubjectsMax))},
  };
  ErrorCode last = ErrorCode::kNone;
  for (const Step& step : steps) {
    const Decoded decoded = DecodeOf(json);
    ASSERT_EQ(ErrorName(decoded.error), step.expected);
    EXPECT_GT(decoded.error, last);
    last = decoded.error;
    step.mend(json);
  }
  EXPECT_EQ(ErrorName(DecodeOf(json).error), "");
}

TEST(EventRules, ARefusedEventKeepsWhatTheRoadNeedsToKnow) {
  Json json = Sample(kMark);
  const std::string id = json["id"];
  const std::string source = json["source"];
  json["data"]["code"] = "ASLEEP";
  Decoded decoded = DecodeOf(json);
  EXPECT_EQ(decoded.id, id);
  EXPECT_EQ(decoded.source, source);
  EXPECT_EQ(decoded.type, &InfoOf(kMark));
  json["type"] = "fi.oppiloki.attendance.dreamt.v1";
  decoded = DecodeOf(json);
  EXPECT_EQ(decoded.id, id);
  EXPECT_EQ(decoded.source, source);
  EXPECT_EQ(decoded.type, nullptr);
  json.erase("type");
  json.erase("id");
  decoded = DecodeOf(json);
  EXPECT_EQ(decoded.id, "");
  EXPECT_EQ(decoded.source, source);
}

TEST(EventRules, ValidateAnswersAsDecodingDoes) {
  for (const Case& c : kFieldCases) {
    Json json = Sample(c.type);
    c.change(json);
    const Decoded decoded = DecodeOf(json);
    if (decoded.error <= ErrorCode::kFieldType) continue;  // there is no event to look at
    std::string member;
    EXPECT_EQ(ErrorName(Validate(decoded.event, {}, member)), ErrorName(decoded.error)) << c.name;
    EXPECT_EQ(member, decoded.member) << c.name;
  }
}

TEST(EventRules, ValidateLooksIntoObjectsAndTexts) {
  const auto error_of = [](const Event& event) {
    std::string member;
    return ErrorName(Validate(event, {}, member));
  };
  Event event = SampleEvent(EventType::kActivityXapiStatement, Fill::kRequired);
  const auto with = [&](std::string statement) {
    event.SetText("statement", std::move(statement));
    return error_of(event);
  };
  EXPECT_EQ(with("{}"), "");
  EXPECT_EQ(with(R"({"a":null,"b":[1e3,{"c":""}]})"), "");
  for (const char* unsound : {"", "[]", "{", "{}{}", " {}", "{} ", R"({"a":1,"a":2})",
                              R"({"a":{"b":1,"\u0062":2}})", "{\"a\":\"\xff\"}", "null"})
    EXPECT_EQ(with(unsound), "FIELD_TYPE") << unsound;
  EXPECT_EQ(with(R"({"a":"131052-308T"})"), "PERSONAL_CODE_PRESENT");
  EXPECT_EQ(with(R"({"a":"131052\u002d308T"})"), "PERSONAL_CODE_PRESENT");
  EXPECT_EQ(with(R"({"131052\u002d308T":1})"), "PERSONAL_CODE_PRESENT");
  EXPECT_EQ(with("{\"x\":\"" + std::string(kObjectBytesMax, 'x') + "\"}"), "FIELD_TYPE");
  event = SampleEvent(EventType::kIdentityAttributeChanged, Fill::kRequired);
  event.SetText("value", "\xff");
  EXPECT_EQ(error_of(event), "FIELD_TYPE");
}

TEST(EventRules, APublicEventMustFitItsLeaf) {
  Json json = Sample(EventType::kRegistryPolicyPublished);
  json["data"]["body"] = {{"x", std::string(40'000, 'x')}};
  const std::string bytes = json.dump();
  const std::string fits = bytes + std::string(kClearEventBytesMax - bytes.size(), ' ');
  EXPECT_EQ(ErrorName(Decode(fits, Encoding::kJson).error), "");
  EXPECT_EQ(ErrorName(Decode(fits + ' ', Encoding::kJson).error), "TOO_LARGE");
  Json sealed = Sample(kMark);
  const std::string other = sealed.dump();
  EXPECT_EQ(
      ErrorName(
          Decode(other + std::string(kEventBytesMax - other.size(), ' '), Encoding::kJson).error),
      "");
}

}  // namespace
}  // namespace oppi::events
