#pragma once

#include <vector>

#include "events/bytes.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/label.h"
#include "ledger/merkle/mpt.h"

/// What one commit changed in the stream map, without names: which events went into which streams,
/// and which labels began (docs/wire-format.md, transitions). An auditor who is given them computes
/// every map again (ledger/map_replay.h). Pure; part of what a verifier is made of.

namespace oppi::ledger {

struct Transitions {
  /// An event is the next one of a stream; one for each of its subjects.
  struct Event {
    LeafIndex index{0};
    Label label;
    friend auto operator<=>(const Event&, const Event&) = default;
  };
  /// A stream that has its first event here.
  struct Stream {
    Label label;
    Blind blind;
    friend auto operator<=>(const Stream&, const Stream&) = default;
  };
  /// An identifier has another entry from here on.
  struct Entry {
    Label label;
    merkle::MapValue value;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  std::vector<Event> events;  // each list strictly ascending
  std::vector<Stream> streams;
  std::vector<Entry> entries;  // one a label
  friend bool operator==(const Transitions&, const Transitions&) = default;
};

/// u32 number || (u64 index || label (32)) each, u32 number || (label (32) || blind (32)) each,
/// u32 number || (label (32) || value (32)) each. Requires that the lists ascend.
[[nodiscard]] Bytes EncodeTransitions(const Transitions& transitions);
/// Strict: EncodeTransitions(DecodeTransitions(b)) == b, and the lists ascend. Errors:
/// kInvalidArgument.
[[nodiscard]] Result<Transitions> DecodeTransitions(ByteView bytes);

/// Of the commit whose state entry is at `state`.
struct CommitTransitions {
  LeafIndex state{0};
  Transitions transitions;
  friend bool operator==(const CommitTransitions&, const CommitTransitions&) = default;
};
/// u64 state || u32 length || transitions, for each commit, ascending.
[[nodiscard]] Bytes EncodeTransitionsPage(const std::vector<CommitTransitions>& page);
/// Strict. Errors: kInvalidArgument.
[[nodiscard]] Result<std::vector<CommitTransitions>> DecodeTransitionsPage(ByteView bytes);

}  // namespace oppi::ledger
