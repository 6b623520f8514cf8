#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "projections/fact.h"

/// Small builders for stories: facts as they lie in the log, told in one line each.
///
///   Story story;
///   story.Tell("g1", "grade.course_assessed", {{"course", "MA1"}, {"grade", "8"}})
///       .At("2026-01-15T08:00:00Z").Corrects("g0");
///
/// Ids are labels, not UUIDs; persons and organisations too: folds do not look inside them.
/// Positions count from 0, an instant that is not given is a minute after the fact before.

namespace oppi::tests {

/// A field and its value. Instants and dates are written as text; the field's type decides.
struct Field {
  std::string_view name;
  std::variant<std::string, std::int64_t, std::vector<std::string>> value;

  Field(std::string_view field, const char* text) : name(field), value(std::string(text)) {}
  Field(std::string_view field, std::string text) : name(field), value(std::move(text)) {}
  Field(std::string_view field, int number) : name(field), value(std::int64_t{number}) {}
  Field(std::string_view field, std::int64_t number) : name(field), value(number) {}
  Field(std::string_view field, std::vector<std::string> list)
      : name(field), value(std::move(list)) {}
};

/// "2026-01-15T08:00:00Z" -> Instant; the text must be right.
[[nodiscard]] Instant T(std::string_view text);
[[nodiscard]] Date D(std::string_view text);

/// The fact told last, to say more of it.
class Telling {
 public:
  explicit Telling(projections::Fact& fact) : fact_(fact) {}
  Telling& At(std::string_view instant);        // recorded then, and happened then
  Telling& Happened(std::string_view instant);  // `time`
  Telling& Recorded(std::string_view instant);
  Telling& From(std::string_view instant);   // `validfrom`
  Telling& Until(std::string_view instant);  // `validto`
  Telling& Subject(std::string_view person);
  Telling& Others(std::vector<std::string> persons);
  Telling& Controller(std::string_view organisation);
  Telling& By(std::string_view publisher, std::string_view key = {});
  Telling& Corrects(std::string_view id);
  Telling& Annuls(std::string_view id);
  Telling& Anchored(std::string_view instant);
  Telling& Quarantined(events::ErrorCode reason);
  Telling& Erased();  // the content goes; how stories say "after the erasure"
  [[nodiscard]] const projections::Fact& fact() const { return fact_; }

 private:
  projections::Fact& fact_;
};

class Story {
 public:
  /// `type` without prefix and suffix: "consent.given". Registry types get no subject or controller
  /// and the publisher "registrar"; the others are about L1, from K, by "sis", with "sis-key1".
  Telling Tell(std::string_view id, std::string_view type,
               std::initializer_list<Field> fields = {});

  [[nodiscard]] const projections::Facts& facts() const { return facts_; }
  [[nodiscard]] projections::Facts& facts() { return facts_; }
  /// Everything told, valid at the instant.
  [[nodiscard]] projections::View Now(std::string_view at = "2030-01-01T00:00:00Z") const;
  /// What was known right after the fact `id`.
  [[nodiscard]] projections::View KnownAfter(std::string_view id,
                                             std::string_view at = "2030-01-01T00:00:00Z") const;
  [[nodiscard]] const projections::Fact& Find(std::string_view id) const;

 private:
  projections::Facts facts_;
};

}  // namespace oppi::tests
