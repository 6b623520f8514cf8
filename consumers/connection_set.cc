#include "consumers/connection_set.h"

#include <utility>

namespace oppi::consumers {

bool ConnectionSet::Enter(std::uint64_t id, const std::string& remote, const HttpLimits& limits) {
  const std::lock_guard lock(mu_);
  if (entries_.size() >= limits.connections_max) return false;
  std::size_t& count = per_remote_[remote];
  if (count >= limits.connections_per_remote_max) return false;
  ++count;
  entries_.emplace(id, Entry{remote, {}});
  return true;
}

void ConnectionSet::Attach(std::uint64_t id, std::weak_ptr<LiveConnection> connection) {
  const std::lock_guard lock(mu_);
  if (const auto found = entries_.find(id); found != entries_.end())
    found->second.connection = std::move(connection);
}

void ConnectionSet::Leave(std::uint64_t id) {
  const std::lock_guard lock(mu_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  const auto remote = per_remote_.find(found->second.remote);
  if (--remote->second == 0) per_remote_.erase(remote);
  entries_.erase(found);
  if (entries_.empty()) emptied_.notify_all();
}

std::size_t ConnectionSet::size() const {
  const std::lock_guard lock(mu_);
  return entries_.size();
}

std::vector<std::shared_ptr<LiveConnection>> ConnectionSet::All() const {
  std::vector<std::shared_ptr<LiveConnection>> all;
  const std::lock_guard lock(mu_);
  for (const auto& [id, entry] : entries_)
    if (auto connection = entry.connection.lock()) all.push_back(std::move(connection));
  return all;
}

bool ConnectionSet::WaitEmpty(std::chrono::milliseconds wait) const {
  std::unique_lock lock(mu_);
  return emptied_.wait_for(lock, wait, [this] { return entries_.empty(); });
}

std::shared_ptr<void> Places::Take() {
  if (taken_.fetch_add(1) < most_)
    return {this, [](Places* places) { places->taken_.fetch_sub(1); }};
  taken_.fetch_sub(1);
  return nullptr;
}

}  // namespace oppi::consumers
