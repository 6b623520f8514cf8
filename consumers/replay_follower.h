#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "consumers/tile_api.h"
#include "events/result.h"
#include "ledger/map_replay.h"
#include "ledger/merkle/compact_range.h"

/// Follows a log somewhere else with every label that it gives out: what a replay cosigner signs is
/// that each map root follows from the entries, and that no event is missing from a stream. It
/// learns no names. What it knows is in memory: started again, it begins with the first entry.

namespace oppi::consumers {

struct ReplaySource {
  TileSource tiles;
  /// As TransitionsPage.
  std::function<Result<Bytes>(LeafIndex from)> transitions;
};
/// The log below `url`, as the bearer of this token. One thread at a time. Errors:
/// kInvalidArgument.
[[nodiscard]] Result<ReplaySource> ReplaySourceAt(const std::string& url, const std::string& token);

/// One thread at a time.
class ReplayFollower {
 public:
  explicit ReplayFollower(ReplaySource source) : source_(std::move(source)) {}

  /// Replays up to a checkpoint that holds by itself and continues those before. Errors:
  /// kInvalidArgument with what is wrong, then and for ever after; those of the source, after which
  /// it may be tried again.
  [[nodiscard]] Status Follow(const ledger::Checkpoint& checkpoint);
  /// Entries that were replayed.
  [[nodiscard]] TreeSize size() const { return leaves_.size(); }

 private:
  [[nodiscard]] Error Wrong(const std::string& what);
  [[nodiscard]] Status FollowTo(const ledger::Checkpoint& checkpoint);
  [[nodiscard]] Status AddCommit(LeafIndex state, const ledger::Transitions& transitions,
                                 TreeSize size);
  [[nodiscard]] Result<Bytes> EntryAt(LeafIndex index, TreeSize size);

  const ReplaySource source_;
  ledger::MapReplay replay_;
  ledger::merkle::CompactRange leaves_;
  std::optional<Error> broken_;
  // The bundle that was read last.
  std::uint64_t tile_ = ~std::uint64_t{0};
  std::vector<Bytes> bundle_;
};

}  // namespace oppi::consumers
