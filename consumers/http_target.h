#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "events/result.h"

/// The request target of HTTP/1.1 (RFC 9112 section 3.2), narrowed to what our routes can use.

namespace oppi::consumers {

inline constexpr std::size_t kTargetBytesMax = 2048;
inline constexpr std::size_t kQueryPairsMax = 16;

struct Target {
  std::string path;  // "/v1/receipts/..."; starts with '/', no empty, "." or ".." segment
  std::map<std::string, std::string, std::less<>> query;
  friend bool operator==(const Target&, const Target&) = default;
};

/// Origin form, or absolute form whose authority is dropped. Strict: visible ASCII, no percent
/// escapes, no backslash, no fragment, no empty or dot segments (a trailing '/' only as the whole
/// path), query keys [a-z0-9_]+ at most once, values [A-Za-z0-9._~-]*. None of our paths needs
/// more, and what cannot be written cannot be used to climb out of a folder. Errors:
/// kInvalidArgument. Pure; any thread.
[[nodiscard]] Result<Target> ParseTarget(std::string_view text);

}  // namespace oppi::consumers
