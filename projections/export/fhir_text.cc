#include "projections/export/fhir_text.h"

#include <algorithm>

#include "projections/export/identifiers.h"

namespace oppi::projections {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
/// White space outside ASCII as well: U+0085, U+00A0, U+1680, U+2000-U+200B, U+2028, U+2029,
/// U+202F, U+205F, U+3000, U+FEFF. A text of these alone says nothing.
std::size_t SpaceAt(std::string_view text) {
  static constexpr std::string_view kWide[] = {
      "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
      "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
      "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b",
      "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
      "\xef\xbb\xbf"};
  if (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r')) return 1;
  for (const std::string_view wide : kWide)
    if (text.starts_with(wide)) return wide.size();
  return 0;
}

bool IsBlank(std::string_view text) {
  while (!text.empty()) {
    const std::size_t space = SpaceAt(text);
    if (space == 0) return false;
    text.remove_prefix(space);
  }
  return true;
}

}  // namespace

std::string FhirString(std::string_view text) {
  if (IsBlank(text)) return {};
  std::string clean;
  clean.reserve(text.size());
  for (const char c : text) {
    if (IsControl(c) && c != '\t' && c != '\n' && c != '\r')
      clean += kReplacement;
    else
      clean += c;
  }
  return clean;
}

bool IsFhirCode(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.find("  ") != std::string_view::npos) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsControl(text[i])) return false;
    if (text[i] != ' ' && SpaceAt(text.substr(i)) != 0) return false;
  }
  return true;
}

FhirCoding OurFhirCoding(std::string_view kind, std::string_view code) {
  if (IsFhirCode(code)) return {"urn:oppiloki:" + std::string(kind), std::string(code)};
  return {std::string(kUriIdentifiers), OppilokiUri(kind, code)};
}

bool IsFhirId(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

}  // namespace oppi::projections
