#include "projections/json_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "events/check.h"
#include "events/codec/json_scan.h"
#include "events/limits.h"

namespace oppi::projections {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Builds the value while the parser walks the text, so that what a plain parse would quietly drop
/// (repeated names, numbers beyond 64 bits) is seen.
class Builder {
 public:
  bool null() { return Put({}); }
  bool boolean(bool value) { return Put(JsonValue::Bool(value)); }
  bool number_integer(std::int64_t value) { return Put(JsonValue::Integer(value)); }
  bool number_unsigned(std::uint64_t value) {
    const auto number = static_cast<std::int64_t>(value);
    return number < 0 ? Fail("a number is beyond 64 bits") : Put(JsonValue::Integer(number));
  }
  bool number_float(double /*value*/, const std::string& text) {
    return Put(JsonValue::Decimal(text));
  }
  bool string(const std::string& value) { return Put(JsonValue::String(value)); }
  bool binary(const nlohmann::json::binary_t& /*value*/) { return Fail("binary"); }
  bool start_object(std::size_t /*size*/) { return Open(/*is_object=*/true); }
  bool key(const std::string& name) {
    open_.back().members.emplace_back(name, JsonValue());
    return true;
  }
  bool end_object() {
    std::vector<JsonValue::Member> members = std::move(open_.back().members);
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& member : members) names.emplace_back(member.first);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) return Fail("member `" + std::string(*twice) + "` is repeated");
    open_.pop_back();
    return Put(JsonValue::Object(std::move(members)));
  }
  bool start_array(std::size_t /*size*/) { return Open(/*is_object=*/false); }
  bool end_array() {
    std::vector<JsonValue> items = std::move(open_.back().items);
    open_.pop_back();
    return Put(JsonValue::List(std::move(items)));
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) {
    return Fail("not JSON at byte " + std::to_string(position));
  }

  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] JsonValue Take() { return std::move(done_); }

 private:
  struct Level {
    bool is_object = false;
    std::vector<JsonValue> items;
    std::vector<JsonValue::Member> members;  // the last one waits for its value
  };

  bool Fail(std::string why) {
    if (failure_.empty()) failure_ = std::move(why);
    return false;
  }
  bool Open(bool is_object) {
    if (open_.size() >= kJsonDepthMax) return Fail("nested too deep");
    open_.push_back({is_object, {}, {}});
    return true;
  }
  bool Put(JsonValue value) {
    if (open_.empty()) {
      done_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.back().second = std::move(value);
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Level> open_;
  JsonValue done_;
  std::string failure_;
};

}  // namespace

JsonValue JsonValue::Bool(bool value) {
  JsonValue made;
  made.kind_ = Kind::kBool;
  made.integer_ = value ? 1 : 0;
  return made;
}

JsonValue JsonValue::Integer(std::int64_t value) {
  JsonValue made;
  made.kind_ = Kind::kInteger;
  made.integer_ = value;
  return made;
}

JsonValue JsonValue::Decimal(std::string_view text) {
  JsonValue made;
  made.kind_ = Kind::kDecimal;
  made.text_ = text;
  return made;
}

JsonValue JsonValue::String(std::string_view value) {
  JsonValue made;
  made.kind_ = Kind::kString;
  made.text_ = value;
  return made;
}

JsonValue JsonValue::List(std::vector<JsonValue> items) {
  JsonValue made;
  made.kind_ = Kind::kList;
  made.items_ = std::move(items);
  return made;
}

JsonValue JsonValue::Strings(const std::vector<std::string>& items) {
  JsonValue made = List();
  for (const std::string& item : items) made.Append(String(item));
  return made;
}

JsonValue JsonValue::Object(std::vector<Member> members) {
  JsonValue made;
  made.kind_ = Kind::kObject;
  made.members_ = std::move(members);
  return made;
}

JsonValue JsonValue::StringOrNull(std::string_view value) {
  return value.empty() ? JsonValue() : String(value);
}

