#include "consumers/rate_limit.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/consumers/fakes.h"

namespace oppi::tests {
namespace {

using consumers::RateLimiter;

TEST(RateLimit, LetsABurstThroughAndThenTheRate) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({2, 3}, 10, clock);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a"), std::nullopt);
  EXPECT_EQ(limiter.Take("a"), 1);
  clock.Advance(499'999);
  EXPECT_EQ(limiter.Take("a"), 1);
  clock.Advance(1);
  EXPECT_EQ(limiter.Take("a"), std::nullopt);
  EXPECT_EQ(limiter.Take("a"), 1);
  clock.Advance(3600 * kMicrosPerSecond);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a"), std::nullopt);
  EXPECT_NE(limiter.Take("a"), std::nullopt)
      << "an hour of rest must not save up more than a burst";
}

TEST(RateLimit, SaysHowLongToWait) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({0.1, 1}, 10, clock);
  EXPECT_EQ(limiter.Take("a"), std::nullopt);
  EXPECT_EQ(limiter.Take("a"), 10);
  clock.Advance(9'500'000);
  EXPECT_EQ(limiter.Take("a"), 1);
}

TEST(RateLimit, KeepsKeysApart) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({1, 1}, 10, clock);
  EXPECT_EQ(limiter.Take("a"), std::nullopt);
  EXPECT_EQ(limiter.Take("b"), std::nullopt);
  EXPECT_NE(limiter.Take("a"), std::nullopt);
}

TEST(RateLimit, OfZeroIsNone) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({0, 1}, 1, clock);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.Take(std::to_string(i)), std::nullopt);
  EXPECT_EQ(limiter.keys(), 0U);
}

TEST(RateLimit, GivesNothingWhenTheClockJumpsBack) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({1, 1}, 10, clock);
  EXPECT_EQ(limiter.Take("a"), std::nullopt);
  clock.Advance(-10 * kMicrosPerSecond);
  EXPECT_EQ(limiter.Take("a"), 1);
  clock.Advance(kMicrosPerSecond);
  EXPECT_EQ(limiter.Take("a"), std::nullopt) << "and goes on from there";
}

TEST(RateLimit, RemembersABoundedNumberOfKeysAndForgetsTheRestedOnes) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({1, 2}, 100, clock);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.Take(std::to_string(i)), std::nullopt);
  // All hundred are in use, so newcomers share one bucket of two.
  EXPECT_EQ(limiter.Take("x"), std::nullopt);
  EXPECT_EQ(limiter.Take("y"), std::nullopt);
  EXPECT_NE(limiter.Take("z"), std::nullopt);
  EXPECT_EQ(limiter.keys(), 100U);
  EXPECT_EQ(limiter.Take("7"), std::nullopt) << "a known key keeps its own";
  clock.Advance(10 * kMicrosPerSecond);
  EXPECT_EQ(limiter.Take("z"), std::nullopt);
  EXPECT_EQ(limiter.keys(), 1U);
}

TEST(RateLimit, IsExactWithManyThreads) {
  AtomicClock clock(kTestNow);
  RateLimiter limiter({1, 500}, 10, clock);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i)
        if (!limiter.Take("a")) ++taken;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 500);
}

}  // namespace
}  // namespace oppi::tests
