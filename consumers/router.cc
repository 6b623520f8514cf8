#include "consumers/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "events/check.h"

namespace oppi::consumers {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

/// Takes "/segment" off the front; nullopt when nothing is left.
std::optional<std::string_view> NextSegment(std::string_view& path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  const std::size_t end = std::min(path.find('/', 1), path.size());
  const std::string_view segment = path.substr(1, end - 1);
  path.remove_prefix(end);
  return segment;
}

std::optional<Parameters> MatchPath(std::string_view pattern, std::string_view path) {
  Parameters parameters;
  while (true) {
    const std::string_view rest = path;
    const auto wanted = NextSegment(pattern);
    const auto found = NextSegment(path);
    if (!wanted && !found) return parameters;
    if (!wanted || !found) return std::nullopt;
    if (!wanted->starts_with('{')) {
      if (*wanted != *found) return std::nullopt;
      continue;
    }
    if (found->empty()) return std::nullopt;
    std::string_view name = wanted->substr(1, wanted->size() - 2);
    if (name.ends_with("...")) {
      name.remove_suffix(3);
      parameters.emplace(name, rest.substr(1));
      return parameters;
    }
    parameters.emplace(name, *found);
  }
}

}  // namespace

std::string_view MethodName(Method method) { return method == Method::kGet ? "GET" : "POST"; }

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (auto a = routes_.begin(); a != routes_.end(); ++a) {
    OPPI_CHECK(a->handle != nullptr && a->path.starts_with('/'));
    OPPI_CHECK(a->media_types.empty() == (a->body_bytes_max == 0));
    for (auto b = routes_.begin(); b != a; ++b)
      OPPI_CHECK(a->method != b->method || a->path != b->path);
  }
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  for (const Route& route : routes_) {
    auto parameters = MatchPath(route.path, path);
    if (!parameters) continue;
    const std::string_view name = MethodName(route.method);
    if (method == name || (method == "HEAD" && route.method == Method::kGet)) {
      match.route = &route;
      match.parameters = std::move(*parameters);
      match.allow.clear();
      return match;
    }
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += name;
    if (route.method == Method::kGet) match.allow += ", HEAD";
  }
  return match;
}

}  // namespace oppi::consumers
