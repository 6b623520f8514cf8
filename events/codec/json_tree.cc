#include "events/codec/json_tree.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "events/limits.h"

namespace oppi::events {

static_assert(JsonLimits{}.depth_max == kJsonDepthMax);

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  Parser(ByteView text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  bool Document(Json& out) {
    SkipSpace();
    if (!Value(out, 1)) return false;
    SkipSpace();
    return at_ == text_.size();
  }

 private:
  [[nodiscard]] bool End() const { return at_ >= text_.size(); }
  [[nodiscard]] char Peek() const { return End() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (End() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void SkipSpace() {
    while (!End() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  bool Value(Json& out, std::size_t depth) {
    if (depth > limits_.depth_max || ++values_ > limits_.values_max) return false;
    const std::size_t begin = at_;
    bool ok = false;
    switch (Peek()) {
      case '{':
        out.kind = Json::Kind::kObject;
        ok = Object(out, depth);
        break;
      case '[':
        out.kind = Json::Kind::kArray;
        ok = Array(out, depth);
        break;
      case '"':
        out.kind = Json::Kind::kString;
        ok = String(out.text);
        break;
      case 't':
        out.kind = Json::Kind::kBool;
        out.truth = true;
        ok = Word("true");
        break;
      case 'f':
        out.kind = Json::Kind::kBool;
        ok = Word("false");
        break;
      case 'n':
        out.kind = Json::Kind::kNull;
        ok = Word("null");
        break;
      default:
        out.kind = Json::Kind::kNumber;
        ok = Number();
    }
    out.raw = text_.substr(begin, at_ - begin);
    return ok;
  }

  bool Object(Json& out, std::size_t depth) {
    Take('{');
    SkipSpace();
    if (Take('}')) return true;
    do {
      SkipSpace();
      std::string name;
      if (Peek() != '"' || !String(name)) return false;
      SkipSpace();
      if (!Take(':')) return false;
      SkipSpace();
      out.names.push_back(std::move(name));
      if (!Value(out.items.emplace_back(), depth + 1)) return false;
      SkipSpace();
    } while (Take(','));
    return Take('}') && Distinct(out.names);
  }

  static bool Distinct(const std::vector<std::string>& names) {
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  }

  bool Array(Json& out, std::size_t depth) {
    Take('[');
    SkipSpace();
    if (Take(']')) return true;
    do {
      SkipSpace();
      if (!Value(out.items.emplace_back(), depth + 1)) return false;
      SkipSpace();
    } while (Take(','));
    return Take(']');
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!Digits()) return false;
    }
    return true;
  }

  bool Digits() {
    const std::size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    return at_ > begin;
  }

  bool String(std::string& out) {
    Take('"');
    while (!End()) {
      const std::size_t begin = at_;
      while (!End() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20)
        ++at_;
      out.append(text_.substr(begin, at_ - begin));
      if (Take('"')) return true;
      if (!Take('\\') || !Escape(out)) return false;
    }
    return false;
  }

  bool Escape(std::string& out) {
    if (End()) return false;
    switch (text_[at_++]) {
      case '"':
        out.push_back('"');
        return true;
      case '\\':
        out.push_back('\\');
        return true;
      case '/':
        out.push_back('/');
        return true;
      case 'b':
        out.push_back('\b');
        return true;
      case 'f':
        out.push_back('\f');
        return true;
      case 'n':
        out.push_back('\n');
        return true;
      case 'r':
        out.push_back('\r');
        return true;
      case 't':
        out.push_back('\t');
        return true;
      case 'u':
        return Unicode(out);
      default:
        return false;
    }
  }

  bool Unicode(std::string& out) {
    std::uint32_t code = 0;
    if (!Hex4(code)) return false;
    if (code >= 0xdc00 && code <= 0xdfff) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
      std::uint32_t low = 0;
      if (!Take('\\') || !Take('u') || !Hex4(low) || low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    AppendUtf8(code, out);
    return true;
  }

  bool Hex4(std::uint32_t& code) {
    if (text_.size() - at_ < 4) return false;
    for (int i = 0; i < 4; ++i) {
      const char c = text_[at_++];
      std::uint32_t digit = 0;
      if (IsDigit(c))
        digit = static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      else
        return false;
      code = code * 16 + digit;
    }
    return true;
  }

  static void AppendUtf8(std::uint32_t code, std::string& out) {
    const auto push = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
      push(code);
    } else if (code < 0x800) {
      push(0xc0 | (code >> 6));
      push(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      push(0xe0 | (code >> 12));
      push(0x80 | ((code >> 6) & 0x3f));
      push(0x80 | (code & 0x3f));
    } else {
      push(0xf0 | (code >> 18));
      push(0x80 | ((code >> 12) & 0x3f));
      push(0x80 | ((code >> 6) & 0x3f));
      push(0x80 | (code & 0x3f));
    }
  }

  ByteView text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

const Json* Json::Find(std::string_view name) const {
  if (!is_object()) return nullptr;
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? nullptr : &items[static_cast<std::size_t>(found - names.begin())];
}

const Json& Json::operator[](std::string_view name) const {
  static const Json kNothing;
  const Json* found = Find(name);
  return found != nullptr ? *found : kNothing;
}

const std::vector<Json>& Json::elements() const {
  static const std::vector<Json> kNone;
  return is_array() ? items : kNone;
}

std::optional<double> Json::Number() const {
  double value = 0;
  if (kind != Kind::kNumber) return std::nullopt;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (error != std::errc{} || end != raw.data() + raw.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<std::int64_t> Json::Integer() const {
  std::int64_t value = 0;
  if (kind != Kind::kNumber) return std::nullopt;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
  if (error != std::errc{} || end != raw.data() + raw.size()) return std::nullopt;
  return value;
}

std::optional<Json> ParseJson(ByteView text, const JsonLimits& limits) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return std::nullopt;
  Json root;
  if (!Parser(text, limits).Document(root)) return std::nullopt;
  return root;
}

}  // namespace oppi::events
