#pragma once

#include <chrono>

#include "events/time.h"

namespace oppi::ops {

/// The real clock; the only place that reads it.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant Now() const override {
    return {std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
};

}  // namespace oppi::ops
