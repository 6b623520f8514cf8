#include "ledger/checkpoint.h"

#include <algorithm>

#include "events/check.h"
#include "events/limits.h"
#include "events/tree_hash.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

Error Malformed(std::string_view what) {
  return InvalidArgument("checkpoint: " + std::string(what));
}

}  // namespace

std::string CheckpointText(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.size.value()) + "\n" +
                     checkpoint.root.base64() + "\n";
  for (const std::string& extension : checkpoint.extensions) text += extension + "\n";
  const auto read_back = ParseCheckpointText(text);
  OPPI_CHECK(read_back.ok() && *read_back == checkpoint);
  return text;
}

Result<Checkpoint> ParseCheckpointText(std::string_view text) {
  if (text.size() > kNoteBytesMax) return Malformed("too long");
  if (!IsNoteText(text)) return Malformed("not UTF-8, or control characters");
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto line = TakeLine(text);
    if (!line) return Malformed("the last line is not terminated");
    if (line->empty()) return Malformed("an empty line");
    lines.push_back(*line);
  }
  if (lines.size() < 3)
    return Malformed(std::to_string(lines.size()) + " lines, expected 3 or more");

  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  if (checkpoint.origin.size() > kOriginBytesMax) return Malformed("the origin is too long");
  const auto size = ParseDecimal(lines[1]);
  if (!size) return Malformed("the size is not a decimal number below 2^64");
  checkpoint.size = TreeSize(*size);
  const auto raw = FromBase64(lines[2]);
  const auto root = raw ? RootHash::From(*raw) : std::nullopt;
  if (!root) return Malformed("the root is not the base64 of 32 bytes");
  checkpoint.root = *root;
  checkpoint.extensions.assign(lines.begin() + 3, lines.end());
  return checkpoint;
}

std::string SignCheckpoint(const Checkpoint& checkpoint, const NamedSigningKey& key) {
  OPPI_CHECK(key.name == checkpoint.origin);
  const std::string text = CheckpointText(checkpoint);
  std::string note = FormatNote({text, {SignNote(text, key)}});
  // What leaves here must be readable by everybody: read it as they would.
  const auto opened = OpenCheckpoint(note, key.verifier());
  OPPI_CHECK(opened.ok() && *opened == checkpoint);
  return note;
}

Result<Checkpoint> OpenCheckpoint(std::string_view note, const VerifierKey& log) {
  OPPI_TRY(const Note parsed, ParseNote(note));
  OPPI_RETURN_IF_ERROR(VerifyNote(parsed, {log}));
  // From here on the text is the log's.
  OPPI_TRY(Checkpoint checkpoint, ParseCheckpointText(parsed.text));
  if (checkpoint.origin != log.name)
    return Unauthenticated("checkpoint: signed by the key of another origin");
  if (checkpoint.size == TreeSize(0) && checkpoint.root != EmptyRoot())
    return Malformed("size 0 with a root that is not the empty tree's");
  return checkpoint;
}

}  // namespace oppi::ledger
