#include "consumers/rate_limit.h"

#include <algorithm>
#include <cmath>

#include "events/check.h"

namespace oppi::consumers {

RateLimiter::RateLimiter(RateLimit limit, std::size_t keys_max, const Clock& clock)
    : limit_(limit), keys_max_(keys_max), clock_(clock), shared_{limit.burst, clock.Now()} {
  OPPI_CHECK(limit.per_second >= 0 && limit.burst >= 1 && keys_max > 0);
}

double RateLimiter::LevelAt(const Bucket& bucket, Instant now) const {
  // A clock that jumped back gives nothing and takes nothing away.
  const std::int64_t elapsed = std::max<std::int64_t>(0, now.micros - bucket.at.micros);
  const double seconds = static_cast<double>(elapsed) / static_cast<double>(kMicrosPerSecond);
  return std::min(limit_.burst, bucket.level + seconds * limit_.per_second);
}

void RateLimiter::Forget(Instant now) {
  // At most once a second: a sweep visits every key, and an attacker must not be able to ask for
  // one with each request.
  if (now.micros - forgot_.micros < kMicrosPerSecond && now >= forgot_) return;
  forgot_ = now;
  std::erase_if(buckets_,
                [&](const auto& entry) { return LevelAt(entry.second, now) >= limit_.burst; });
}

RateLimiter::Bucket& RateLimiter::Find(std::string_view key, Instant now) {
  if (const auto found = buckets_.find(key); found != buckets_.end()) return found->second;
  if (buckets_.size() >= keys_max_) Forget(now);
  if (buckets_.size() >= keys_max_) return shared_;
  return buckets_.emplace(std::string(key), Bucket{limit_.burst, now}).first->second;
}

std::optional<std::int64_t> RateLimiter::Take(std::string_view key) {
  if (limit_.per_second == 0) return std::nullopt;
  const Instant now = clock_.Now();
  const std::lock_guard lock(mu_);
  Bucket& bucket = Find(key, now);
  bucket = {LevelAt(bucket, now), now};
  if (bucket.level >= 1) {
    bucket.level -= 1;
    return std::nullopt;
  }
  return std::max<std::int64_t>(1, std::llround(std::ceil((1 - bucket.level) / limit_.per_second)));
}

std::size_t RateLimiter::keys() const {
  const std::lock_guard lock(mu_);
  return buckets_.size();
}

}  // namespace oppi::consumers
