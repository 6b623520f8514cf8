#include "ops/verify_file.h"

#include <filesystem>

#include "consumers/static_log.h"
#include "events/tree_hash.h"
#include "ledger/durable_file.h"
#include "ledger/equivocation.h"
#include "ledger/leaf.h"
#include "projections/verifier.h"

namespace oppi::ops {
namespace {

constexpr std::string_view kProofHeader = "c2sp.org/tlog-proof@v1\n";

/// A witness may say anything: what is no time of these ten thousand years is shown as the number it is.
std::string TimeSaid(std::uint64_t seconds) {
  constexpr std::uint64_t kYear9999 = 253'402'300'799;
  if (seconds > kYear9999) return "second " + std::to_string(seconds);
  return FormatInstant(Instant{static_cast<std::int64_t>(seconds) * kMicrosPerSecond});
}

/// Who vouched for it: the log, and which of the witnesses that the trust file knows, when.
void SayWhoSigned(const ledger::TrustedCheckpoint& trusted, const ledger::TlogPolicy& trust, Verdict& verdict) {
  verdict.proved.push_back("the checkpoint of " + trusted.checkpoint.origin + " at size " + std::to_string(trusted.checkpoint.size.value()) +
                           " is signed as the trust file demands");
  for (const auto& cosignature : trusted.cosignatures)
    verdict.proved.push_back("cosigned by " + cosignature.witness + ", which says it was " +
                             TimeSaid(cosignature.timestamp));
  if (!trust.witnesses.empty())
    verdict.proved.push_back(std::to_string(trusted.cosignatures.size()) + " of " + std::to_string(trust.witnesses.size()) +
                             " witnesses have cosigned it; the quorum is " + trust.quorum);
}

Verdict VerifyReceipt(std::string_view text, const ledger::TlogPolicy& trust) {
  Verdict verdict{false, "receipt", {}, {}};
  const auto proof = ledger::ParseTlogProof(text);
  if (!proof.ok()) {
    verdict.failed = proof.error().message;
    return verdict;
  }
  if (!proof->extra) {
    verdict.failed = "the receipt does not hold the entry that it is about";
    return verdict;
  }
  const auto trusted = ledger::VerifyTlogProof(*proof, HashLeaf(*proof->extra), trust);
  if (!trusted.ok()) {
    verdict.failed = trusted.error().message;
    return verdict;
  }
  const auto leaf = ledger::DecodeLeaf(*proof->extra);
  if (!leaf.ok()) {
    verdict.failed = leaf.error().message;
    return verdict;
  }
  verdict.holds = true;
  SayWhoSigned(*trusted, trust, verdict);
  verdict.proved.push_back("entry " + std::to_string(proof->index.value()) + ", recorded " + FormatInstant(leaf->recorded) + ", is in that log");
  if (const auto* event = std::get_if<ledger::EventLeaf>(&leaf->body))
    verdict.proved.push_back("it is an event with the commitment " + event->commitment.hex());
  return verdict;
}

Verdict VerifyCheckpoint(std::string_view text, const ledger::TlogPolicy& trust) {
  Verdict verdict{false, "checkpoint", {}, {}};
  const auto trusted = ledger::OpenCheckpoint(text, trust);
  if (!trusted.ok()) {
    verdict.failed = trusted.error().message;
    return verdict;
  }
  verdict.holds = true;
  SayWhoSigned(*trusted, trust, verdict);
  return verdict;
}

/// A log that lies in a folder: every entry, and every hash of every tile.
Verdict VerifyFolder(const std::string& path, const ledger::TlogPolicy& trust) {
  Verdict verdict{false, "log", {}, {}};
  const consumers::TileSource log = consumers::LogInFolder(path);
  const auto note = log.checkpoint();
  const auto trusted = note.ok() ? OpenCheckpoint(*note, trust) : Result<ledger::TrustedCheckpoint>(note.error());
  if (!trusted.ok()) {
    verdict.failed = trusted.error().message;
    return verdict;
  }
  std::uint64_t tiles = 0;
  const Status derived = DeriveTiles(
      trusted->checkpoint, log,
      [&](const ledger::merkle::TileId& id, ByteView bytes) -> Status {
        ++tiles;
        OPPI_TRY(const Bytes there, log.tile(id));
        // An entry bundle may be a longer one, which the entries were cut from.
        if (id.entries ? !ByteView(there).starts_with(bytes) : there != bytes) return DataLoss(TilePath(id) + " is not what the entries make");
        return {};
      },
      {});
  if (!derived.ok()) {
    verdict.failed = derived.error().message;
    return verdict;
  }
  verdict.holds = true;
  SayWhoSigned(*trusted, trust, verdict);
  verdict.proved.push_back("all " + std::to_string(trusted->checkpoint.size.value()) + " entries are here and make that tree, and so do its " +
                           std::to_string(tiles) + " tiles");
  return verdict;
}

Verdict VerifyEquivocation(std::string_view text, const ledger::TlogPolicy& trust) {
  Verdict verdict{false, "equivocation", {}, {}};
  const auto equivocation = ledger::ParseEquivocation(text);
  const auto proved = equivocation.ok() ? ProveEquivocation(*equivocation, trust) : Result<std::string>(equivocation.error());
  verdict.holds = proved.ok();
  if (proved.ok())
    verdict.proved = {*proved};
  else
    verdict.failed = proved.error().message;
  return verdict;
}

}  // namespace

Verdict VerifyText(std::string_view text, const ledger::TlogPolicy& trust) {
  if (text.starts_with(kProofHeader)) return VerifyReceipt(text, trust);
  if (text.starts_with("{")) {
    Verdict verdict{false, "evidence", {}, {}};
    auto proved = projections::VerifyEvidence(text, trust);
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

Verdict VerifyFile(const std::string& path, const ledger::TlogPolicy& trust) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return VerifyFolder(path, trust);
  const auto text = ledger::ReadFileIfThere(path);
  if (!text.ok() || !text->has_value()) return {false, "unknown", {}, text.ok() ? "there is no such file" : text.error().message};
  return VerifyText(**text, trust);
}

}  // namespace oppi::ops
