#include "events/codec/web_forms.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace oppi::events {
namespace {

bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlnum(char c) { return IsAlpha(c) || IsDigit(c); }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <class Predicate>
bool All(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool IsVariant(std::string_view tag) {
  return All(tag, IsAlnum) &&
         ((tag.size() >= 5 && tag.size() <= 8) || (tag.size() == 4 && IsDigit(tag[0])));
}

/// x-something: anything private.
bool IsPrivateUse(const std::vector<std::string_view>& tags, std::size_t at) {
  if (at + 1 >= tags.size() || (tags[at] != "x" && tags[at] != "X")) return false;
  return std::all_of(tags.begin() + static_cast<std::ptrdiff_t>(at) + 1, tags.end(),
                     [](std::string_view t) { return t.size() <= 8 && All(t, IsAlnum); });
}

/// i-klingon and the like, registered before the grammar.
bool IsGrandfathered(const std::vector<std::string_view>& tags) {
  return tags.size() >= 2 && tags[0].size() == 1 && (tags[0][0] == 'i' || tags[0][0] == 'I') &&
         std::all_of(tags.begin() + 1, tags.end(), [](std::string_view t) {
           return t.size() >= 2 && t.size() <= 8 && All(t, IsAlnum);
         });
}

/// One part of a duration, digits with at most one fraction, then its letter; moves past it.
bool TakePart(std::string_view& text, char letter, bool& fraction) {
  std::size_t at = 0;
  while (at < text.size() && IsDigit(text[at])) ++at;
  if (at == 0) return false;
  const std::size_t whole = at;
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    ++at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    if (at == whole + 1) return false;
  }
  if (at >= text.size() || text[at] != letter) return false;
  fraction = at > whole;
  text.remove_prefix(at + 1);
  return true;
}

}  // namespace

bool IsIri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  if (!IsAlpha(text[0])) return false;
  const bool scheme = All(text.substr(0, colon),
                          [](char c) { return IsAlnum(c) || c == '+' || c == '-' || c == '.'; });
  return scheme && All(text.substr(colon + 1), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte > 0x20 && byte != 0x7f &&
                  std::string_view("<>\"{}|\\^`").find(c) == std::string_view::npos;
         });
}

bool IsLanguageTag(std::string_view text) {
  const auto tags = Split(text, '-');
  if (IsPrivateUse(tags, 0) || IsGrandfathered(tags)) return true;
  std::size_t at = 0;
  const auto here = [&tags, &at](std::size_t min, std::size_t max, bool (*kind)(char)) {
    return at < tags.size() && tags[at].size() >= min && tags[at].size() <= max &&
           All(tags[at], kind);
  };
  if (!here(2, 8, IsAlpha)) return false;
  const bool short_language = tags[at].size() <= 3;
  ++at;
  for (int extended = 0; short_language && extended < 3 && here(3, 3, IsAlpha); ++extended) ++at;
  if (here(4, 4, IsAlpha)) ++at;                         // script
  if (here(2, 2, IsAlpha) || here(3, 3, IsDigit)) ++at;  // region
  while (at < tags.size() && IsVariant(tags[at])) ++at;
  while (here(1, 1, IsAlnum) && tags[at] != "x" && tags[at] != "X") {  // extensions
    ++at;
    if (!here(2, 8, IsAlnum)) return false;
    while (here(2, 8, IsAlnum)) ++at;
  }
  return at == tags.size() || IsPrivateUse(tags, at);
}

bool IsUuidText(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

bool IsDuration(std::string_view text) {
  if (text.size() < 3 || text[0] != 'P') return false;
  text.remove_prefix(1);
  bool fraction = false;
  std::string_view weeks = text;
  if (TakePart(weeks, 'W', fraction)) return weeks.empty();
  bool any = false;
  for (const char letter : {'Y', 'M', 'D'})
    if (!fraction && TakePart(text, letter, fraction)) any = true;
  if (text.empty()) return any;
  if (fraction || text[0] != 'T') return false;
  text.remove_prefix(1);
  any = false;
  for (const char letter : {'H', 'M', 'S'})
    if (!fraction && TakePart(text, letter, fraction)) any = true;
  return any && text.empty();
}

bool IsMediaType(std::string_view text) {
  const auto token = [](std::string_view part) {
    return All(part, [](char c) {
      return IsAlnum(c) || std::string_view("!#$&-^_.+*'%`|~").find(c) != std::string_view::npos;
    });
  };
  text = text.substr(0, text.find(';'));
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && token(text.substr(0, slash)) &&
         token(text.substr(slash + 1));
}

bool IsMailto(std::string_view text) {
  if (!text.starts_with("mailto:")) return false;
  const std::string_view address = text.substr(7);
  const std::size_t at = address.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < address.size() &&
         All(address,
             [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte > 0x20 && byte != 0x7f && c != ',' && c != '<' && c != '>';
             }) &&
         address.substr(0, at).find('@') == std::string_view::npos;
}

}  // namespace oppi::events
