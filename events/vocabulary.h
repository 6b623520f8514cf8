#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "events/check.h"

/// The vocabulary as one table: every event type with its class, fields, feeds and correction kind.
/// The table in vocabulary_table.inc is the specification's section 7, row by row; everything that
/// reads or writes events (native JSON, FlatBuffers, validation, folds) is driven by it.

namespace oppi::events {

/// Sensitivity classes, vocabulary section 4. S0 < S1 < S2 < S3 < S4; C and A stand apart.
enum class Sensitivity : std::uint8_t { kS0, kS1, kS2, kS3, kS4, kC, kA };
[[nodiscard]] std::string_view SensitivityName(Sensitivity s);
[[nodiscard]] std::optional<Sensitivity> ParseSensitivity(std::string_view text);

/// Section 5. kNone is a publisher that is not registered.
enum class Role : std::uint8_t {
  kNone, kProvider, kIdentity, kPortal, kVendor, kGateway, kDpo, kRegistrar, kLedger
};
[[nodiscard]] std::string_view RoleName(Role role);
[[nodiscard]] std::optional<Role> ParseRole(std::string_view text);

/// Field types of section 1.
enum class FieldType : std::uint8_t {
  kStr, kText, kInt, kBool, kDec, kDate, kTime, kPerson, kOrg, kRef, kHash, kCode, kObject,
  kStrList, kRefList, kCodeList,
};
[[nodiscard]] constexpr bool IsList(FieldType t) {
  return t == FieldType::kStrList || t == FieldType::kRefList || t == FieldType::kCodeList;
}
/// Stored as a number: kInt, kBool (0/1), kDate (days), kTime (microseconds).
[[nodiscard]] constexpr bool IsNumber(FieldType t) {
  return t == FieldType::kInt || t == FieldType::kBool || t == FieldType::kDate || t == FieldType::kTime;
}

/// A closed code set of section 8, or one that is checked elsewhere (open == true: KUNTA, SUBJECT,
/// SRKIND come from published sets; PURPOSE, CATEGORY from the policy pack).
struct CodeSet {
  std::string_view name;
  std::span<const std::string_view> codes;
  bool open = false;
};

struct FieldInfo {
  std::string_view name;
  FieldType type;
  bool required = false;
  const CodeSet* codes = nullptr;  // kCode, kCodeList
};

/// Correction kinds of section 3, as bits.
enum CorrectionKind : std::uint8_t { kSup = 1, kAnn = 2, kClo = 4, kRev = 8, kNew = 16 };

/// Which projections an event feeds, section 6, as bits.
enum Feed : std::uint16_t {
  kFeedLR = 1, kFeedSR = 2, kFeedRO = 4, kFeedAT = 8, kFeedGR = 16, kFeedLA = 32, kFeedSU = 64,
  kFeedCE = 128, kFeedCO = 256, kFeedAU = 512, kFeedKR = 1024, kFeedER = 2048, kFeedAll = 4095,
};

/// One enumerator per type, in the order of section 7 (its number is stable: views and the compact
/// codec store it; append only).
enum class EventType : std::uint8_t {
#define OPPI_TYPE(enumerator, ...) enumerator,
#include "events/vocabulary_types.inc"
#undef OPPI_TYPE
};
inline constexpr std::size_t kEventTypes = 77;

/// Whether an event of the type names a data subject.
enum class SubjectRule : std::uint8_t { kRequired, kOptional, kAbsent };

struct TypeInfo {
  EventType type;
  std::string_view group;      // "consent"
  std::string_view name;       // "consent.given"
  std::string_view full_name;  // "fi.oppiloki.consent.given.v1"
  Sensitivity sensitivity;     // lowest class an event of this type may carry
  bool class_of_target = false;  // ledger.fact_annulled: the class of what it annuls
  bool several_persons = false;  // marked +
  bool period = false;           // marked P: validfrom, validto allowed
  SubjectRule subject;
  std::uint16_t feeds;   // Feed bits
  std::uint8_t kinds;    // CorrectionKind bits
  std::span<const FieldInfo> fields;
};

[[nodiscard]] const TypeInfo& InfoOf(EventType type);
/// By full name; nullptr when the vocabulary has no such type.
[[nodiscard]] const TypeInfo* FindType(std::string_view full_name);
[[nodiscard]] std::span<const TypeInfo> AllTypes();

/// Index of a field in its type's table; nullopt when the type has no such field.
[[nodiscard]] std::optional<std::size_t> FieldIndex(const TypeInfo& info, std::string_view name);

/// Section 5: may a publisher of `role` publish `type`? (Narrowing by key is checked elsewhere.)
[[nodiscard]] bool RoleMayPublish(Role role, EventType type);

[[nodiscard]] bool CodeKnown(const CodeSet& set, std::string_view code);

}  // namespace oppi::events
