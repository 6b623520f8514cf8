#pragma once

#include <cstdint>
#include <vector>

#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/label.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/store.h"
#include "ledger/stream_leaf.h"
#include "ledger/vault.h"

/// Gap-free streams: every learner's events, numbered from 0. The head is the root of the stream's
/// mini log, an RFC 6962 tree over the 8-byte big-endian log indices (architecture section 4).
///
/// Entries are kept in runs: the newest, unfinished run lies in the stream's own row, so that adding
/// an event writes one row a learner; a full run moves to a row of its own and is never written again.

namespace oppi::ledger {

inline constexpr std::size_t kStreamRun = 16;

struct StreamEntry {
  LeafIndex index{0};
  std::uint16_t feeds = 0;  // events::Feed bits of the type: which projections have a fact for it
  friend bool operator==(const StreamEntry&, const StreamEntry&) = default;
};

struct StreamState {
  Labelled name;                 // in the stream map; made when the stream begins
  merkle::CompactRange entries;  // the mini log
  std::vector<StreamEntry> run;  // the unfinished run: count() % kStreamRun entries
  [[nodiscard]] std::uint64_t count() const { return entries.size().value(); }
  [[nodiscard]] RootHash head() const { return entries.Root(); }
  friend bool operator==(const StreamState&, const StreamState&) = default;
};

/// What the stream map commits to. Requires that there are entries.
[[nodiscard]] StreamHead HeadOf(const StreamState& state);

[[nodiscard]] Bytes EncodeStream(const StreamState& state);
[[nodiscard]] Result<StreamState> DecodeStream(ByteView bytes);

/// Adds an entry; a run that is full now goes to `writes`.
void AppendToStream(StreamState& state, const Handle& handle, const StreamEntry& entry, WriteBatch& writes);

/// Empty state when the learner has no stream. Any thread.
[[nodiscard]] Result<StreamState> ReadStream(const Store& store, const Handle& handle, const Snapshot* at = nullptr);
/// The stream's entries below `size`, in order. kDataLoss when they are not what the head says.
[[nodiscard]] Result<std::vector<StreamEntry>> ReadStreamEntries(const Store& store, const Handle& handle, TreeSize size,
                                                                 const Snapshot* at = nullptr);

}  // namespace oppi::ledger
