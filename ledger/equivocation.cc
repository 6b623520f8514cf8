#include "ledger/equivocation.h"

#include "events/check.h"
#include "ledger/merkle/proof.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kHeader = "oppiloki/equivocation@v1";
constexpr std::string_view kPrefix = "prefix ";
constexpr std::string_view kCheckpoint = "checkpoint ";

std::optional<Bytes> TakeNote(std::string_view& rest) {
  const auto line = TakeLine(rest);
  const auto bytes = line && line->starts_with(kCheckpoint) ? ParseDecimal(line->substr(kCheckpoint.size())) : std::nullopt;
  if (!bytes || *bytes > rest.size()) return std::nullopt;
  const auto length = static_cast<std::size_t>(*bytes);
  Bytes note(rest.substr(0, length));
  rest.remove_prefix(length);
  return note;
}

template <class Hash>
std::optional<Hash> HashIn(std::string_view base64) {
  const auto bytes = FromBase64(base64);
  return bytes ? Hash::From(*bytes) : std::nullopt;
}

Result<Checkpoint> SignedBy(const std::string& note, const TlogPolicy& policy, VerifierKey& signer) {
  OPPI_TRY(const Note parsed, ParseNote(note));
  OPPI_TRY(const Checkpoint checkpoint, ParseCheckpointText(parsed.text));
  for (const TlogPolicy::Log& log : policy.logs)
    if (log.key.name == checkpoint.origin && (!log.until || !(*log.until < checkpoint.size)) && VerifyNote(parsed, {log.key}).ok()) {
      signer = log.key;
      return checkpoint;
    }
  return Unauthenticated("a checkpoint is not signed by a log that the trust file names");
}

}  // namespace

bool IsEquivocation(std::string_view text) { return text.starts_with(std::string(kHeader) + "\n"); }

std::string FormatEquivocation(const Equivocation& equivocation) {
  std::string text = std::string(kHeader) + "\n";
  if (equivocation.prefix) text += std::string(kPrefix) + equivocation.prefix->base64() + "\n";
  for (const NodeHash& hash : equivocation.proof) text += hash.base64() + "\n";
  text += "\n";
  for (const std::string* note : {&equivocation.first, &equivocation.second})
    text += std::string(kCheckpoint) + std::to_string(note->size()) + "\n" + *note;
  return text;
}

Result<Equivocation> ParseEquivocation(std::string_view text) {
  if (text.size() > kEquivocationBytesMax) return InvalidArgument("equivocation: too long");
  if (TakeLine(text) != kHeader) return InvalidArgument("equivocation: no header");
  Equivocation equivocation;
  auto line = TakeLine(text);
  if (line && line->starts_with(kPrefix)) {
    equivocation.prefix = HashIn<RootHash>(line->substr(kPrefix.size()));
    if (!equivocation.prefix) return InvalidArgument("equivocation: the prefix is no root");
    for (line = TakeLine(text); line && !line->empty(); line = TakeLine(text)) {
      const auto hash = HashIn<NodeHash>(*line);
      if (!hash || equivocation.proof.size() == kTlogProofHashesMax) return InvalidArgument("equivocation: the proof is none");
      equivocation.proof.push_back(*hash);
    }
  }
  if (!line || !line->empty()) return InvalidArgument("equivocation: no empty line before the checkpoints");
  auto first = TakeNote(text);
  auto second = first ? TakeNote(text) : std::nullopt;
  if (!second || !text.empty()) return InvalidArgument("equivocation: there are not exactly two checkpoints");
  equivocation.first = *std::move(first);
  equivocation.second = *std::move(second);
  return equivocation;
}

Result<std::string> ProveEquivocation(const Equivocation& equivocation, const TlogPolicy& policy) {
  VerifierKey signer;
  VerifierKey other;
  OPPI_TRY(const Checkpoint first, SignedBy(equivocation.first, policy, signer));
  OPPI_TRY(const Checkpoint second, SignedBy(equivocation.second, policy, other));
  // Keys that follow one another are of one log.
  if (signer.name != other.name) return InvalidArgument("the two checkpoints are of two logs");
  const std::string size = std::to_string(first.size.value());
  if (first.size == second.size) {
    if (equivocation.prefix) return InvalidArgument("two checkpoints of one size need no prefix");
    if (first.root == second.root) return InvalidArgument("the two checkpoints say the same");
    return "the log " + first.origin + " signed two different trees of size " + size;
  }
  if (!equivocation.prefix || second.size < first.size) return InvalidArgument("nothing shows that the checkpoints contradict");
  OPPI_RETURN_IF_ERROR(merkle::VerifyConsistency(first.size, second.size, equivocation.proof, *equivocation.prefix, second.root));
  if (*equivocation.prefix == first.root) return InvalidArgument("the two checkpoints are consistent");
  return "the log " + first.origin + " signed a tree of size " + size + ", and later a tree of size " + std::to_string(second.size.value()) +
         " that does not contain it";
}

}  // namespace oppi::ledger
