#pragma once

#include <memory>
#include <string>

#include "events/result.h"
#include "ledger/store.h"

/// Key layout. Integers are 8 bytes big-endian; tags and handles are 16 bytes and say nothing about
/// whom they name; every value marked * is sealed.
///
///   table          key                                value
///   Meta           name                               "state": tree state; "checkpoint": signed note
///   Leaves         index of the first entry           entry-bundle bytes of a run of leaves that one
///                                                     commit added; never crosses a bundle boundary
///   Tiles          level (1 byte), tile index         up to 256 hashes; the right edge is rewritten
///   Bodies         index of the event's leaf          wrapped content keys *, event bytes and salt *
///   Dedup          tag(id), first 8 of tag(source)    position, tag(bytes), barred flag
///   Streams        handle                             count, compact range of the stream's mini log,
///                                                     its unfinished run of entries
///   StreamEntries  handle, run number                 16 entries: index of the leaf, feeds
///   Vault          'h', tag(learner)                  handle *
///                  'k', handle, class                 data key *
///   Batches        index of the batch's leaf          commitments of items that are not in the log
///   Documents      handle, tag(SHA-256)               original document *
///   Views          projection, index, handle          fact * (rows in log order: cheap to add)
///   Labels         label                              value in the stream map, and what it commits to
///                                                     where that is nowhere else (ledger/label_rows.h)
///
/// Nothing is compressed: hashes, tags and ciphertext do not shrink.

namespace oppi::ledger {

struct RocksDbOptions {
  std::string path;
  bool create = false;      // refuse to create by accident
  std::size_t cache_bytes = 256U << 20;
  std::size_t write_buffer_bytes = 64U << 20;
  /// Tests of damage only: open what is there without writing.
  bool read_only = false;
};

/// Errors: kUnavailable when another process holds the store, kNotFound when there is none,
/// kDataLoss when it is damaged.
[[nodiscard]] Result<std::unique_ptr<Store>> OpenRocksDb(const RocksDbOptions& options);

/// Everything applied so far, as a store of its own in `directory`: an absolute path where nothing is yet.
/// On one file system large files are hard links, which neither store ever changes. What is applied
/// meanwhile is in it or not, each batch as a whole. Errors: kInvalidArgument (`store` is of another form,
/// without files), kResourceExhausted.
[[nodiscard]] Status CopyRocksDb(const Store& store, const std::string& directory);

}  // namespace oppi::ledger
