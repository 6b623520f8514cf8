#pragma once

#include <string>
#include <string_view>

/// Writing JSON objects by hand, where the order of members is part of the format.

namespace oppi::consumers {

/// Appends `"name":`, after a comma unless `out` ends in '{'.
void AppendJsonName(std::string& out, std::string_view name);

/// A whole member whose value is a string.
void AppendJsonMember(std::string& out, std::string_view name, std::string_view text);

}  // namespace oppi::consumers
