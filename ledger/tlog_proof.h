#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"
#include "events/ordinal.h"
#include "events/result.h"
#include "ledger/checkpoint.h"

/// C2SP tlog-proof@v1: an inclusion proof and the checkpoint it leads to, as one text. Our
/// receipts. Pure functions, any thread.

namespace oppi::ledger {

/// Hashes on the longest path that a tree of 64-bit size has.
inline constexpr std::size_t kTlogProofHashesMax = 64;

struct TlogProof {
  std::optional<Bytes> extra;  // nobody signed this: trust it only as far as it proves itself
  LeafIndex index{0};
  std::vector<NodeHash> path;  // leaf sibling first
  std::string checkpoint;      // the note, verbatim
  friend bool operator==(const TlogProof&, const TlogProof&) = default;
};

/// Requires a path of at most kTlogProofHashesMax, and a checkpoint that is a well-formed note.
[[nodiscard]] std::string FormatTlogProof(const TlogProof& proof);
/// Strict: FormatTlogProof(ParseTlogProof(t)) == t. At most kTlogProofBytesMax. The checkpoint must
/// be a well-formed note with a checkpoint as its text; its signatures are not looked at.
/// Errors: kInvalidArgument.
[[nodiscard]] Result<TlogProof> ParseTlogProof(std::string_view text);
/// Verifies the checkpoint under `log` and the inclusion of `leaf`; returns the checkpoint. Errors:
/// those of OpenCheckpoint and merkle::VerifyInclusion. (Under a policy: tlog_policy.h.)
[[nodiscard]] Result<Checkpoint> VerifyTlogProof(const TlogProof& proof, const NodeHash& leaf,
                                                 const VerifierKey& log);

}  // namespace oppi::ledger
