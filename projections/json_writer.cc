#include "projections/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace oppi::projections {
namespace {

/// Offset of the first byte that cannot stand in a string as it is; the size when there is none.
std::size_t PlainPrefix(std::string_view text) {
  const auto special = [](char c) { return static_cast<unsigned char>(c - 0x20) >= 0x60 || c == '"' || c == '\\'; };
  return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), special) - text.begin());
}

/// Length of the UTF-8 sequence of more than one byte that `text` begins with; 0 when it is none. Of
/// three bytes at most: rarer ones are left to the library.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [at](std::size_t i) { return (at(i) & 0xc0U) == 0x80; };
  if (at(0) >= 0xc2 && at(0) <= 0xdf && follows(1)) return 2;
  const bool overlong = at(0) == 0xe0 && at(1) < 0xa0;
  const bool surrogate = at(0) == 0xed && at(1) >= 0xa0;
  if ((at(0) & 0xf0U) == 0xe0 && follows(1) && follows(2) && !overlong && !surrogate) return 3;
  return 0;
}

/// False: something that is rare enough to leave to the library; `out` is as it was.
bool AppendQuoted(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out += '"';
  while (!text.empty()) {
    std::size_t plain = PlainPrefix(text);
    if (plain == 0) plain = SequenceLength(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (plain != 0) continue;
    const char c = text.front();
    if (c != '\n' && c != '"' && c != '\\') {
      out.resize(before);
      return false;
    }
    out += '\\';
    out += c == '\n' ? 'n' : c;
    text.remove_prefix(1);
  }
  out += '"';
  return true;
}

}  // namespace

void JsonWriter::Comma() {
  // No value ends in any of these: texts end in a quote.
  if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':') out_ += ',';
}

JsonWriter& JsonWriter::Open(char bracket) {
  Comma();
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Name(std::string_view name) {
  Text(name);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  Comma();
  if (AppendQuoted(out_, text)) return *this;
  out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return *this;
}

JsonWriter& JsonWriter::Texts(const std::vector<std::string>& texts) {
  Open('[');
  for (const std::string& text : texts) Text(text);
  return Close(']');
}

JsonWriter& JsonWriter::Number(std::uint64_t number) {
  Comma();
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out_.append(digits.data(), end);
  return *this;
}

JsonWriter& JsonWriter::True() { return Json("true"); }
JsonWriter& JsonWriter::Null() { return Json("null"); }

JsonWriter& JsonWriter::Json(std::string_view json) {
  Comma();
  out_ += json;
  return *this;
}

}  // namespace oppi::projections
