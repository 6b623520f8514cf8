#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ops/generate/year.h"

/// Rare things that happen to somebody every year, in steps.

namespace oppi::ops {

/// One step: who does what on a day. Told after everything else of its week, as a chapter of its
/// own, so that a later step may refer to it.
struct Step {
  Date day{};
  std::function<void()> tell;
};

class Stories {
 public:
  /// Needs the paper consents told. `year` must outlive the stories.
  explicit Stories(Year& year);
  ~Stories();
  Stories(const Stories&) = delete;
  Stories& operator=(const Stories&) = delete;

  /// By day.
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

 private:
  class Teller;
  std::unique_ptr<Teller> teller_;
  std::vector<Step> steps_;
};

}  // namespace oppi::ops
