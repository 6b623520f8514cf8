#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "events/time.h"

/// Token buckets, one per key (a principal, a remote address).

namespace oppi::consumers {

struct RateLimit {
  double per_second = 0;  // 0: no limit
  double burst = 1;       // at least 1
};

/// Any thread. Memory is bounded: at most `keys_max` keys; beyond that, keys whose bucket is full
/// again are forgotten (a full bucket says nothing), and if none is, newcomers share one bucket.
class RateLimiter {
 public:
  RateLimiter(RateLimit limit, std::size_t keys_max, const Clock& clock);

  /// nullopt: go ahead, one is taken. Else: seconds (at least 1) until one will be there.
  [[nodiscard]] std::optional<std::int64_t> Take(std::string_view key);

  [[nodiscard]] std::size_t keys() const;

 private:
  struct Bucket {
    double level = 0;
    Instant at{};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  [[nodiscard]] double LevelAt(const Bucket& bucket, Instant now) const;
  Bucket& Find(std::string_view key, Instant now);
  void Forget(Instant now);

  const RateLimit limit_;
  const std::size_t keys_max_;
  const Clock& clock_;
  mutable std::mutex mu_;
  // Guarded by mu_.
  std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets_;
  Bucket shared_;
  Instant forgot_{kInstantMin};
};

}  // namespace oppi::consumers
