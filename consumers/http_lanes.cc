#include "consumers/http_lanes.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "events/check.h"

namespace oppi::consumers {

struct Lanes::Pool {
  explicit Pool(LaneSize size)
      : taken_max(size.threads + size.waiting_max), threads(size.threads) {}
  const std::size_t taken_max;
  std::atomic<std::size_t> taken{0};  // running and waiting
  boost::asio::thread_pool threads;
};

Lanes::Lanes(const ServerOptions& options) {
  for (const auto& [lane, size] :
       {std::pair{Lane::kIngest, options.ingest}, std::pair{Lane::kAsk, options.ask},
        std::pair{Lane::kRead, options.read}}) {
    OPPI_CHECK(size.threads > 0);
    pools_[static_cast<std::size_t>(lane)] = std::make_unique<Pool>(size);
  }
}

Lanes::~Lanes() { Finish(); }

bool Lanes::Submit(Lane lane, std::function<void()> work) {
  OPPI_CHECK(lane != Lane::kHere);
  Pool& pool = *pools_[static_cast<std::size_t>(lane)];
  if (closed_.load()) return false;
  if (pool.taken.fetch_add(1) >= pool.taken_max) {
    pool.taken.fetch_sub(1);
    return false;
  }
  boost::asio::post(pool.threads, [&pool, work = std::move(work)]() noexcept {
    work();
    pool.taken.fetch_sub(1);
  });
  return true;
}

std::size_t Lanes::taken(Lane lane) const {
  OPPI_CHECK(lane != Lane::kHere);
  return pools_[static_cast<std::size_t>(lane)]->taken.load();
}

void Lanes::Finish() {
  closed_.store(true);
  for (const auto& pool : pools_)
    if (pool) pool->threads.join();
}

}  // namespace oppi::consumers
