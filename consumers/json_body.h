#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "events/result.h"

/// Bodies that are one flat JSON object, for the doors of acts and runs.

namespace oppi::consumers {

/// Where a member of the body goes.
using Place = std::variant<std::string*, std::vector<std::string>*, bool*, std::uint64_t*>;
using Places = std::map<std::string_view, Place>;

/// Strict: unknown, repeated and mistyped members, empty texts and lists, and what is missing are
/// refused with kInvalidArgument "<code>: <member>"; a name that is not ours is not repeated.
/// Bounded. Any thread.
[[nodiscard]] Status ReadBody(std::string_view body, const Places& places,
                              const std::vector<std::string_view>& required);

}  // namespace oppi::consumers
