#include "ledger/witness.h"

#include "events/check.h"
#include "events/tree_hash.h"
#include "ledger/merkle/proof.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kOld = "old ";

WitnessAnswer Refused(WitnessAnswer::Kind kind, std::string why) { return {kind, std::move(why)}; }

/// Whether the tree continues the one cosigned last. `last` is nullopt iff old is 0.
Status Continues(const AddCheckpoint& request, const std::optional<CheckpointLock::Value>& last, const Checkpoint& checkpoint) {
  if (checkpoint.size == TreeSize(0) && checkpoint.root != EmptyRoot()) return InvalidArgument("a tree of size 0 has another root");
  if (request.old == TreeSize(0))
    return request.proof.empty() ? Status() : Status(InvalidArgument("nothing is consistent with size 0; send no proof"));
  if (!last) return InvalidArgument("nothing was cosigned at that size");
  return merkle::VerifyConsistency(request.old, checkpoint.size, request.proof, last->root, checkpoint.root);
}

}  // namespace

std::string WitnessedLogName(std::string_view origin) { return HashOf(origin).hex(); }

std::string FormatAddCheckpoint(const AddCheckpoint& request) {
  OPPI_CHECK(request.proof.size() <= kWitnessProofHashesMax);
  std::string text = std::string(kOld) + std::to_string(request.old.value()) + "\n";
  for (const NodeHash& hash : request.proof) text += hash.base64() + "\n";
  return text + "\n" + request.checkpoint;
}

Result<AddCheckpoint> ParseAddCheckpoint(std::string_view text) {
  if (text.size() > kAddCheckpointBytesMax) return InvalidArgument("add-checkpoint: too long");
  AddCheckpoint request;
  const auto first = TakeLine(text);
  const auto old = first && first->starts_with(kOld) ? ParseDecimal(first->substr(kOld.size())) : std::nullopt;
  if (!old) return InvalidArgument("add-checkpoint: the first line is not \"old <size>\"");
  request.old = TreeSize(*old);
  while (true) {
    const auto line = TakeLine(text);
    if (!line) return InvalidArgument("add-checkpoint: no empty line before the checkpoint");
    if (line->empty()) break;
    if (request.proof.size() == kWitnessProofHashesMax) return InvalidArgument("add-checkpoint: the proof is too long");
    const auto bytes = FromBase64(*line);
    const auto hash = bytes ? NodeHash::From(*bytes) : std::nullopt;
    if (!hash) return InvalidArgument("add-checkpoint: a line of the proof is no hash");
    request.proof.push_back(*hash);
  }
  request.checkpoint = std::string(text);
  return request;
}

Witness::Witness(NamedSigningKey key, const std::vector<VerifierKey>& logs, WitnessState& state, const Clock& clock, Demand demand)
    : key_(std::move(key)), state_(state), clock_(clock), demand_(std::move(demand)) {
  for (const VerifierKey& log : logs) logs_.emplace(log.name, log);
}

VerifierKey Witness::verifier() const { return key_.verifier(kCosignatureType); }

Result<WitnessAnswer> Witness::Add(std::string_view text) {
  using Kind = WitnessAnswer::Kind;
  const auto request = ParseAddCheckpoint(text);
  if (!request) return Refused(Kind::kMalformed, request.error().message);
  const auto note = ParseNote(request->checkpoint);
  if (!note) return Refused(Kind::kMalformed, note.error().message);
  const auto checkpoint = ParseCheckpointText(note->text);
  if (!checkpoint) return Refused(Kind::kMalformed, checkpoint.error().message);
  const auto log = logs_.find(checkpoint->origin);
  if (log == logs_.end()) return Refused(Kind::kUnknownLog, "this witness does not follow that log");
  if (const auto signed_by = VerifyNote(*note, {log->second}); !signed_by) return Refused(Kind::kUntrusted, signed_by.error().message);
  if (checkpoint->size < request->old) return Refused(Kind::kMalformed, "the checkpoint is smaller than the old size");
  return Cosigned(*request, *note, *checkpoint);
}

Result<WitnessAnswer> Witness::Cosigned(const AddCheckpoint& request, const Note& note, const Checkpoint& checkpoint) {
  using Kind = WitnessAnswer::Kind;
  const std::string name = WitnessedLogName(checkpoint.origin);
  // From the comparison with what was cosigned last until the new tree is durable.
  const std::scoped_lock lock(mutex_);
  OPPI_TRY(const std::optional<CheckpointLock::Value> last, state_.Read(name));
  const TreeSize size = last ? last->size : TreeSize(0);
  if (request.old != size) return Refused(Kind::kConflict, std::to_string(size.value()) + "\n");
  if (const Status continues = Continues(request, last, checkpoint); !continues.ok())
    return Refused(Kind::kInconsistent, continues.error().message);
  if (demand_)
    if (const Status met = demand_(checkpoint); !met.ok()) return Refused(Kind::kInconsistent, met.error().message);
  const NoteSignature cosignature = Cosign(note.text, key_, static_cast<std::uint64_t>(clock_.Now().micros / kMicrosPerSecond));
  Note kept = note;
  const auto log_key = logs_.find(checkpoint.origin)->second;
  std::erase_if(kept.signatures, [&log_key](const NoteSignature& s) { return s.name != log_key.name || s.key_id != log_key.id; });
  kept.signatures.push_back(cosignature);
  OPPI_RETURN_IF_ERROR(state_.Advance(name, {checkpoint.size, checkpoint.root}, FormatNote(kept)));
  return WitnessAnswer{Kind::kCosigned, FormatSignatureLine(cosignature)};
}

Result<std::optional<std::string>> Witness::Newest(std::string_view log) const {
  for (const auto& [origin, key] : logs_)
    if (WitnessedLogName(origin) == log) {
      const std::scoped_lock lock(mutex_);
      return state_.NewestNote(std::string(log));
    }
  return std::optional<std::string>();
}

Result<TreeSize> Witness::SizeOf(const std::string& origin) const {
  OPPI_CHECK(logs_.count(origin) != 0);
  const std::scoped_lock lock(mutex_);
  OPPI_TRY(const auto last, state_.Read(WitnessedLogName(origin)));
  return last ? last->size : TreeSize(0);
}

}  // namespace oppi::ledger
