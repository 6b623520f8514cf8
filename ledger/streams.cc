#include "ledger/streams.h"

namespace oppi::ledger {
namespace {

void EncodeEntries(const std::vector<StreamEntry>& entries, ByteWriter& w) {
  for (const StreamEntry& e : entries) {
    w.U64(e.index.value());
    w.U16(e.feeds);
  }
}

void DecodeEntries(ByteReader& r, std::size_t count, std::vector<StreamEntry>& entries) {
  for (std::size_t i = 0; i < count && r.ok(); ++i) {
    const LeafIndex index(r.U64());
    entries.push_back({index, r.U16()});
  }
}

Bytes RunKey(const Handle& handle, std::uint64_t run) {
  Bytes key(handle.view());
  ByteWriter(key).U64(run);
  return key;
}

}  // namespace

StreamHead HeadOf(const StreamState& state) { return {state.count(), state.head()}; }

Bytes EncodeStream(const StreamState& state) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.Raw(state.name.label.view());
  w.Raw(state.name.blind.view());
  w.U64(state.count());
  for (const NodeHash& hash : state.entries.hashes()) w.Raw(hash.view());
  EncodeEntries(state.run, w);
  return bytes;
}

Result<StreamState> DecodeStream(ByteView bytes) {
  ByteReader r(bytes);
  StreamState state;
  const auto label = Label::From(r.Raw(kDigestBytes));
  const auto blind = Blind::From(r.Raw(kDigestBytes));
  if (!label || !blind) return DataLoss("stream: damaged row");
  state.name = {*label, *blind};
  const TreeSize size(r.U64());
  std::vector<NodeHash> hashes;
  for (int i = __builtin_popcountll(size.value()); i > 0; --i) {
    const auto hash = NodeHash::From(r.Raw(kDigestBytes));
    if (!hash) return DataLoss("stream: damaged row");
    hashes.push_back(*hash);
  }
  DecodeEntries(r, static_cast<std::size_t>(size.value() % kStreamRun), state.run);
  auto range = merkle::CompactRange::From(size, std::move(hashes));
  if (!r.done() || !range.ok()) return DataLoss("stream: damaged row");
  state.entries = std::move(range).value();
  return state;
}

void AppendToStream(StreamState& state, const Handle& handle, const StreamEntry& entry, WriteBatch& writes) {
  state.entries.Append(StreamLeaf(entry.index));
  state.run.push_back(entry);
  if (state.run.size() < kStreamRun) return;
  Bytes run;
  ByteWriter w(run);
  EncodeEntries(state.run, w);
  writes.Put(Table::kStreamEntries, RunKey(handle, state.count() / kStreamRun - 1), run);
  state.run.clear();
}

Result<StreamState> ReadStream(const Store& store, const Handle& handle, const Snapshot* at) {
  OPPI_TRY(const auto row, store.Get(Table::kStreams, handle.view(), at));
  if (!row) return StreamState{};
  return DecodeStream(*row);
}

Result<std::vector<StreamEntry>> ReadStreamEntries(const Store& store, const Handle& handle, TreeSize size,
                                                   const Snapshot* at) {
  // Without a snapshot a run may finish between the two reads; the state is read first, so what it
  // does not hold itself is in the runs.
  OPPI_TRY(const StreamState state, ReadStream(store, handle, at));
  std::vector<StreamEntry> entries;
  entries.reserve(static_cast<std::size_t>(state.count()));
  const std::uint64_t runs = state.count() / kStreamRun;
  bool damaged = false;
  // Most streams are shorter than a run: nothing to look for.
  if (runs != 0) OPPI_RETURN_IF_ERROR(store.Scan(
      Table::kStreamEntries, RunKey(handle, 0), RunKey(handle, runs),
      [&](ByteView key, ByteView value) {
        ByteReader r(value);
        damaged = key != RunKey(handle, entries.size() / kStreamRun);
        DecodeEntries(r, kStreamRun, entries);
        damaged = damaged || !r.done();
        return !damaged;
      },
      at));
  entries.insert(entries.end(), state.run.begin(), state.run.end());
  if (damaged || entries.size() != state.count()) return DataLoss("stream: entries are missing");
  while (!entries.empty() && !Contains(size, entries.back().index)) entries.pop_back();
  return entries;
}

}  // namespace oppi::ledger
