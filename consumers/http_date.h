#pragma once

#include <string>

#include "events/time.h"

namespace oppi::consumers {

/// IMF-fixdate of RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string HttpDate(Instant t);

}  // namespace oppi::consumers
