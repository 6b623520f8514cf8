#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "consumers/http_server.h"

/// Who is connected, and how many more may be. Internal to the server.

namespace oppi::consumers {

/// What the server may ask of a connection that lives on its own strand. Any thread.
class LiveConnection {
 public:
  virtual ~LiveConnection() = default;
  /// Finish the request under way, if any, then close.
  virtual void Drain() = 0;
  /// Close at once.
  virtual void Abort() = 0;
};

/// All live connections, counted by remote as well. Any thread.
class ConnectionSet final {
 public:
  /// False when either count is at its limit; then nothing was counted.
  [[nodiscard]] bool Enter(std::uint64_t id, const std::string& remote, const HttpLimits& limits);
  void Attach(std::uint64_t id, std::weak_ptr<LiveConnection> connection);
  void Leave(std::uint64_t id);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<std::shared_ptr<LiveConnection>> All() const;
  /// False when some were left after `wait`.
  [[nodiscard]] bool WaitEmpty(std::chrono::milliseconds wait) const;

 private:
  struct Entry {
    std::string remote;
    std::weak_ptr<LiveConnection> connection;
  };
  mutable std::mutex mu_;
  mutable std::condition_variable emptied_;
  // Guarded by mu_.
  std::map<std::uint64_t, Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> per_remote_;
};

/// A fixed number of places. Any thread.
class Places final {
 public:
  explicit Places(std::size_t most) : most_(most) {}
  /// A place that is given back when the last copy of the handle goes; nullptr when all are taken.
  /// Outlives its handles.
  [[nodiscard]] std::shared_ptr<void> Take();

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace oppi::consumers
