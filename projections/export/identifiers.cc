#include "projections/export/identifiers.h"

#include <algorithm>

#include "events/bytes.h"
#include "events/digest.h"

namespace oppi::projections {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsUnreserved(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// Numbers between dots, none with a leading zero.
bool IsOid(std::string_view text) {
  std::size_t arcs = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view arc = text.substr(0, dot);
    if (arc.empty() || !std::all_of(arc.begin(), arc.end(), IsDigit)) return false;
    if (arc.size() > 1 && arc[0] == '0') return false;
    ++arcs;
    if (dot == std::string_view::npos) return arcs > 1;
    text.remove_prefix(dot + 1);
  }
}

void AppendEncoded(std::string& uri, std::string_view name) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : name) {
    if (IsUnreserved(c)) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kHex[byte >> 4];
    uri += kHex[byte & 15];
  }
}

constexpr std::string_view kUuid = "urn:uuid:";
constexpr std::string_view kOid = "urn:oid:";

}  // namespace

std::string OppilokiUri(std::string_view kind, std::string_view name) {
  std::string uri = "urn:oppiloki:" + std::string(kind) + ":";
  AppendEncoded(uri, name);
  return uri;
}

std::string NoticeUri(std::string_view notice, std::string_view version) {
  std::string uri = OppilokiUri("notice", notice) + ":";
  AppendEncoded(uri, version);
  return uri;
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !IsLowerHex(text[i])) return false;
  }
  return true;
}

std::string_view LanguageTag(std::string_view language) {
  return language.empty() || language == "other" ? std::string_view("und") : language;
}

std::string EventUri(std::string_view id) {
  return IsUuid(id) ? std::string(kUuid) + std::string(id) : OppilokiUri("event", id);
}

std::string PersonUri(std::string_view person) {
  const bool oid = person.starts_with(kOid) && IsOid(person.substr(kOid.size()));
  const bool uuid = person.starts_with(kUuid) && IsUuid(person.substr(kUuid.size()));
  return oid || uuid ? std::string(person) : OppilokiUri("person", person);
}

std::string OrganisationUri(std::string_view organisation) {
  return IsOid(organisation) ? std::string(kOid) + std::string(organisation)
                             : OppilokiUri("organisation", organisation);
}

std::string HashUri(std::string_view hash) {
  const auto digest = ParseHashText(hash);
  if (!digest) return {};
  return "ni:///sha-256;" + ToBase64Url(digest->view());
}

}  // namespace oppi::projections
