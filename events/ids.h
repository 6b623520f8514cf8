#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "events/bytes.h"
#include "events/entropy.h"
#include "events/time.h"

/// Identifiers of vocabulary section 2: form and check digits.

namespace oppi::events {

/// UUIDv7, lower-case, 36 characters.
[[nodiscard]] bool IsUuidV7(std::string_view text);
[[nodiscard]] bool IsUuidV4(std::string_view text);
/// Any lower-case UUID text of 36 characters.
[[nodiscard]] bool IsUuid(std::string_view text);
/// The 16 bytes of a UUID, and its text. UuidBytes requires IsUuid(text), UuidText 16 bytes.
inline constexpr std::size_t kUuidBytes = 16;
[[nodiscard]] std::array<char, kUuidBytes> UuidBytes(std::string_view text);
[[nodiscard]] std::string UuidText(ByteView bytes);
[[nodiscard]] std::string MakeUuidV7(Instant now, Entropy& entropy);
/// A UUIDv7-shaped id made from a name alone (SHA-256 of domain and name): foreign records that have
/// their own identity get the same event id each time they are imported.
[[nodiscard]] std::string UuidV7FromName(std::string_view domain, std::string_view name);
/// The same with the version bits of v4, for pseudonyms.
[[nodiscard]] std::string UuidV4FromName(std::string_view domain, std::string_view name);

enum class IdCheck : std::uint8_t { kOk, kForm, kCheckDigit };

/// urn:oid:1.2.246.562.24.<11 digits> (check digit: weights 7,3,1 from the right) or urn:uuid:<UUIDv4>.
[[nodiscard]] IdCheck CheckPerson(std::string_view text, bool check_digits);
/// Organisation OID 1.2.246.562.10.<digits>, Luhn.
[[nodiscard]] IdCheck CheckOrganisation(std::string_view text, bool check_digits);
/// Study right OID 1.2.246.562.15.<digits>, Luhn, where the text has that form at all.
[[nodiscard]] IdCheck CheckStudyRight(std::string_view text, bool check_digits);
/// Source: urn:oid:<organisation OID>/<system>, system [a-z0-9-]{1,32}.
[[nodiscard]] IdCheck CheckSource(std::string_view text, bool check_digits);

/// Node number with its check digit appended, for makers of test data: "1.2.246.562.24.<10><check>".
[[nodiscard]] std::string PersonOid(std::uint64_t number);
[[nodiscard]] std::string OrganisationOid(std::uint64_t number);
[[nodiscard]] std::string StudyRightOid(std::uint64_t number);

}  // namespace oppi::events
