#pragma once

#include <string>
#include <string_view>

/// What FHIR's primitive types can hold of a text that may hold anything.

namespace oppi::projections {

/// As `string`: control characters are replaced by U+FFFD; "" for a text of white space alone,
/// which FHIR does not allow.
[[nodiscard]] std::string FhirString(std::string_view text);
/// `code`: no white space at the ends, none doubled, nothing but spaces of it, no control
/// characters.
[[nodiscard]] bool IsFhirCode(std::string_view text);
/// `id`: [A-Za-z0-9.-]{1,64}.
[[nodiscard]] bool IsFhirId(std::string_view text);

/// System and code of a Coding.
struct FhirCoding {
  std::string system;
  std::string code;
};
/// A code of ours: in the system "urn:oppiloki:<kind>", or as a URI when it is no `code`.
[[nodiscard]] FhirCoding OurFhirCoding(std::string_view kind, std::string_view code);

inline constexpr std::string_view kUriIdentifiers = "urn:ietf:rfc:3986";
inline constexpr std::string_view kDataAbsentReason =
    "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

}  // namespace oppi::projections
