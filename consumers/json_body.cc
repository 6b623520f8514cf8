#include "consumers/json_body.h"

#include "events/codec/json_tree.h"
#include "events/limits.h"

namespace oppi::consumers {
namespace {

using events::Json;

bool TakeText(const Json& value, std::string& text) {
  if (!value.is_string() || value.text.empty() || value.text.size() > kStrCharsMax) return false;
  text = value.text;
  return true;
}

bool TakeList(const Json& value, std::vector<std::string>& list) {
  if (!value.is_array() || value.items.empty() || value.items.size() > kListItemsMax) return false;
  for (const Json& item : value.items)
    if (!TakeText(item, list.emplace_back())) return false;
  return true;
}

bool TakeFlag(const Json& value, bool& flag) {
  if (!value.is(Json::Kind::kBool)) return false;
  flag = value.truth;
  return true;
}

bool TakeCount(const Json& value, std::uint64_t& count) {
  const auto number = value.Integer();
  if (!number || *number < 0) return false;
  count = static_cast<std::uint64_t>(*number);
  return true;
}

bool Take(const Json& value, const Place& place) {
  if (auto* const* text = std::get_if<std::string*>(&place)) return TakeText(value, **text);
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&place))
    return TakeList(value, **list);
  if (auto* const* flag = std::get_if<bool*>(&place)) return TakeFlag(value, **flag);
  return TakeCount(value, *std::get<std::uint64_t*>(place));
}

}  // namespace

Status ReadBody(std::string_view body, const Places& places,
                const std::vector<std::string_view>& required) {
  const auto json = events::ParseJson(body, {.depth_max = 3, .values_max = 1'000});
  if (!json || !json->is_object()) return InvalidArgument("MALFORMED: the body is one JSON object");
  for (std::size_t i = 0; i < json->names.size(); ++i) {
    const auto place = places.find(json->names[i]);
    if (place == places.end()) return InvalidArgument("UNKNOWN_FIELD: a member");
    if (!Take(json->items[i], place->second))
      return InvalidArgument("FIELD_TYPE: " + std::string(place->first));
  }
  for (const std::string_view name : required)
    if (json->Find(name) == nullptr) return InvalidArgument("FIELD_MISSING: " + std::string(name));
  return {};
}

}  // namespace oppi::consumers
