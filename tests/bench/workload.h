#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/batch.h"
#include "events/entropy.h"

/// Events and batches of a known size for the benchmarks.

namespace oppi::bench {

struct WorkloadOptions {
  std::size_t batches = 200;
  std::size_t batch_events = 1000;
  std::size_t event_bytes = 600;
  std::size_t learners = 20'000;
  std::uint64_t stride = 1;  // between the numbers of two learners
  std::uint64_t first = 0;  // number of the first event; numbers decide the learner
  std::uint64_t seed = 1;
  std::string origin;
  std::string source;
  std::string controller;
};

/// Learning-activity events of exactly `event_bytes` bytes of JSON, signed in batches.
[[nodiscard]] std::vector<events::SignedBatch> MakeBatches(const WorkloadOptions& options, const NamedSigningKey& key);

}  // namespace oppi::bench
