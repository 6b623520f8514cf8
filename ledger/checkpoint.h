#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/signed_note.h"

/// C2SP tlog-checkpoint v1.

namespace oppi::ledger {

struct Checkpoint {
  std::string origin;
  TreeSize size{0};
  RootHash root{};
  std::vector<std::string> extensions;  // we write none; others' are kept
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// Note text of a checkpoint: three or more lines, each ended by "\n".
[[nodiscard]] std::string CheckpointText(const Checkpoint& checkpoint);
/// Strict: no leading zeros, exact base64, origin not empty and at most kOriginBytesMax.
[[nodiscard]] Result<Checkpoint> ParseCheckpointText(std::string_view text);

[[nodiscard]] std::string SignCheckpoint(const Checkpoint& checkpoint, const NamedSigningKey& key);
/// Parses, verifies at least the log's own key, and that origin == log.name.
[[nodiscard]] Result<Checkpoint> OpenCheckpoint(std::string_view note, const VerifierKey& log);

}  // namespace oppi::ledger
