#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "events/entropy.h"
#include "projections/decision_cache.h"
#include "projections/registry_cell.h"
#include "projections/views.h"

/// Answers decide questions: from memory where the fold's own answer is there and holds, else by the
/// fold. Which of the two it was cannot be seen in the answer.

namespace oppi::projections {

class Decider {
 public:
  /// ReadPerson: the person's facts below `size`, from these projections.
  using Read = std::function<Result<Facts>(std::string_view person, const std::vector<Projection>& projections, TreeSize size)>;
  /// `told`: the size of the log when it was opened; everything after it is told by Committed.
  Decider(Read read, DecisionCache::Options options, Entropy& entropy, TreeSize told)
      : read_(std::move(read)), cache_(options, entropy, told) {}

  /// `log_size`: what the log holds, at least the view's size; `registry` as of it. Errors: of reading.
  /// Any thread.
  [[nodiscard]] Result<Decided> Decide(const Question& question, const View& view, const RegistrySnapshot& registry,
                                       TreeSize log_size);
  [[nodiscard]] DecisionCache& cache() { return cache_; }

 private:
  const Read read_;
  DecisionCache cache_;
};

}  // namespace oppi::projections
