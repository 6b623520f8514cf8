#pragma once

#include <string>
#include <vector>

namespace reflection {
struct Schema;
}  // namespace reflection

namespace oppi::tests {

/// Every way in which `now` breaks readers or bytes of `before`, a sentence each. Released schemas
/// are for ever: tables may get optional fields at the end and enums new values, nothing else may
/// change. This sees what `flatc --conform` lets through: a removed last field, a field made
/// required, another file identifier or root, a grown struct, a removed enum or union member, a
/// renamed field, a dropped attribute.
[[nodiscard]] std::vector<std::string> SchemaBreaks(const reflection::Schema& before,
                                                    const reflection::Schema& now);

}  // namespace oppi::tests
