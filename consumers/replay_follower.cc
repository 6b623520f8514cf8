#include "consumers/replay_follower.h"

#include <algorithm>

#include "consumers/http_client.h"
#include "consumers/log_source.h"
#include "events/tree_hash.h"
#include "ledger/merkle/tile.h"

namespace oppi::consumers {

using ledger::merkle::kTileWidth;

Result<ReplaySource> ReplaySourceAt(const std::string& url, const std::string& token) {
  ClientOptions options;
  options.token = token;
  OPPI_TRY(std::shared_ptr<HttpClient> client, HttpClient::Make(url, options));
  ReplaySource source;
  OPPI_TRY(source.tiles, LogAt(url));
  source.transitions = [client](LeafIndex from) -> Result<Bytes> {
    OPPI_TRY(HttpReply reply, client->Get("/v1/transitions/" + std::to_string(from.value())));
    if (reply.status >= 400) return ErrorOf(reply);
    return std::move(reply.body);
  };
  return source;
}

Status ReplayFollower::Follow(const ledger::Checkpoint& checkpoint) {
  return broken_ ? Status(*broken_) : FollowTo(checkpoint);
}

/// What is wrong with the log stays wrong; that it could not be read may pass.
Error ReplayFollower::Wrong(const std::string& what) {
  broken_ = InvalidArgument("replay: " + what);
  return *broken_;
}

Status ReplayFollower::FollowTo(const ledger::Checkpoint& checkpoint) {
  if (checkpoint.size < leaves_.size())
    return Unavailable("replay: it has gone beyond this checkpoint; ask about a newer one");
  while (leaves_.size() < checkpoint.size) {
    OPPI_TRY(const Bytes bytes, source_.transitions(replay_.next()));
    auto page = ledger::DecodeTransitionsPage(bytes);
    if (!page.ok()) return Unavailable("replay: " + page.error().message);
    if (page->empty())
      return Unavailable("replay: the log gives no transitions for entry " +
                         std::to_string(replay_.next().value()));
    for (const auto& [state, transitions] : *page) {
      if (!Contains(checkpoint.size, state)) break;
      OPPI_RETURN_IF_ERROR(AddCommit(state, transitions, checkpoint.size));
    }
    if (!Contains(checkpoint.size, page->front().state))
      return Wrong("the checkpoint of size " + std::to_string(checkpoint.size.value()) +
                   " does not end in a state entry");
  }
  if (leaves_.Root() != checkpoint.root)
    return Wrong("the entries do not make the tree that was signed at size " +
                 std::to_string(checkpoint.size.value()));
  return {};
}

Status ReplayFollower::AddCommit(LeafIndex state, const ledger::Transitions& transitions,
                                 TreeSize size) {
  if (state < replay_.next())
    return Unavailable("replay: the log gives transitions of a commit that was asked for before");
  std::vector<ledger::Leaf> commit;
  ledger::merkle::CompactRange leaves = leaves_;
  for (LeafIndex index = replay_.next(); index <= state; index = NextIndex(leaves.size())) {
    OPPI_TRY(const Bytes bytes, EntryAt(index, size));
    auto leaf = ledger::DecodeLeaf(bytes);
    if (!leaf.ok()) return Wrong("entry " + std::to_string(index.value()) + " is malformed");
    leaves.Append(HashLeaf(bytes));
    commit.push_back(*std::move(leaf));
  }
  if (const Status added = replay_.Add(commit, transitions); !added.ok())
    return Wrong(added.error().message);
  leaves_ = std::move(leaves);
  return {};
}

Result<Bytes> ReplayFollower::EntryAt(LeafIndex index, TreeSize size) {
  const std::uint64_t tile = index.value() / kTileWidth;
  const std::size_t at = static_cast<std::size_t>(index.value() % kTileWidth);
  if (tile != tile_ || at >= bundle_.size()) {
    const auto width = static_cast<unsigned>(
        std::min<std::uint64_t>(kTileWidth, size.value() - tile * kTileWidth));
    OPPI_TRY(const Bytes bytes, source_.tiles.tile({true, 0, tile, width}));
    const auto entries = ledger::merkle::SplitBundle(bytes);
    if (!entries || entries->size() < width)
      return Unavailable("replay: the entry bundle " + std::to_string(tile) +
                         " is malformed or too short");
    bundle_.assign(entries->begin(), entries->begin() + width);
    tile_ = tile;
  }
  return bundle_[at];
}

}  // namespace oppi::consumers
