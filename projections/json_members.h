#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"
#include "projections/json_value.h"

/// Strict reading of an object: each member is taken by name and checked, what nobody took is refused.
/// Errors: kInvalidArgument, naming the member and never its value.

namespace oppi::projections {

[[nodiscard]] inline Error Wrong(std::string_view member, std::string_view why) {
  return InvalidArgument("`" + std::string(member) + "` " + std::string(why));
}

/// Takes the members of one object by name; what nobody took in the end is unknown.
class Members {
 public:
  Members(const JsonValue& object, std::string where) : object_(object), where_(std::move(where)) {}

  [[nodiscard]] std::string Name(std::string_view member) const {
    return where_.empty() ? std::string(member) : where_ + "." + std::string(member);
  }
  [[nodiscard]] const JsonValue* Optional(std::string_view member) {
    taken_.emplace(member);
    return object_.Find(member);
  }
  [[nodiscard]] Result<const JsonValue*> Required(std::string_view member) {
    const JsonValue* value = Optional(member);
    if (value == nullptr) return Wrong(Name(member), "is missing");
    return value;
  }
  [[nodiscard]] Result<std::int64_t> Integer(std::string_view member, std::int64_t least,
                                             std::int64_t most) {
    OPPI_TRY(const JsonValue* value, Required(member));
    if (!value->IsInteger()) return Wrong(Name(member), "is not an integer");
    if (value->integer() < least || value->integer() > most)
      return Wrong(Name(member),
                   "is not between " + std::to_string(least) + " and " + std::to_string(most));
    return value->integer();
  }
  [[nodiscard]] Result<std::string> String(std::string_view member) {
    OPPI_TRY(const JsonValue* value, Required(member));
    if (!value->IsString() || value->string().empty()) return Wrong(Name(member), "is not a text");
    return value->string();
  }
  [[nodiscard]] Result<bool> Bool(std::string_view member) {
    OPPI_TRY(const JsonValue* value, Required(member));
    if (!value->IsBool()) return Wrong(Name(member), "is not true or false");
    return value->boolean();
  }
  template <class T>
  [[nodiscard]] Result<T> Choice(std::string_view member,
                                 std::initializer_list<std::pair<std::string_view, T>> choices) {
    OPPI_TRY(const std::string code, String(member));
    std::string known;
    for (const auto& [name, value] : choices) {
      if (name == code) return value;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    return Wrong(Name(member), "is none of " + known);
  }
  /// No text twice: a list that says something twice was not written with care.
  [[nodiscard]] Result<std::vector<std::string>> Strings(std::string_view member) {
    OPPI_TRY(const JsonValue* value, Required(member));
    if (!value->IsList()) return Wrong(Name(member), "is not a list");
    std::vector<std::string> list;
    for (const JsonValue& item : value->items()) {
      if (!item.IsString() || item.string().empty())
        return Wrong(Name(member), "holds something that is not a text");
      if (std::find(list.begin(), list.end(), item.string()) != list.end())
        return Wrong(Name(member), "names something twice");
      list.push_back(item.string());
    }
    return list;
  }
  [[nodiscard]] Result<Members> Nested(std::string_view member) {
    OPPI_TRY(const JsonValue* value, Required(member));
    if (!value->IsObject()) return Wrong(Name(member), "is not an object");
    return Members(*value, Name(member));
  }
  [[nodiscard]] Status Done() const {
    for (const auto& [name, value] : object_.members())
      if (!taken_.contains(name)) return Wrong(Name(name), "is not known");
    return {};
  }

 private:
  const JsonValue& object_;
  std::string where_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace oppi::projections
