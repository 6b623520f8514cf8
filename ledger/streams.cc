#include "ledger/streams.h"

#include "events/tree_hash.h"

namespace oppi::ledger {

Bytes EncodeStream(const StreamState& state) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.U64(state.count());
  for (const NodeHash& hash : state.entries.hashes()) w.Raw(hash.view());
  return bytes;
}

Result<StreamState> DecodeStream(ByteView bytes) {
  ByteReader r(bytes);
  const TreeSize size(r.U64());
  std::vector<NodeHash> hashes;
  while (r.ok() && !r.rest().empty()) {
    const auto hash = NodeHash::From(r.Raw(kDigestBytes));
    if (!hash) return DataLoss("stream: damaged row");
    hashes.push_back(*hash);
  }
  auto range = merkle::CompactRange::From(size, std::move(hashes));
  if (!r.ok() || !range.ok()) return DataLoss("stream: damaged row");
  return StreamState{std::move(range).value()};
}

NodeHash StreamLeaf(LeafIndex index) { return HashLeaf(BigEndian(index.value())); }

Result<StreamState> ReadStream(const Store& store, const Handle& handle, const Snapshot* at) {
  OPPI_TRY(const auto row, store.Get(Table::kStreams, handle.view(), at));
  if (!row) return StreamState{};
  return DecodeStream(*row);
}

Result<std::vector<LeafIndex>> ReadStreamEntries(const Store& store, const Handle& handle, TreeSize size,
                                                 const Snapshot* at) {
  std::vector<LeafIndex> entries;
  bool damaged = false;
  OPPI_RETURN_IF_ERROR(store.Scan(
      Table::kStreamEntries, handle.view(), PrefixEnd(handle.view()),
      [&](ByteView key, ByteView value) {
        ByteReader k(key.substr(handle.view().size()));
        ByteReader v(value);
        const std::uint64_t sequence = k.U64();
        const LeafIndex index(v.U64());
        damaged = !k.done() || !v.done() || sequence != entries.size() ||
                  (!entries.empty() && index <= entries.back());
        if (damaged || !Contains(size, index)) return false;
        entries.push_back(index);
        return true;
      },
      at));
  if (damaged) return DataLoss("stream: entries are not numbered without gaps");
  return entries;
}

Bytes StreamEntryKey(const Handle& handle, std::uint64_t sequence) {
  Bytes key(handle.view());
  ByteWriter(key).U64(sequence);
  return key;
}

}  // namespace oppi::ledger
