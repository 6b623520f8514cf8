#include "ledger/label_rows.h"

#include <algorithm>

#include "ledger/streams.h"

namespace oppi::ledger {

Identifier WithStream(const std::optional<Identifier>& before, const HandleCommitment& handle,
                      const Blind& blind, TreeSize covers) {
  Identifier after = before.value_or(Identifier{});
  const auto add = [&](EntryState state, const HandleCommitment& of) {
    const LabelEntry entry{state, static_cast<std::uint32_t>(after.changes.size()) + 1, of,
                           after.changes.empty() ? merkle::MapValue{} : after.value};
    after.changes.insert(after.changes.begin(), {covers, entry});
    after.value = ValueOf(entry, blind);
  };
  if (before && before->newest().state == EntryState::kHasStream)
    add(EntryState::kErased, before->newest().handle);
  add(EntryState::kHasStream, handle);
  return after;
}

Bytes EncodeIdentifier(const Identifier& identifier) {
  Bytes row(identifier.value.view());
  ByteWriter w(row);
  for (const EntryChange& change : identifier.changes) {
    w.U64(change.covers.value());
    w.Raw(EncodeLabelEntry(change.entry));
  }
  return row;
}

Result<Identifier> DecodeIdentifier(ByteView row) {
  const Error damaged = DataLoss("labels: damaged row");
  ByteReader r(row);
  const auto value = merkle::MapValue::From(r.Raw(kDigestBytes));
  if (!value) return damaged;
  Identifier identifier{*value, {}};
  while (r.ok() && !r.rest().empty()) {
    const TreeSize covers(r.U64());
    const auto entry = DecodeLabelEntry(r.Raw(kLabelEntryBytes));
    if (!entry.ok()) return damaged;
    identifier.changes.push_back({covers, *entry});
  }
  if (!r.done() || identifier.changes.empty()) return damaged;
  for (std::size_t i = 0; i < identifier.changes.size(); ++i) {
    const EntryChange& later = identifier.changes[i];
    if (later.entry.number != identifier.changes.size() - i) return damaged;
    if (i > 0 && identifier.changes[i - 1].covers < later.covers) return damaged;
  }
  return identifier;
}

Result<std::optional<Identifier>> ReadIdentifier(const Store& store, const Label& label,
                                                 const Snapshot* at) {
  OPPI_TRY(const auto row, store.Get(Table::kLabels, label.view(), at));
  if (!row) return std::optional<Identifier>();
  OPPI_TRY(Identifier identifier, DecodeIdentifier(*row));
  return std::optional(std::move(identifier));
}

Result<std::unique_ptr<merkle::MapTree>> OpenLabelTree(const Store& store,
                                                       const merkle::MapRoot& expected,
                                                       const Snapshot* at) {
  std::vector<merkle::MapEntry> entries;
  Status failure;
  OPPI_RETURN_IF_ERROR(store.Scan(
      Table::kLabels, {}, {},
      [&](ByteView key, ByteView row) {
        const auto label = Label::From(key);
        const auto identifier = DecodeIdentifier(row);
        if (!label || !identifier.ok()) {
          failure = DataLoss("labels: damaged row");
          return false;
        }
        entries.push_back({*label, identifier->value});
        return true;
      },
      at));
  OPPI_RETURN_IF_ERROR(failure);
  OPPI_RETURN_IF_ERROR(store.Scan(
      Table::kStreams, {}, {},
      [&](ByteView, ByteView row) {
        const auto stream = DecodeStream(row);
        if (!stream.ok()) {
          failure = stream.error();
          return false;
        }
        entries.push_back({stream->name.label, ValueOf(HeadOf(*stream), stream->name.blind)});
        return true;
      },
      at));
  OPPI_RETURN_IF_ERROR(failure);
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  merkle::MapTree::Builder builder;
  for (const merkle::MapEntry& entry : entries)
    if (!builder.Add(entry).ok()) return DataLoss("labels: two rows have one label");
  auto tree = builder.Finish();
  if (tree->PreparedRoot() != expected)
    return DataLoss("labels: the rows do not give the map root of the newest state entry");
  return tree;
}

}  // namespace oppi::ledger
