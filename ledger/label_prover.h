#pragma once

#include <optional>
#include <string_view>

#include "ledger/label_proof.h"
#include "ledger/merkle/map_tree.h"
#include "ledger/vrf_key.h"

/// Makes label proofs: the half that needs the VRF's secret key and the served map. Any thread.

namespace oppi::ledger {

/// Without a proof: what the writer needs. About 0.1 ms; keep the answer.
[[nodiscard]] Labelled LabelFor(const VrfSecretKey& key, const LabelName& name);

/// What the map holds under the name of a stream. `head`: of the stream as of the same commit;
/// nullopt when there is none. Errors: kDataLoss when that is not what the map says.
[[nodiscard]] Result<LabelProof> ProveStream(const merkle::MapTree::View& map,
                                             const VrfSecretKey& key, const LabelName& name,
                                             const std::optional<StreamHead>& head);
/// The same of an identifier. Errors: as above, and those of EntryOf.
[[nodiscard]] Result<LabelProof> ProveEntry(const merkle::MapTree::View& map,
                                            const VrfSecretKey& key, std::string_view identifier,
                                            const std::optional<LabelEntry>& entry);

}  // namespace oppi::ledger
