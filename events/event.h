#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/bytes.h"
#include "events/outcome.h"
#include "events/result.h"
#include "events/time.h"
#include "events/vocabulary.h"

/// One event as a value, whatever encoding it came in: envelope and the fields of its type.
/// The bytes that somebody signed are kept beside it, never made from it.

namespace oppi::events {

/// Value of one field. Which member is used follows from the field's type: numbers (int, bool, date,
/// time) in `number`; str, text, dec, person, org, ref, hash, code in `text`; `object` as its JSON
/// text in `text`; lists in `list`. `present` false: the optional field was left out.
struct FieldValue {
  bool present = false;
  std::int64_t number = 0;
  std::string text;
  std::vector<std::string> list;
  friend bool operator==(const FieldValue&, const FieldValue&) = default;
};

struct Anchor {
  std::uint64_t size = 0;
  std::string root;  // 64 hex digits
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

/// vocabulary section 1. Text members are exactly what the envelope said; empty = left out.
struct Event {
  EventType type{};
  std::string id;      // UUIDv7, 36 characters
  std::string source;  // urn:oid:<organisation>/<system>
  std::string subject;
  std::vector<std::string> other_subjects;  // ascending, no repeats
  Instant time;
  std::optional<Instant> valid_from;
  std::optional<Instant> valid_to;
  std::string controller;
  std::string on_behalf_of;
  Sensitivity sensitivity{};
  std::string basis;
  std::string purpose;
  std::string corrects;
  std::string annuls;
  std::string causation;
  std::string correlation;
  std::optional<std::int64_t> expected_count;
  std::optional<Anchor> anchor;
  std::vector<FieldValue> fields;  // one per field of the type, in table order

  friend bool operator==(const Event&, const Event&) = default;

  /// Valid time V: `validfrom` if present, else `time`.
  [[nodiscard]] Instant V() const { return valid_from.value_or(time); }
  [[nodiscard]] const TypeInfo& info() const { return InfoOf(type); }

  /// Field by name. The type must have that field (programmer error otherwise).
  [[nodiscard]] const FieldValue& at(std::string_view field) const;
  [[nodiscard]] FieldValue& at(std::string_view field);
  /// nullptr when the type has no such field, or the event left it out.
  [[nodiscard]] const FieldValue* find(std::string_view field) const;
  /// Shorthands on `find`: empty, zero, false when absent.
  [[nodiscard]] std::string_view text(std::string_view field) const;
  [[nodiscard]] std::int64_t number(std::string_view field) const;
  [[nodiscard]] bool has(std::string_view field) const { return find(field) != nullptr; }
  [[nodiscard]] const std::vector<std::string>& list(std::string_view field) const;

  /// Setters for makers of events; the type must have the field.
  Event& SetText(std::string_view field, std::string value);
  Event& SetNumber(std::string_view field, std::int64_t value);
  Event& SetList(std::string_view field, std::vector<std::string> value);

  /// subject first, then other_subjects: everybody whose stream the event enters.
  [[nodiscard]] std::vector<std::string_view> Subjects() const;
  /// Under whose key the body is sealed first: the subject, or for events about no single person
  /// "org:<controller>", or "org:ledger" when there is no controller either.
  [[nodiscard]] std::string KeyOwner() const;
};

/// An empty event of the type, fields sized, class set to the type's own.
[[nodiscard]] Event MakeEvent(EventType type);

/// How foreign event bytes are encoded.
enum class Encoding : std::uint8_t { kJson = 1, kFlatBuffers = 2 };

struct DecodeOptions {
  bool check_digits = true;    // tenant setting `check_digits`
  bool full_fields = true;     // false (rehearsal): absent required fields are allowed
};

/// What decoding found. Later rules come before earlier-decoded facts in the order of section 9 (a
/// duplicate is a success even if it would be refused today), so decoding never stops the road: it
/// names the first violated rule that needs nothing but the bytes, and keeps what it could read.
struct Decoded {
  ErrorCode error = ErrorCode::kNone;  // kTooLarge ... kTooManySubjects
  std::string member;                  // the offending member's name, never its value
  std::string source;                  // as far as readable; empty otherwise
  std::string id;
  const TypeInfo* type = nullptr;      // nullptr: unknown
  Event event;                         // meaningful only if error == kNone
};

/// Strict decoding of foreign bytes, sections 1, 2, 4, 7, 8: bounded, no recursion beyond
/// kJsonDepthMax, never throws, any thread.
[[nodiscard]] Decoded Decode(ByteView bytes, Encoding encoding, const DecodeOptions& options = {});

/// The checks of sections 1, 2, 4, 7, 8 on an event value, shared by every codec.
/// kNone or the first violated rule, `member` set.
[[nodiscard]] ErrorCode Validate(const Event& event, const DecodeOptions& options, std::string& member);

/// CloudEvents JSON of the profile, members in the order of section 1, no white space. For events
/// that we make ourselves; never used on what somebody else signed.
[[nodiscard]] std::string EncodeJson(const Event& event);
/// FlatBuffers form of the same (events/schema/envelope.fbs).
[[nodiscard]] Bytes EncodeFlatBuffer(const Event& event);

/// Compact binary form for views: everything but `object` and `text` fields (those are opened from
/// the body when an answer needs them). Canonical: equal events, equal bytes.
[[nodiscard]] Bytes EncodeCompact(const Event& event);
[[nodiscard]] Result<Event> DecodeCompact(ByteView bytes);

/// A personal identity code (\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]) standing as a word of its own.
[[nodiscard]] bool ContainsPersonalCode(ByteView text);

}  // namespace oppi::events
