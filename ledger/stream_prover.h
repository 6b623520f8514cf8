#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "ledger/label_proof.h"
#include "ledger/leaf.h"
#include "ledger/log_view.h"
#include "ledger/vault.h"

/// Everything that the stream map of a view shows of an identifier: what an answer rests on that
/// says "and there is nothing more". Any thread.

namespace oppi::ledger {

/// The newest state leaf of a view, which is its last entry.
struct StateAt {
  LeafIndex index{0};
  StateLeaf leaf;
};
/// Errors: kDataLoss when the last entry is none.
[[nodiscard]] Result<StateAt> StateOf(const LogView& view);

/// A stream of the identifier's: one for each handle it has or had that something is left of.
struct ProvedStream {
  Handle handle;
  HandleSalt salt;  // opens the commitment to the handle in one of the entries
  LabelProof proof;
  std::vector<LeafIndex> entries;  // all of them, in order
  friend bool operator==(const ProvedStream&, const ProvedStream&) = default;
};

struct ProvedIdentifier {
  LabelProof entry;                 // the newest, or that there is none
  std::vector<LabelEntry> earlier;  // before the newest, newest first
  std::vector<ProvedStream> streams;
  friend bool operator==(const ProvedIdentifier&, const ProvedIdentifier&) = default;
};

/// Requires that the view has a map. Errors: kInvalidArgument (no identifier), kDataLoss.
[[nodiscard]] Result<ProvedIdentifier> ProveIdentifier(const LogView& view, const Vault& vault,
                                                       std::string_view identifier);

}  // namespace oppi::ledger
