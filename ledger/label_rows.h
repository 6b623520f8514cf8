#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "events/result.h"
#include "ledger/label.h"
#include "ledger/merkle/map_tree.h"
#include "ledger/store.h"

/// What the stream map is made of, as it is kept. A stream's label and head are in its own row
/// (ledger/streams.h); an identifier has a row of its own:
///
///   Table::kLabels: label (32) -> value (32), then for each entry, the newest first:
///                                 covers (8) || entry (69)
///
/// Inner nodes are derived from both when the ledger is opened.

namespace oppi::ledger {

/// An entry of an identifier, and since when it is in the map.
struct EntryChange {
  TreeSize covers{1};  // of the first state leaf whose map has it
  LabelEntry entry;
  friend bool operator==(const EntryChange&, const EntryChange&) = default;
};

/// What there is and was of an identifier.
struct Identifier {
  merkle::MapValue value;            // of the newest entry
  std::vector<EntryChange> changes;  // the newest first; never empty
  [[nodiscard]] const LabelEntry& newest() const { return changes.front().entry; }
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

/// A stream under a handle that is new for this identifier: its first entry, or, where another
/// handle was in use before, the entry that says so and the next.
[[nodiscard]] Identifier WithStream(const std::optional<Identifier>& before,
                                    const HandleCommitment& handle, const Blind& blind,
                                    TreeSize covers);

[[nodiscard]] Bytes EncodeIdentifier(const Identifier& identifier);
/// Strict: each entry follows from the one before. Errors: kDataLoss.
[[nodiscard]] Result<Identifier> DecodeIdentifier(ByteView row);
/// nullopt: nothing. Errors: kDataLoss.
[[nodiscard]] Result<std::optional<Identifier>> ReadIdentifier(const Store& store,
                                                               const Label& label,
                                                               const Snapshot* at = nullptr);

/// The served map of all rows: some microseconds a label. Errors: kDataLoss when a row is damaged,
/// or the rows do not give `expected`, the root in the newest state leaf.
[[nodiscard]] Result<std::unique_ptr<merkle::MapTree>> OpenLabelTree(
    const Store& store, const merkle::MapRoot& expected, const Snapshot* at = nullptr);

}  // namespace oppi::ledger
