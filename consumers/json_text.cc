#include "consumers/json_text.h"

#include "events/codec/json_scan.h"

namespace oppi::consumers {

void AppendJsonName(std::string& out, std::string_view name) {
  if (!out.ends_with('{')) out += ',';
  events::AppendJsonString(out, name);
  out += ':';
}

void AppendJsonMember(std::string& out, std::string_view name, std::string_view text) {
  AppendJsonName(out, name);
  events::AppendJsonString(out, text);
}

}  // namespace oppi::consumers
