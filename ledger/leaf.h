#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "events/batch.h"
#include "events/bytes.h"
#include "events/digest.h"
#include "events/ordinal.h"
#include "events/outcome.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/merkle/mpt.h"

/// The entries of the log (docs/wire-format.md). None holds personal data: an event is a salted
/// commitment and a number of subjects; only public (S0) events carry their bytes in clear.

namespace oppi::ledger {

/// First entry: what this log is.
struct GenesisLeaf {
  std::string origin;
  std::string log_key;        // vkey
  std::string registrar_key;  // vkey of the publisher "registrar"
  std::string ledger_key;     // vkey of the publisher "ledger" (the ledger's own events)
  friend bool operator==(const GenesisLeaf&, const GenesisLeaf&) = default;
};

/// A signed batch header, before the first of its accepted events.
struct BatchLeaf {
  Bytes header;  // events::EncodeHeader
  Signature signature{};
  friend bool operator==(const BatchLeaf&, const BatchLeaf&) = default;
};

/// One event. `clear` only for S0 events: encoding byte, salt and the exact bytes.
struct EventLeaf {
  LeafIndex batch{0};       // index of its BatchLeaf
  std::uint16_t item = 0;   // position in the batch
  std::uint8_t subjects = 0;
  events::Outcome outcome = events::Outcome::kAccepted;  // kAccepted or kQuarantined
  events::ErrorCode reason = events::ErrorCode::kNone;   // of a quarantine
  Commitment commitment{};
  std::optional<events::BatchItem> clear;
  friend bool operator==(const EventLeaf& a, const EventLeaf& b);
};

/// What the stream map (ledger/label.h) was when everything before this entry was in it. Lies at the
/// index that equals `covers`; the last entry of a checkpoint whose map is current.
struct StateLeaf {
  TreeSize covers{1};        // entries that the map covers: all before this one
  merkle::MapRoot map_root;  // of the map of streams
  Sha256Digest fold;         // which function of the entries the map is (FoldOf in ledger/label.h)
  LeafIndex previous{0};     // index of the state leaf before this one; 0: there was none
  friend bool operator==(const StateLeaf&, const StateLeaf&) = default;
};

struct Leaf {
  Instant recorded{};
  std::variant<GenesisLeaf, BatchLeaf, EventLeaf, StateLeaf> body;
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

/// Requires, of a state leaf, that previous is below covers.
[[nodiscard]] Bytes EncodeLeaf(const Leaf& leaf);
/// Strict: EncodeLeaf(DecodeLeaf(b)) == b.
[[nodiscard]] Result<Leaf> DecodeLeaf(ByteView bytes);

}  // namespace oppi::ledger
