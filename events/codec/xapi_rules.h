#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events/codec/json_tree.h"

/// What the Experience API demands of a statement by itself (xAPI 1.0.3 part 2, "xAPI Data"; IEEE
/// 9274.1.1, called 2.0). What depends on other statements or on the request is not judged here.

namespace oppi::events {

enum class XapiVersion : std::uint8_t { k1_0_3, k2_0 };

/// nullopt when the statement keeps every rule; else where it breaks one:
/// "context.instructor.mbox".
[[nodiscard]] std::optional<std::string> ValidateStatement(const Json& statement,
                                                           XapiVersion version);

}  // namespace oppi::events
