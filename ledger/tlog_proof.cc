#include "ledger/tlog_proof.h"

#include "events/check.h"
#include "events/limits.h"
#include "ledger/merkle/proof.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtraPrefix = "extra ";
constexpr std::string_view kIndexPrefix = "index ";

Error Malformed(std::string_view what) {
  return InvalidArgument("tlog-proof: " + std::string(what));
}

/// The next line, or the error that the text ends before `what`.
Result<std::string_view> Line(std::string_view& rest, std::string_view what) {
  const auto line = TakeLine(rest);
  if (!line) return Malformed("ends before " + std::string(what));
  return *line;
}

}  // namespace

std::string FormatTlogProof(const TlogProof& proof) {
  OPPI_CHECK(proof.path.size() <= kTlogProofHashesMax);
  std::string text = std::string(kHeader) + "\n";
  if (proof.extra) text += std::string(kExtraPrefix) + ToBase64(*proof.extra) + "\n";
  text += std::string(kIndexPrefix) + std::to_string(proof.index.value()) + "\n";
  for (const NodeHash& hash : proof.path) text += hash.base64() + "\n";
  text += "\n" + proof.checkpoint;
  return text;
}

Result<TlogProof> ParseTlogProof(std::string_view text) {
  if (text.size() > kTlogProofBytesMax) return Malformed("too long");
  TlogProof proof;
  OPPI_TRY(const std::string_view header, Line(text, "the header"));
  if (header != kHeader) return Malformed("the first line is not " + std::string(kHeader));

  OPPI_TRY(std::string_view line, Line(text, "the index"));
  if (line.starts_with(kExtraPrefix)) {
    proof.extra = FromBase64(line.substr(kExtraPrefix.size()));
    if (!proof.extra) return Malformed("the extra data is not base64");
    OPPI_TRY(line, Line(text, "the index"));
  }
  if (!line.starts_with(kIndexPrefix)) return Malformed("no index");
  const auto index = ParseDecimal(line.substr(kIndexPrefix.size()));
  if (!index) return Malformed("the index is not a decimal number below 2^64");
  proof.index = LeafIndex(*index);

  for (;;) {
    OPPI_TRY(line, Line(text, "the checkpoint"));
    if (line.empty()) break;
    if (proof.path.size() == kTlogProofHashesMax)
      return Malformed("more hashes than any tree has levels");
    const auto raw = FromBase64(line);
    const auto hash = raw ? NodeHash::From(*raw) : std::nullopt;
    if (!hash) return Malformed("a path hash is not the base64 of 32 bytes");
    proof.path.push_back(*hash);
  }

  proof.checkpoint = text;
  OPPI_TRY(const Note note, ParseNote(proof.checkpoint));
  OPPI_RETURN_IF_ERROR(ParseCheckpointText(note.text));
  return proof;
}

Result<Checkpoint> VerifyTlogProof(const TlogProof& proof, const NodeHash& leaf,
                                   const VerifierKey& log) {
  OPPI_TRY(Checkpoint checkpoint, OpenCheckpoint(proof.checkpoint, log));
  OPPI_RETURN_IF_ERROR(
      merkle::VerifyInclusion(proof.index, checkpoint.size, leaf, proof.path, checkpoint.root));
  return checkpoint;
}

}  // namespace oppi::ledger
