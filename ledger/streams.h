#pragma once

#include <cstdint>
#include <vector>

#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/store.h"
#include "ledger/vault.h"

/// Gap-free streams: every learner's events, numbered from 0. The head is the root of the stream's
/// mini log, an RFC 6962 tree over the 8-byte big-endian log indices (architecture section 4).

namespace oppi::ledger {

struct StreamState {
  merkle::CompactRange entries;
  [[nodiscard]] std::uint64_t count() const { return entries.size().value(); }
  [[nodiscard]] RootHash head() const { return entries.Root(); }
};

[[nodiscard]] Bytes EncodeStream(const StreamState& state);
[[nodiscard]] Result<StreamState> DecodeStream(ByteView bytes);

/// Hash of one entry of a mini log.
[[nodiscard]] NodeHash StreamLeaf(LeafIndex index);

/// Empty state when the learner has no stream. Any thread.
[[nodiscard]] Result<StreamState> ReadStream(const Store& store, const Handle& handle, const Snapshot* at = nullptr);
/// Log indices of the stream's entries, in order; those below `size` only.
[[nodiscard]] Result<std::vector<LeafIndex>> ReadStreamEntries(const Store& store, const Handle& handle, TreeSize size,
                                                               const Snapshot* at = nullptr);

/// Row keys, for writers and fsck.
[[nodiscard]] Bytes StreamEntryKey(const Handle& handle, std::uint64_t sequence);

}  // namespace oppi::ledger
