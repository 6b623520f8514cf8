#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/signed_note.h"

/// C2SP tlog-checkpoint v1. Pure functions, any thread.

namespace oppi::ledger {

struct Checkpoint {
  std::string origin;
  TreeSize size{0};
  RootHash root{};
  std::vector<std::string> extensions;  // we write none; others' are kept
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// Note text of a checkpoint: three or more lines, each ended by "\n". Requires an origin and
/// extensions that ParseCheckpointText accepts.
[[nodiscard]] std::string CheckpointText(const Checkpoint& checkpoint);
/// Strict: no leading zeros, exact base64, origin not empty and at most kOriginBytesMax; so
/// CheckpointText(ParseCheckpointText(t)) == t. Says nothing about whether size and root belong
/// together. Errors: kInvalidArgument.
[[nodiscard]] Result<Checkpoint> ParseCheckpointText(std::string_view text);

/// The signed note. Requires key.name == checkpoint.origin: only so can OpenCheckpoint read it.
[[nodiscard]] std::string SignCheckpoint(const Checkpoint& checkpoint, const NamedSigningKey& key);
/// Parses, verifies at least the log's own key, and that origin == log.name. Errors:
/// kInvalidArgument for the form and for a size 0 with another root than the empty tree's,
/// kUnauthenticated for the signature and the origin.
[[nodiscard]] Result<Checkpoint> OpenCheckpoint(std::string_view note, const VerifierKey& log);

}  // namespace oppi::ledger
