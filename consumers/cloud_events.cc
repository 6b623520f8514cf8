#include "consumers/cloud_events.h"

#include <optional>

#include "events/limits.h"

namespace oppi::consumers {
namespace {

void SkipSpace(ByteView& rest) {
  const std::size_t n = rest.find_first_not_of(" \t\r\n");
  rest.remove_prefix(n == ByteView::npos ? rest.size() : n);
}

/// Takes a '{...}' off the front; nullopt when there is none, or it does not end.
std::optional<ByteView> TakeObject(ByteView& rest) {
  if (rest.empty() || rest.front() != '{') return std::nullopt;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth != 0) continue;
      if (c != '}') return std::nullopt;
      const ByteView object = rest.substr(0, i + 1);
      rest.remove_prefix(i + 1);
      return object;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<ByteView>> SplitEvents(ByteView body) {
  const auto malformed = [] {
    return InvalidArgument("MALFORMED: the body is a JSON array of events");
  };
  std::vector<ByteView> events;
  SkipSpace(body);
  if (body.empty() || body.front() != '[') return malformed();
  body.remove_prefix(1);
  SkipSpace(body);
  if (body.empty()) return malformed();
  if (body.front() == ']') {
    body.remove_prefix(1);
  } else {
    while (true) {
      SkipSpace(body);
      const auto object = TakeObject(body);
      if (!object) return malformed();
      if (events.size() == kBatchEventsMax)
        return InvalidArgument("BATCH_TOO_LARGE: too many events");
      events.push_back(*object);
      SkipSpace(body);
      if (body.empty()) return malformed();
      const char next = body.front();
      body.remove_prefix(1);
      if (next == ']') break;
      if (next != ',') return malformed();
    }
  }
  SkipSpace(body);
  if (!body.empty()) return malformed();
  return events;
}

}  // namespace oppi::consumers