bool JsonValue::boolean() const {
  OPPI_CHECK(IsBool());
  return integer_ != 0;
}

std::int64_t JsonValue::integer() const {
  OPPI_CHECK(IsInteger());
  return integer_;
}

const std::string& JsonValue::string() const {
  OPPI_CHECK(IsString() || kind_ == Kind::kDecimal);
  return text_;
}

const std::vector<JsonValue>& JsonValue::items() const {
  OPPI_CHECK(IsList());
  return items_;
}

const std::vector<JsonValue::Member>& JsonValue::members() const {
  OPPI_CHECK(IsObject());
  return members_;
}

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const Member& member : members_)
    if (member.first == name) return &member.second;
  return nullptr;
}

JsonValue& JsonValue::Set(std::string_view name, JsonValue value) {
  OPPI_CHECK(IsObject());
  for (Member& member : members_) {
    if (member.first != name) continue;
    member.second = std::move(value);
    return *this;
  }
  members_.emplace_back(std::string(name), std::move(value));
  return *this;
}

void JsonValue::Append(JsonValue value) {
  OPPI_CHECK(IsList());
  items_.push_back(std::move(value));
}

void JsonValue::Merge(const JsonValue& over) {
  OPPI_CHECK(IsObject() && over.IsObject());
  for (const Member& member : over.members_) {
    const auto mine = std::find_if(members_.begin(), members_.end(),
                                   [&](const Member& m) { return m.first == member.first; });
    if (mine == members_.end()) {
      members_.push_back(member);
    } else if (mine->second.IsObject() && member.second.IsObject()) {
      mine->second.Merge(member.second);
    } else {
      mine->second = member.second;
    }
  }
}

void JsonValue::Write(std::string& out, bool sorted) const {
  switch (kind_) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += integer_ != 0 ? "true" : "false";
      return;
    case Kind::kInteger:
      out += std::to_string(integer_);
      return;
    case Kind::kDecimal:
      out += text_;
      return;
    case Kind::kString:
      events::AppendJsonString(out, text_);
      return;
    case Kind::kList: {
      out.push_back('[');
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i != 0) out.push_back(',');
        items_[i].Write(out, sorted);
      }
      out.push_back(']');
      return;
    }
    case Kind::kObject: {
      std::vector<const Member*> order;
      order.reserve(members_.size());
      for (const Member& member : members_) order.push_back(&member);
      if (sorted)
        std::sort(order.begin(), order.end(),
                  [](const Member* a, const Member* b) { return a->first < b->first; });
      out.push_back('{');
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (i != 0) out.push_back(',');
        events::AppendJsonString(out, order[i]->first);
        out.push_back(':');
        order[i]->second.Write(out, sorted);
      }
      out.push_back('}');
      return;
    }
  }
}

std::string JsonValue::Text() const {
  std::string out;
  Write(out, /*sorted=*/false);
  return out;
}

std::string JsonValue::Canonical() const {
  std::string out;
  Write(out, /*sorted=*/true);
  return out;
}

bool operator==(const JsonValue& a, const JsonValue& b) {
  if (a.kind_ != b.kind_ || a.integer_ != b.integer_ || a.text_ != b.text_ ||
      a.items_ != b.items_ || a.members_.size() != b.members_.size())
    return false;
  return std::all_of(a.members_.begin(), a.members_.end(), [&](const JsonValue::Member& member) {
    const JsonValue* other = b.Find(member.first);
    return other != nullptr && *other == member.second;
  });
}

Result<JsonValue> ParseJson(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) return InvalidArgument("begins with a byte order mark");
  Builder builder;
  const bool parsed = nlohmann::json::sax_parse(
      text.begin(), text.end(), &builder, nlohmann::json::input_format_t::json, /*strict=*/true);
  if (!parsed) return InvalidArgument(builder.failure().empty() ? "not JSON" : builder.failure());
  return builder.Take();
}

}  // namespace oppi::projections
