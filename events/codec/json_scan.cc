#include "events/codec/json_scan.h"

namespace oppi::events {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t SkipSpace(ByteView json, std::size_t at) {
  while (at < json.size() && IsSpace(json[at])) ++at;
  return at;
}

/// Past the string whose opening quote is at `at`.
std::size_t SkipString(ByteView json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '"') return at + 1;
    if (json[at] == '\\') ++at;
  }
  return json.size();
}

std::size_t SkipValue(ByteView json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    switch (json[at]) {
      case '"':
        at = SkipString(json, at);
        break;
      case '{':
      case '[':
        ++depth;
        ++at;
        continue;
      case '}':
      case ']':
        if (depth == 0) return at;  // the end of what the value lies in
        --depth;
        ++at;
        break;
      case ',':
        if (depth == 0) return at;
        ++at;
        continue;
      default:  // white space and colons inside, or a number or literal
        if (depth == 0 && IsSpace(json[at])) return at;
        ++at;
        continue;
    }
    if (depth == 0) return at;
  }
  return json.size();
}

}  // namespace

ByteView NthMemberValue(ByteView object, std::size_t n) {
  std::size_t at = SkipSpace(object, 0);
  for (std::size_t member = 0; at < object.size(); ++member) {
    at = SkipSpace(object, at + 1);  // past '{' or ','
    at = SkipSpace(object, SkipString(object, at));
    at = SkipSpace(object, at + 1);  // past ':'
    if (at >= object.size()) break;
    const std::size_t end = SkipValue(object, at);
    if (member == n) return object.substr(at, end - at);
    at = SkipSpace(object, end);
  }
  return {};
}

void AppendJsonString(Bytes& out, ByteView text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0;  // start of what is not written yet
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out.push_back('\\');
    switch (c) {
      case '"':
        out.push_back('"');
        break;
      case '\\':
        out.push_back('\\');
        break;
      case '\n':
        out.push_back('n');
        break;
      case '\r':
        out.push_back('r');
        break;
      case '\t':
        out.push_back('t');
        break;
      default:
        out.append("u00");
        out.push_back(kHex[c >> 4]);
        out.push_back(kHex[c & 15]);
    }
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

}  // namespace oppi::events
