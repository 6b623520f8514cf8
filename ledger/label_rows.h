#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "events/result.h"
#include "ledger/label.h"
#include "ledger/merkle/map_tree.h"
#include "ledger/store.h"

/// The leaves of the stream map as they are kept: one row a label (Table::kLabels). Inner nodes are
/// derived from them when the ledger is opened.
///
///   label (32)  ->  value (32), and of an identifier the entry (69) that it commits to
///
/// The head of a stream is in the stream's own row.

namespace oppi::ledger {

/// What one commit changes in the map. A value.
class LabelChanges {
 public:
  /// The newest of several for one label counts.
  void SetStream(const Labelled& name, const StreamHead& head);
  void SetEntry(const Labelled& name, const LabelEntry& entry);

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// In order of the labels: what merkle::MapTree::Prepare takes.
  [[nodiscard]] std::vector<merkle::MapEntry> Sorted() const;
  void Write(WriteBatch& writes) const;

 private:
  struct Row {
    merkle::MapValue value;
    std::optional<LabelEntry> entry;
  };
  std::map<Label, Row> rows_;
};

/// What there is of an identifier; nullopt: nothing. Errors: kDataLoss.
[[nodiscard]] Result<std::optional<LabelEntry>> ReadLabelEntry(const Store& store,
                                                               const Label& label,
                                                               const Snapshot* at = nullptr);

/// The served map of all rows, made in one pass: some 0.3 us a label. Errors: kDataLoss when a row
/// is damaged, or the rows do not give `expected`, the root in the newest state leaf.
[[nodiscard]] Result<std::unique_ptr<merkle::MapTree>> OpenLabelTree(
    const Store& store, const merkle::MapRoot& expected, const Snapshot* at = nullptr);

}  // namespace oppi::ledger
