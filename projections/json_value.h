#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"

/// A JSON document as a value: what policy packs and rehearsal files are read from, and what their
/// answers are written as. Numbers are 64-bit integers; any other number keeps its text, so nothing
/// is ever rounded.

namespace oppi::projections {

class JsonValue {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kDecimal, kString, kList, kObject };
  using Member = std::pair<std::string, JsonValue>;

  JsonValue() = default;  // null
  [[nodiscard]] static JsonValue Bool(bool value);
  [[nodiscard]] static JsonValue Integer(std::int64_t value);
  /// `text` as the document wrote it: a number that is no 64-bit integer.
  [[nodiscard]] static JsonValue Decimal(std::string_view text);
  [[nodiscard]] static JsonValue String(std::string_view value);
  [[nodiscard]] static JsonValue List(std::vector<JsonValue> items = {});
  [[nodiscard]] static JsonValue Strings(const std::vector<std::string>& items);
  [[nodiscard]] static JsonValue Object(std::vector<Member> members = {});
  /// The text, or null when it is empty: how answers say "none".
  [[nodiscard]] static JsonValue StringOrNull(std::string_view value);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool IsNull() const { return kind_ == Kind::kNull; }
  [[nodiscard]] bool IsBool() const { return kind_ == Kind::kBool; }
  [[nodiscard]] bool IsInteger() const { return kind_ == Kind::kInteger; }
  [[nodiscard]] bool IsString() const { return kind_ == Kind::kString; }
  [[nodiscard]] bool IsList() const { return kind_ == Kind::kList; }
  [[nodiscard]] bool IsObject() const { return kind_ == Kind::kObject; }

  // Require the kind (programmer error otherwise).
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] const std::string& string() const;  // also the text of a kDecimal
  [[nodiscard]] const std::vector<JsonValue>& items() const;
  [[nodiscard]] const std::vector<Member>& members() const;  // in the order of the document

  /// nullptr when this is no object, or has no such member.
  [[nodiscard]] const JsonValue* Find(std::string_view name) const;
  /// Adds a member to an object, or replaces its value.
  JsonValue& Set(std::string_view name, JsonValue value);
  /// Adds an item to a list.
  void Append(JsonValue value);

  /// Members of `over` replace those here; where both are objects they are merged in turn.
  void Merge(const JsonValue& over);

  /// Compact text, members in the order they stand.
  [[nodiscard]] std::string Text() const;
  /// Compact text, members ascending by bytes: equal documents, equal bytes.
  [[nodiscard]] std::string Canonical() const;

  /// Lists in order; objects whatever the order of their members.
  friend bool operator==(const JsonValue& a, const JsonValue& b);

 private:
  void Write(std::string& out, bool sorted) const;

  Kind kind_ = Kind::kNull;
  std::int64_t integer_ = 0;  // kBool, kInteger
  std::string text_;          // kString, kDecimal
  std::vector<JsonValue> items_;
  std::vector<Member> members_;
};

/// Strict RFC 8259: UTF-8, no repeated member names, no comments, nothing behind the document, at
/// most kJsonDepthMax deep. Errors: kInvalidArgument, naming the byte or the member.
[[nodiscard]] Result<JsonValue> ParseJson(std::string_view text);

}  // namespace oppi::projections
