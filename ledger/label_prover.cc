#include "ledger/label_prover.h"

#include <utility>

namespace oppi::ledger {
namespace {

/// `Shows` is LabelProof::Stream or ::Entry, made of what lies under the label and the way to it.
template <class Shows, class Held>
Result<LabelProof> Prove(const merkle::MapTree::View& map, const VrfSecretKey& key,
                         const LabelName& name, const std::optional<Held>& held) {
  const auto [output, vrf] = key.Prove(VrfInput(name));
  const auto [label, blind] = LabelledBy(output);
  LabelProof proof{name.kind, vrf, {}};
  if (!held) {
    auto absence = map.ProveAbsence(label);
    if (!absence.ok()) return DataLoss("stream map: it holds a label that nothing is known of");
    proof.shows = std::move(absence).value();
    return proof;
  }
  auto included = map.ProveInclusion(label);
  if (!included.ok() || included->value != ValueOf(*held, blind))
    return DataLoss("stream map: it does not hold what is known of a label");
  proof.shows = Shows{*held, std::move(included->path)};
  return proof;
}

}  // namespace

Labelled LabelFor(const VrfSecretKey& key, const LabelName& name) {
  return LabelledBy(key.Hash(VrfInput(name)));
}

Result<LabelProof> ProveStream(const merkle::MapTree::View& map, const VrfSecretKey& key,
                               const LabelName& name, const std::optional<StreamHead>& head) {
  OPPI_CHECK(name.kind != LabelKind::kEntry);
  return Prove<LabelProof::Stream>(map, key, name, head);
}

Result<LabelProof> ProveEntry(const merkle::MapTree::View& map, const VrfSecretKey& key,
                              std::string_view identifier, const std::optional<LabelEntry>& entry) {
  OPPI_TRY(const LabelName name, EntryOf(identifier));
  return Prove<LabelProof::Entry>(map, key, name, entry);
}

}  // namespace oppi::ledger
