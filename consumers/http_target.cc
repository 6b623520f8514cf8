#include "consumers/http_target.h"

#include <algorithm>

namespace oppi::consumers {
namespace {

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsPathChar(char c) {
  return IsAlnum(c) || std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

bool IsKeyChar(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

bool IsValueChar(char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '~' || c == '-'; }

/// "http://host:port/x" -> "/x"; everything else unchanged. RFC 9112 3.2.2 obliges us to accept it.
std::string_view DropAuthority(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::size_t slash = text.find('/', scheme.size());
    if (slash == scheme.size() || text.size() == scheme.size()) return {};  // no authority at all
    return slash == std::string_view::npos ? std::string_view("/") : text.substr(slash);
  }
  return text;
}

bool PathOk(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  if (!std::all_of(path.begin(), path.end(), IsPathChar)) return false;
  if (path == "/") return true;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at + 1, end - at - 1);
    if (segment.empty() || segment == "." || segment == "..") return false;
    at = end;
  }
  return true;
}

Status ParseQuery(std::string_view text, Target& target) {
  while (true) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value =
        equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
    if (key.empty() || !std::all_of(key.begin(), key.end(), IsKeyChar) ||
        !std::all_of(value.begin(), value.end(), IsValueChar))
      return InvalidArgument("target: query is not key=value pairs of plain characters");
    if (target.query.size() == kQueryPairsMax)
      return InvalidArgument("target: too many query pairs");
    if (!target.query.emplace(key, value).second)
      return InvalidArgument("target: query key given twice");
    if (end == text.size()) return {};
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<Target> ParseTarget(std::string_view text) {
  if (text.size() > kTargetBytesMax) return InvalidArgument("target: too long");
  text = DropAuthority(text);
  const std::size_t question = std::min(text.find('?'), text.size());
  Target target;
  target.path = text.substr(0, question);
  if (!PathOk(target.path))
    return InvalidArgument("target: path has characters or segments not used here");
  if (question < text.size()) OPPI_RETURN_IF_ERROR(ParseQuery(text.substr(question + 1), target));
  return target;
}

}  // namespace oppi::consumers
