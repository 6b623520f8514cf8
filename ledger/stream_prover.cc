#include "ledger/stream_prover.h"

#include <algorithm>
#include <variant>

#include "ledger/label_prover.h"
#include "ledger/label_rows.h"
#include "ledger/streams.h"

namespace oppi::ledger {

Result<StateAt> StateOf(const LogView& view) {
  const LeafIndex last(view.size().value() - 1);
  OPPI_TRY(const Leaf leaf, view.ReadLeaf(last));
  const auto* state = std::get_if<StateLeaf>(&leaf.body);
  if (state == nullptr) return DataLoss("log: it does not end in a state entry");
  return StateAt{last, *state};
}

Result<ProvedIdentifier> ProveIdentifier(const LogView& view, const Vault& vault,
                                         std::string_view identifier) {
  OPPI_CHECK(view.map() != nullptr);
  OPPI_TRY(const LabelName name, EntryOf(identifier));
  const Label label = LabelFor(vault.label_key(), name).label;
  OPPI_TRY(const auto row, ReadIdentifier(view.store(), label, view.snapshot()));
  ProvedIdentifier proved;
  OPPI_TRY(proved.entry, ProveEntry(*view.map(), vault.label_key(), identifier,
                                    row ? std::optional(row->newest()) : std::nullopt));
  if (!row) return proved;
  for (const EntryChange& change : row->changes) proved.earlier.push_back(change.entry);
  proved.earlier.erase(proved.earlier.begin());
  OPPI_TRY(const std::vector<Handle> handles, vault.FindHandles(identifier));
  for (const Handle& handle : handles) {
    OPPI_TRY(const KeyRingPtr ring, vault.FindRing(handle));
    const auto salt = ring == nullptr ? std::nullopt : SaltOf(*ring);
    OPPI_TRY(const StreamState stream, ReadStream(view.store(), handle, view.snapshot()));
    if (!salt || stream.count() == 0)
      continue;  // nothing is left of it; or it began after the view
    ProvedStream one{handle, *salt, {}, {}};
    OPPI_TRY(one.proof,
             ProveStream(*view.map(), vault.label_key(), LearnerStream(handle), HeadOf(stream)));
    OPPI_TRY(const auto entries,
             ReadStreamEntries(view.store(), handle, view.size(), view.snapshot()));
    for (const StreamEntry& entry : entries) one.entries.push_back(entry.index);
    proved.streams.push_back(std::move(one));
  }
  return proved;
}

}  // namespace oppi::ledger
