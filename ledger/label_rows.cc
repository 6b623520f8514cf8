#include "ledger/label_rows.h"

namespace oppi::ledger {
namespace {

struct DecodedRow {
  merkle::MapEntry leaf;
  std::optional<LabelEntry> entry;
};
Result<DecodedRow> DecodeRow(ByteView key, ByteView row) {
  const auto label = Label::From(key);
  const auto value = merkle::MapValue::From(row.substr(0, kDigestBytes));
  if (!label || !value) return DataLoss("labels: damaged row");
  DecodedRow decoded{{*label, *value}, std::nullopt};
  if (row.size() == kDigestBytes) return decoded;
  const auto entry = DecodeLabelEntry(row.substr(kDigestBytes));
  if (!entry.ok()) return DataLoss("labels: damaged row: " + entry.error().message);
  decoded.entry = *entry;
  return decoded;
}

}  // namespace

void LabelChanges::SetStream(const Labelled& name, const StreamHead& head) {
  rows_[name.label] = {ValueOf(head, name.blind), std::nullopt};
}

void LabelChanges::SetEntry(const Labelled& name, const LabelEntry& entry) {
  rows_[name.label] = {ValueOf(entry, name.blind), entry};
}

std::vector<merkle::MapEntry> LabelChanges::Sorted() const {
  std::vector<merkle::MapEntry> sorted;
  sorted.reserve(rows_.size());
  for (const auto& [label, row] : rows_) sorted.push_back({label, row.value});
  return sorted;
}

void LabelChanges::Write(WriteBatch& writes) const {
  for (const auto& [label, row] : rows_) {
    Bytes bytes(row.value.view());
    if (row.entry) bytes += EncodeLabelEntry(*row.entry);
    writes.Put(Table::kLabels, label.view(), bytes);
  }
}

Result<std::optional<LabelEntry>> ReadLabelEntry(const Store& store, const Label& label,
                                                 const Snapshot* at) {
  OPPI_TRY(const auto row, store.Get(Table::kLabels, label.view(), at));
  if (!row) return std::optional<LabelEntry>();
  OPPI_TRY(const DecodedRow decoded, DecodeRow(label.view(), *row));
  if (!decoded.entry) return DataLoss("labels: the row of an identifier is that of a stream");
  return decoded.entry;
}

Result<std::unique_ptr<merkle::MapTree>> OpenLabelTree(const Store& store,
                                                       const merkle::MapRoot& expected,
                                                       const Snapshot* at) {
  merkle::MapTree::Builder builder;
  Status failure;
  OPPI_RETURN_IF_ERROR(store.Scan(
      Table::kLabels, {}, {},
      [&](ByteView key, ByteView row) {
        const auto decoded = DecodeRow(key, row);
        failure = decoded.ok() ? builder.Add(decoded->leaf) : Status(decoded.error());
        return failure.ok();
      },
      at));
  OPPI_RETURN_IF_ERROR(failure);
  auto tree = builder.Finish();
  if (tree->PreparedRoot() != expected)
    return DataLoss("labels: the rows do not give the map root of the newest state entry");
  return tree;
}

}  // namespace oppi::ledger
