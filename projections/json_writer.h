#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Writes compact JSON straight into a text, for answers that are asked for too often to build a tree
/// of values for each. Members stand in the order in which they are written; what is opened must be
/// closed, and each name followed by one value.

namespace oppi::projections {

class JsonWriter {
 public:
  /// Appends to `out`, which must outlive this.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& Open(char bracket);   // '{' or '['
  JsonWriter& Close(char bracket);  // '}' or ']'
  JsonWriter& Name(std::string_view name);

  /// Escapes what JSON demands; bytes that are no UTF-8 become U+FFFD.
  JsonWriter& Text(std::string_view text);
  JsonWriter& TextOrNull(std::string_view text) { return text.empty() ? Null() : Text(text); }
  JsonWriter& Texts(const std::vector<std::string>& texts);
  JsonWriter& Number(std::uint64_t number);
  JsonWriter& True();
  JsonWriter& Null();
  /// A value that is JSON already.
  JsonWriter& Json(std::string_view json);

 private:
  void Comma();
  std::string& out_;
};

}  // namespace oppi::projections
