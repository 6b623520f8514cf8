#pragma once

#include <string_view>

/// Forms that the activity formats of others (xAPI, Caliper) share: strict where their
/// specifications are, never resolving anything.

namespace oppi::events {

/// Absolute: scheme, colon, something, and no character that RFC 3987 excludes.
[[nodiscard]] bool IsIri(std::string_view text);
/// RFC 5646, well-formed (subtags of the right shape in the right order; not looked up).
[[nodiscard]] bool IsLanguageTag(std::string_view text);
/// 8-4-4-4-12 hex digits in either case.
[[nodiscard]] bool IsUuidText(std::string_view text);
/// ISO 8601 duration: P with years to seconds in order, or weeks alone; fractions on the last part.
[[nodiscard]] bool IsDuration(std::string_view text);
/// type/subtype of RFC 2045, parameters unread.
[[nodiscard]] bool IsMediaType(std::string_view text);
/// "mailto:" and one address.
[[nodiscard]] bool IsMailto(std::string_view text);

}  // namespace oppi::events
