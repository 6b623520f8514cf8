#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/checkpoint.h"

/// C2SP tlog-proof@v1: an inclusion proof and the checkpoint it leads to, as one text. Our receipts.

namespace oppi::ledger {

struct TlogProof {
  std::optional<Bytes> extra;
  LeafIndex index{0};
  std::vector<NodeHash> path;
  std::string checkpoint;  // the note, verbatim
};

[[nodiscard]] std::string FormatTlogProof(const TlogProof& proof);
[[nodiscard]] Result<TlogProof> ParseTlogProof(std::string_view text);
/// Verifies the checkpoint under `log` and the inclusion of `leaf`; returns the checkpoint.
[[nodiscard]] Result<Checkpoint> VerifyTlogProof(const TlogProof& proof, const NodeHash& leaf, const VerifierKey& log);

}  // namespace oppi::ledger
