#pragma once

#include "events/event.h"

/// Valid events made from the vocabulary table alone, so a test can cover every type.

namespace oppi::tests {

enum class Fill { kRequired, kEverything };

/// An event of the type that passes every rule: its required members, or all that the type allows.
/// Same arguments, same event. `number` varies ids, persons and values.
[[nodiscard]] events::Event SampleEvent(events::EventType type, Fill fill,
                                        std::uint64_t number = 1);

/// "urn:oid:1.2.246.562.24...." with a right check digit.
[[nodiscard]] std::string PersonId(std::uint64_t number);

}  // namespace oppi::tests
