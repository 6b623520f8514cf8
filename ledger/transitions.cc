#include "ledger/transitions.h"

#include <algorithm>

namespace oppi::ledger {
namespace {

/// Strictly ascending, by label where the rest may be anything.
template <class List, class Less>
bool Ascends(const List& list, Less less) {
  return std::adjacent_find(list.begin(), list.end(), [&](const auto& a, const auto& b) {
           return !less(a, b);
         }) == list.end();
}

bool InOrder(const Transitions& t) {
  const auto by_label = [](const auto& a, const auto& b) { return a.label < b.label; };
  return Ascends(t.events, [](const auto& a, const auto& b) { return a < b; }) &&
         Ascends(t.streams, by_label) && Ascends(t.entries, by_label);
}

template <class Digest>
bool Read(ByteReader& r, Digest& into) {
  const auto digest = Digest::From(r.Raw(kDigestBytes));
  if (digest) into = *digest;
  return digest.has_value();
}

}  // namespace

Bytes EncodeTransitions(const Transitions& transitions) {
  OPPI_CHECK(InOrder(transitions));
  Bytes bytes;
  ByteWriter w(bytes);
  w.U32(static_cast<std::uint32_t>(transitions.events.size()));
  for (const auto& event : transitions.events) {
    w.U64(event.index.value());
    w.Raw(event.label.view());
  }
  w.U32(static_cast<std::uint32_t>(transitions.streams.size()));
  for (const auto& stream : transitions.streams) {
    w.Raw(stream.label.view());
    w.Raw(stream.blind.view());
  }
  w.U32(static_cast<std::uint32_t>(transitions.entries.size()));
  for (const auto& entry : transitions.entries) {
    w.Raw(entry.label.view());
    w.Raw(entry.value.view());
  }
  return bytes;
}

Result<Transitions> DecodeTransitions(ByteView bytes) {
  const Error bad = InvalidArgument("transitions: malformed");
  ByteReader r(bytes);
  Transitions t;
  for (std::uint32_t n = r.U32(); n > 0; --n) {
    Transitions::Event event;
    event.index = LeafIndex(r.U64());
    if (!Read(r, event.label)) return bad;
    t.events.push_back(event);
  }
  for (std::uint32_t n = r.U32(); n > 0; --n) {
    Transitions::Stream stream;
    if (!Read(r, stream.label) || !Read(r, stream.blind)) return bad;
    t.streams.push_back(stream);
  }
  for (std::uint32_t n = r.U32(); n > 0; --n) {
    Transitions::Entry entry;
    if (!Read(r, entry.label) || !Read(r, entry.value)) return bad;
    t.entries.push_back(entry);
  }
  if (!r.done() || !InOrder(t)) return bad;
  return t;
}

Bytes EncodeTransitionsPage(const std::vector<CommitTransitions>& page) {
  Bytes bytes;
  ByteWriter w(bytes);
  for (const auto& [state, transitions] : page) {
    w.U64(state.value());
    w.Long(EncodeTransitions(transitions));
  }
  return bytes;
}

Result<std::vector<CommitTransitions>> DecodeTransitionsPage(ByteView bytes) {
  ByteReader r(bytes);
  std::vector<CommitTransitions> page;
  while (r.ok() && !r.rest().empty()) {
    const LeafIndex state(r.U64());
    OPPI_TRY(Transitions transitions, DecodeTransitions(r.Long()));
    if (!page.empty() && state <= page.back().state) return InvalidArgument("transitions: malformed");
    page.push_back({state, std::move(transitions)});
  }
  if (!r.done()) return InvalidArgument("transitions: malformed");
  return page;
}

}  // namespace oppi::ledger
