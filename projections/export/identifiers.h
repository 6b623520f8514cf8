#pragma once

#include <string>
#include <string_view>

/// How things are named outside this ledger: as URIs, where the ledger itself has a code or an id.

namespace oppi::projections {

/// "urn:oppiloki:<kind>:<name>", the name percent-encoded (RFC 3986) but for unreserved characters.
[[nodiscard]] std::string OppilokiUri(std::string_view kind, std::string_view name);
/// "urn:uuid:..." for an event id; what is no UUID becomes an OppilokiUri.
[[nodiscard]] std::string EventUri(std::string_view id);
/// A person id as it is (urn:oid:..., urn:uuid:...), else an OppilokiUri.
[[nodiscard]] std::string PersonUri(std::string_view person);
/// "urn:oid:<oid>" of an organisation, else an OppilokiUri.
[[nodiscard]] std::string OrganisationUri(std::string_view organisation);
/// "urn:oppiloki:notice:<notice>:<version>".
[[nodiscard]] std::string NoticeUri(std::string_view notice, std::string_view version);
/// "ni:///sha-256;..." (RFC 6920): the document that has this hash. "" for what is no "sha256:"
/// hash.
[[nodiscard]] std::string HashUri(std::string_view hash);

/// A LANG code as ISO 639 has it; "und" (undetermined) for one that was not told or is not named.
[[nodiscard]] std::string_view LanguageTag(std::string_view language);

[[nodiscard]] bool IsUuid(std::string_view text);  // lower-case, 36 characters

}  // namespace oppi::projections
