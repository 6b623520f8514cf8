#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/bytes.h"

/// Foreign JSON as a tree that remembers where every value stood, so that what somebody else wrote
/// can be kept word for word. Used by the codecs for other people's formats.

namespace oppi::events {

/// One JSON value. `raw` looks into the text that was parsed, which must outlive the tree.
struct Json {
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kObject, kArray };

  Kind kind = Kind::kNull;
  bool truth = false;              // kBool
  std::string text;                // kString, decoded
  ByteView raw;                    // the value's exact bytes, without white space around it
  std::vector<std::string> names;  // kObject: name i belongs to items[i]
  std::vector<Json> items;         // kObject, kArray

  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  [[nodiscard]] bool is_object() const { return kind == Kind::kObject; }
  [[nodiscard]] bool is_array() const { return kind == Kind::kArray; }
  [[nodiscard]] bool is_string() const { return kind == Kind::kString; }

  /// Member of an object; nullptr when there is none, or this is no object.
  [[nodiscard]] const Json* Find(std::string_view name) const;
  /// The same, a null value instead of nullptr: paths can be written a["b"]["c"].
  [[nodiscard]] const Json& operator[](std::string_view name) const;
  /// The string; "" when this is none.
  [[nodiscard]] std::string_view str() const { return is_string() ? std::string_view(text) : ""; }
  /// Elements of an array; nothing when this is none.
  [[nodiscard]] const std::vector<Json>& elements() const;
  /// nullopt unless this is a number that a double can hold.
  [[nodiscard]] std::optional<double> Number() const;
  /// nullopt unless this is a number written without fraction and exponent that fits.
  [[nodiscard]] std::optional<std::int64_t> Integer() const;
};

struct JsonLimits {
  std::size_t depth_max = 32;
  std::size_t values_max = 200'000;  // bounds memory: a value costs far more than its bytes
};

/// RFC 8259, strictly: UTF-8, one value, no repeated member names (nobody could say which one was
/// meant), no lone surrogates. nullopt otherwise. Any thread.
[[nodiscard]] std::optional<Json> ParseJson(ByteView text, const JsonLimits& limits = {});

}  // namespace oppi::events
