#include "tests/support/facts.h"

#include <algorithm>
#include <utility>

#include "events/check.h"

namespace oppi::tests {
namespace {

using events::FieldType;
using projections::Fact;

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;

void Set(events::Event& event, const Field& field) {
  const auto index = events::FieldIndex(event.info(), field.name);
  OPPI_CHECK(index.has_value());
  const FieldType type = event.info().fields[*index].type;
  if (const auto* list = std::get_if<std::vector<std::string>>(&field.value)) {
    event.SetList(field.name, *list);
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    event.SetNumber(field.name, *number);
  } else {
    const std::string& text = std::get<std::string>(field.value);
    if (type == FieldType::kTime) {
      event.SetNumber(field.name, T(text).micros);
    } else if (type == FieldType::kDate) {
      event.SetNumber(field.name, D(text).days);
    } else {
      event.SetText(field.name, text);
    }
  }
}

}  // namespace

Instant T(std::string_view text) {
  const auto instant = ParseInstant(text);
  OPPI_CHECK(instant.has_value());
  return *instant;
}

Date D(std::string_view text) {
  const auto date = ParseDate(text);
  OPPI_CHECK(date.has_value());
  return *date;
}

Telling& Telling::At(std::string_view instant) {
  fact_.recorded = T(instant);
  fact_.event.time = T(instant);
  return *this;
}
Telling& Telling::Happened(std::string_view instant) {
  fact_.event.time = T(instant);
  return *this;
}
Telling& Telling::Recorded(std::string_view instant) {
  fact_.recorded = T(instant);
  return *this;
}
Telling& Telling::From(std::string_view instant) {
  fact_.event.valid_from = T(instant);
  return *this;
}
Telling& Telling::Until(std::string_view instant) {
  fact_.event.valid_to = T(instant);
  return *this;
}
Telling& Telling::Subject(std::string_view person) {
  fact_.event.subject = person;
  return *this;
}
Telling& Telling::Others(std::vector<std::string> persons) {
  fact_.event.other_subjects = std::move(persons);
  return *this;
}
Telling& Telling::Controller(std::string_view organisation) {
  fact_.event.controller = organisation;
  return *this;
}
Telling& Telling::By(std::string_view publisher, std::string_view key) {
  fact_.publisher = publisher;
  fact_.key = key.empty() ? fact_.publisher + "-key1" : std::string(key);
  return *this;
}
Telling& Telling::Corrects(std::string_view id) {
  fact_.event.corrects = id;
  return *this;
}
Telling& Telling::Annuls(std::string_view id) {
  fact_.event.annuls = id;
  return *this;
}
Telling& Telling::Anchored(std::string_view instant) {
  fact_.anchored = T(instant);
  return *this;
}
Telling& Telling::Quarantined(events::ErrorCode reason) {
  fact_.outcome = events::Outcome::kQuarantined;
  fact_.reason = reason;
  return *this;
}
Telling& Telling::Erased() {
  fact_ = projections::Erased(std::move(fact_));
  return *this;
}

Telling Story::Tell(std::string_view id, std::string_view type,
                    std::initializer_list<Field> fields) {
  const events::TypeInfo* info = events::FindType("fi.oppiloki." + std::string(type) + ".v1");
  OPPI_CHECK(info != nullptr);
  Fact fact;
  fact.position = LeafIndex(facts_.size());
  fact.recorded = facts_.empty() ? T("2018-01-01T00:00:00Z") : facts_.back().recorded + kMinute;
  fact.event = events::MakeEvent(info->type);
  fact.event.id = id;
  fact.event.time = fact.recorded;
  if (info->subject == events::SubjectRule::kAbsent) {
    fact.publisher = "registrar";
    fact.event.source = "urn:oid:1.2.246.562.10.1/registrar";
  } else {
    fact.publisher = "sis";
    fact.event.source = "urn:oid:1.2.246.562.10.1/sis";
    fact.event.subject = "L1";
    fact.event.controller = "K";
  }
  fact.key = fact.publisher + "-key1";
  for (const Field& field : fields) Set(fact.event, field);
  facts_.push_back(std::move(fact));
  return Telling(facts_.back());
}

projections::View Story::Now(std::string_view at) const {
  return {.at = T(at), .size = TreeSize(facts_.size())};
}

projections::View Story::KnownAfter(std::string_view id, std::string_view at) const {
  return {.at = T(at), .size = SizeAfter(Find(id).position)};
}

const projections::Fact& Story::Find(std::string_view id) const {
  const auto found = std::find_if(facts_.begin(), facts_.end(),
                                  [&](const Fact& fact) { return fact.event.id == id; });
  OPPI_CHECK(found != facts_.end());
  return *found;
}

}  // namespace oppi::tests
