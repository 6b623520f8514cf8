#include "tests/support/sample_events.h"

#include <algorithm>
#include <string>

#include "events/digest.h"
#include "events/ids.h"

namespace oppi::tests {
namespace {

using events::Event;
using events::EventType;
using events::FieldInfo;
using events::FieldType;
using events::FieldValue;
using events::SubjectRule;

constexpr std::int64_t kStart = 1'768'464'000 * kMicrosPerSecond;  // 2026-01-15T08:00:00Z

std::string Number(std::uint64_t n) { return std::to_string(n); }

std::string CodeOf(const FieldInfo& field, std::uint64_t number) {
  if (field.codes->open) return "OWN_CODE_" + Number(number);
  return std::string(field.codes->codes[number % field.codes->codes.size()]);
}

std::string Hash(std::uint64_t number) { return HashText(HashOf(Number(number))); }

FieldValue ValueOf(EventType type, const FieldInfo& field, std::uint64_t number) {
  const auto n = static_cast<std::int64_t>(number);
  FieldValue value;
  value.present = true;
  switch (field.type) {
    case FieldType::kStr:
      value.text = "Value \"" + Number(number) + "\" of \xC3\xA4iti\\koti";
      if (field.name == "public_key") value.text = ToBase64(HashOf(Number(number)).view());
      if (field.name == "studyright") value.text = events::StudyRightOid(number);
      break;
    case FieldType::kText:
      value.text = "Line " + Number(number) + "\nand \xE2\x82\xAC\ttab";
      break;
    case FieldType::kInt:
      value.number = n % 600;
      break;
    case FieldType::kBool:
      value.number = n % 2;
      break;
    case FieldType::kDec:
      value.text = Number(number % 1000) + ".25";
      break;
    case FieldType::kDate:
      value.number = 15'000 + n % 6000;
      break;
    case FieldType::kTime:
      value.number = kStart + n * 1'000'001;
      break;
    case FieldType::kPerson:
      value.text = PersonId(number + 1000);
      break;
    case FieldType::kOrg:
      value.text = events::OrganisationOid(number + 2000);
      break;
    case FieldType::kRef:
      value.text = events::UuidV7FromName("sample ref", Number(number));
      break;
    case FieldType::kHash:
      value.text = Hash(number);
      break;
    case FieldType::kCode:
      value.text = CodeOf(field, number);
      break;
    case FieldType::kObject:
      value.text =
          R"({"verb": {"id": "http://example.org/did", "n": null}, "list": [1, 2.5, {"a": []}], "k)" +
          Number(number) + R"(": "\u00e4"})";
      break;
    case FieldType::kStrList:
      value.list = {"first " + Number(number), "second"};
      break;
    case FieldType::kRefList:
      value.list = {events::UuidV7FromName("sample ref", Number(number))};
      break;
    case FieldType::kCodeList:
      value.list = {CodeOf(field, number), CodeOf(field, number + 1)};
      break;
  }
  if (type == EventType::kRegistryCodeSetPublished && field.name == "codes")
    value.list.resize(300, "code " + Number(number));
  return value;
}

}  // namespace

std::string PersonId(std::uint64_t number) { return "urn:oid:" + events::PersonOid(number); }

Event SampleEvent(EventType type, Fill fill, std::uint64_t number) {
  Event e = events::MakeEvent(type);
  const events::TypeInfo& info = e.info();
  const bool all = fill == Fill::kEverything;
  const std::string seed = std::string(info.name) + Number(number);
  e.id = events::UuidV7FromName("sample event", seed);
  e.source = "urn:oid:" + events::OrganisationOid(7) + "/sample-system";
  e.time = {kStart + static_cast<std::int64_t>(number) * 1'234'567};
  if (info.subject == SubjectRule::kRequired || (all && info.subject == SubjectRule::kOptional))
    e.subject = PersonId(number);
  if (!e.subject.empty() || all) e.controller = events::OrganisationOid(7);
  if (type == EventType::kLedgerFactAnnulled) {
    e.annuls = events::UuidV7FromName("sample target", seed);
    e.sensitivity = events::Sensitivity::kS2;
  }
  if (all) {
    if (info.several_persons && !e.subject.empty()) {
      e.other_subjects = {PersonId(number + 1), PersonId(number + 2)};
      std::sort(e.other_subjects.begin(), e.other_subjects.end());
    }
    if (info.period) {
      e.valid_from = Instant{e.time.micros - kMicrosPerDay};
      e.valid_to = Instant{e.time.micros + kMicrosPerDay};
    }
    e.on_behalf_of = number % 2 == 0 ? "role:TEACHER" : PersonId(number + 9);
    e.basis = number % 2 == 0 ? "A6-1-c" : "A6-1-e+A9-2-g";
    e.purpose = "EDU";
    if (e.annuls.empty()) e.corrects = events::UuidV7FromName("sample corrected", seed);
    e.causation = events::UuidV7FromName("sample cause", seed);
    e.correlation = "together-" + Number(number);
    e.expected_count = static_cast<std::int64_t>(number);
    e.anchor = events::Anchor{number, HashOf(seed).hex()};
  }
  for (std::size_t i = 0; i < info.fields.size(); ++i)
    if (all || info.fields[i].required) e.fields[i] = ValueOf(type, info.fields[i], number + i);
  if (type == EventType::kGradeResultRecorded)  // exactly one of the two
    e.at(number % 2 == 0 ? "grade" : "points") = FieldValue{};
  if (type == EventType::kGradeResultRecorded && !e.has("grade") && !e.has("points"))
    e.SetText("grade", "9");
  return e;
}

}  // namespace oppi::tests
