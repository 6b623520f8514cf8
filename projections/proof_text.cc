#include "projections/proof_text.h"

#include <nlohmann/json.hpp>

#include "events/tree_hash.h"
#include "ledger/equivocation.h"
#include "ledger/leaf.h"
#include "ledger/state_receipt.h"
#include "projections/verifier.h"

namespace oppi::projections {
namespace {

constexpr std::string_view kProofHeader = "c2sp.org/tlog-proof@v1\n";

/// A witness may say anything: what is no time of these ten thousand years is shown as the number
/// it is.
std::string TimeSaid(std::uint64_t seconds) {
  constexpr std::uint64_t kYear9999 = 253'402'300'799;
  if (seconds > kYear9999) return "second " + std::to_string(seconds);
  return FormatInstant(Instant{static_cast<std::int64_t>(seconds) * kMicrosPerSecond});
}

std::string EntryInWords(LeafIndex index, Instant recorded) {
  return "entry " + std::to_string(index.value()) + ", recorded " + FormatInstant(recorded) +
         ", is in that log";
}

Verdict Refused(std::string kind, std::string why) {
  return {false, std::move(kind), {}, std::move(why)};
}

/// What the proofs of a state say of an identifier. A receipt may hold proofs of several names, in
/// any order.
Verdict VerifyAbout(const ledger::ProvedState& state, std::string_view about) {
  for (const ledger::LabelProof& proof : state.proofs) {
    if (proof.kind != ledger::LabelKind::kEntry) continue;
    const auto proved = VerifyEntryProof(proof, about, state.vrf_key, state.leaf.map_root);
    if (!proved.ok()) continue;
    if (!proved->entry)
      return {true, "state", {"the log never had anything of this identifier, up to there"}, {}};
    const bool erased = proved->entry->state == ledger::EntryState::kErased;
    return {true,
            "state",
            {erased ? "the identifier was erased: nobody can find its stream"
                    : "the identifier has a stream"},
            {}};
  }
  return Refused("state", "the state receipt proves nothing of this identifier");
}

Verdict VerifyState(const ledger::TlogProof& proof, const ledger::TlogPolicy& trust,
                    std::string_view about) {
  const auto trusted = ledger::OpenCheckpoint(proof.checkpoint, trust);
  if (!trusted.ok()) return Refused("state", trusted.error().message);
  const auto state = VerifyStateReceipt(proof, trust);
  if (!state.ok()) return Refused("state", state.error().message);
  Verdict verdict{true, "state", WhoSigned(*trusted, trust), {}};
  verdict.proved.push_back(EntryInWords(state->index, state->recorded));
  verdict.proved.push_back(state->current ? "its map of streams covers all of that log"
                                          : "its map of streams covers the first " +
                                                std::to_string(state->leaf.covers.value()) +
                                                " entries: of later ones it says nothing");
  if (about.empty()) {
    verdict.proved.push_back(
        "it brings " + std::to_string(state->proofs.size()) +
        " proofs about names that it does not tell: not looked at without the name");
    return verdict;
  }
  Verdict named = VerifyAbout(*state, about);
  if (!named.holds) return named;
  verdict.proved.push_back(std::move(named.proved.front()));
  return verdict;
}

Verdict VerifyReceipt(std::string_view text, const ledger::TlogPolicy& trust,
                      std::string_view about) {
  const auto proof = ledger::ParseTlogProof(text);
  if (!proof.ok()) return Refused("receipt", proof.error().message);
  if (!proof->extra)
    return Refused("receipt", "the receipt does not hold the entry that it is about");
  const auto leaf = ledger::DecodeLeaf(*proof->extra);
  // No entry begins as a state receipt does: its second byte would set the clock to the year 4253.
  if (!leaf.ok() && proof->extra->starts_with("\x01\x01")) return VerifyState(*proof, trust, about);
  const auto trusted = ledger::VerifyTlogProof(*proof, HashLeaf(*proof->extra), trust);
  if (!trusted.ok()) return Refused("receipt", trusted.error().message);
  if (!leaf.ok()) return Refused("receipt", leaf.error().message);
  Verdict verdict{true, "receipt", WhoSigned(*trusted, trust), {}};
  verdict.proved.push_back(EntryInWords(proof->index, leaf->recorded));
  if (const auto* event = std::get_if<ledger::EventLeaf>(&leaf->body))
    verdict.proved.push_back("it is an event with the commitment " + event->commitment.hex());
  return verdict;
}

Verdict VerifyCheckpoint(std::string_view text, const ledger::TlogPolicy& trust) {
  const auto trusted = ledger::OpenCheckpoint(text, trust);
  if (!trusted.ok()) return Refused("checkpoint", trusted.error().message);
  return {true, "checkpoint", WhoSigned(*trusted, trust), {}};
}

Verdict VerifyEquivocation(std::string_view text, const ledger::TlogPolicy& trust) {
  Verdict verdict{false, "equivocation", {}, {}};
  const auto equivocation = ledger::ParseEquivocation(text);
  const auto proved = equivocation.ok() ? ProveEquivocation(*equivocation, trust)
                                        : Result<std::string>(equivocation.error());
  verdict.holds = proved.ok();
  if (proved.ok())
    verdict.proved = {*proved};
  else
    verdict.failed = proved.error().message;
  return verdict;
}

}  // namespace

std::vector<std::string> WhoSigned(const ledger::TrustedCheckpoint& trusted,
                                   const ledger::TlogPolicy& trust) {
  std::vector<std::string> words = {"the checkpoint of " + trusted.checkpoint.origin + " at size " +
                                    std::to_string(trusted.checkpoint.size.value()) +
                                    " is signed as the trust file demands"};
  for (const auto& cosignature : trusted.cosignatures)
    words.push_back("cosigned by " + cosignature.witness + ", which says it was " +
                    TimeSaid(cosignature.timestamp));
  if (!trust.witnesses.empty())
    words.push_back(std::to_string(trusted.cosignatures.size()) + " of " +
                    std::to_string(trust.witnesses.size()) +
                    " witnesses have cosigned it; the quorum is " + trust.quorum);
  return words;
}

Verdict VerifyText(std::string_view text, const ledger::TlogPolicy& trust, std::string_view about,
                   const Demand& demand) {
  if (text.starts_with(kProofHeader)) return VerifyReceipt(text, trust, about);
  if (text.starts_with("{")) {
    Verdict verdict{false, "evidence", {}, {}};
    auto proved = VerifyEvidence(text, trust, demand);
    verdict.holds = proved.ok();
    if (proved.ok())
      verdict.proved = std::move(proved).value();
    else
      verdict.failed = proved.error().message;
    return verdict;
  }
  if (ledger::IsEquivocation(text)) return VerifyEquivocation(text, trust);
  return VerifyCheckpoint(text, trust);
}

std::string VerdictJson(std::string_view file, const Verdict& verdict) {
  return nlohmann::ordered_json({{"file", file},
                                 {"kind", verdict.kind},
                                 {"holds", verdict.holds},
                                 {"proved", verdict.proved},
                                 {"failed", verdict.failed}})
      .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace oppi::projections
