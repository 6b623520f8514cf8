#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/batch.h"
#include "events/bytes.h"
#include "events/event.h"
#include "events/outcome.h"
#include "events/time.h"

/// Other people's records become our events: what every codec of a foreign format gives and takes.
/// Pure: the same record and options always give the same events, byte for byte once encoded, so
/// that publishing a file twice gives only duplicates.

namespace oppi::events {

enum class Format : std::uint8_t {
  kUnknown,
  kNative,     // our own CloudEvents JSON: published as it is, never translated
  kXapi,       // events/codec/xapi.h
  kCaliper,    // events/codec/caliper.h
  kOneRoster,  // events/codec/oneroster.h: a set of CSV files
  kKoski,      // events/codec/koski.h
  kAudit,      // events/codec/varda_audit.h
};
/// "native", "xapi", "caliper", "oneroster", "koski", "audit"; "" for kUnknown.
[[nodiscard]] std::string_view FormatName(Format format);
[[nodiscard]] std::optional<Format> ParseFormat(std::string_view name);

/// What one record (or whole document) is, from its own content. kUnknown when nothing fits.
[[nodiscard]] Format DetectFormat(ByteView record);

/// What the publisher adds to a record; the record itself cannot say these things.
struct TranslateOptions {
  std::string source;      // urn:oid:<organisation OID>/<system>, one of the publisher's own
  std::string controller;  // organisation OID that is responsible where a record names none
  /// Secret of the publisher, mixed into every pseudonym that is made from a name, an address or a
  /// personal identity code: without it, whoever can list all identity codes can undo the
  /// pseudonym. Has to stay the same, or the same learner becomes somebody else.
  std::string pseudonym_key;
  /// Instant for records that tell no time of their own; absent: such records are refused.
  std::optional<Instant> received;
  /// Purpose code of reads that a foreign audit log tells nothing about.
  std::string purpose = "EDU";
  /// Right of those whom a roster calls guardians: INFO, or DECIDE where the controller knows that
  /// its rosters tell custody.
  std::string guardian_right = "INFO";
  DecodeOptions decode;  // what Validate is asked to enforce
};

/// Why a record became nothing. Never holds a value out of the record.
struct Refused {
  ErrorCode code = ErrorCode::kMalformed;
  std::uint64_t record = 0;  // its number in the input, from 0
  std::string member;        // where, in the record's own words: "actor.mbox"
  friend bool operator==(const Refused&, const Refused&) = default;
};
/// "record 17: FIELD_TYPE: actor.mbox"
[[nodiscard]] std::string Describe(const Refused& refused);

/// All or nothing: a refused record has neither events nor attachments.
struct Translated {
  std::vector<Event> events;
  std::vector<Attachment> attachments;  // original documents, kept as evidence
  std::optional<Refused> refused;
  /// Grades on scales outside the vocabulary's closed set (vocational 1-5, IB, DIA,
  /// matriculation...) and recognised studies without a scope: true only in the original document,
  /// so kept only there.
  std::uint32_t unmapped_grades = 0;
  std::uint32_t unmapped_credits = 0;
  /// Caliper entities that came without an event.
  std::uint32_t unmapped_entities = 0;
};

/// One record of a format that is read record by record: xAPI statement, Caliper event or envelope,
/// Koski document, audit line. `number` is used in a refusal only. Any thread.
[[nodiscard]] Translated Translate(Format format, ByteView record, std::uint64_t number,
                                   const TranslateOptions& options);

}  // namespace oppi::events
