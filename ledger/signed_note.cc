#include "ledger/signed_note.h"

#include <algorithm>
#include <optional>

#include "events/check.h"
#include "events/limits.h"
#include "ledger/text_lines.h"

namespace oppi::ledger {
namespace {

constexpr std::string_view kSignatureMark = "\xe2\x80\x94 ";  // U+2014, space
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;

Error Malformed(std::string_view what) {
  return InvalidArgument("malformed note: " + std::string(what));
}

/// What a type 04 signature signs.
std::string CosignedMessage(std::string_view text, std::uint64_t timestamp) {
  std::string message = "cosignature/v1\ntime " + std::to_string(timestamp) + "\n";
  message += text;
  return message;
}

std::optional<Signature> AsSignature(ByteView bytes) {
  if (bytes.size() != kSignatureBytes) return std::nullopt;
  Signature signature;
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return signature;
}

/// nullopt unless `signature` is good for `text` under `key`.
std::optional<VerifiedSignature> VerifyOne(std::string_view text, const VerifierKey& key,
                                           ByteView signature) {
  if (key.type == kNoteSignatureType) {
    const auto plain = AsSignature(signature);
    if (!plain || !VerifySignature(key.key, text, *plain)) return std::nullopt;
    return VerifiedSignature{key, 0};
  }
  if (key.type == kCosignatureType) {
    ByteReader in(signature);
    const std::uint64_t timestamp = in.U64();
    const auto plain = AsSignature(in.rest());
    if (!in.ok() || !plain || timestamp > kTimestampMax) return std::nullopt;
    if (!VerifySignature(key.key, CosignedMessage(text, timestamp), *plain)) return std::nullopt;
    return VerifiedSignature{key, timestamp};
  }
  return std::nullopt;  // no other type fits a VerifierKey
}

Result<NoteSignature> ParseSignatureLine(std::string_view line) {
  if (!line.starts_with(kSignatureMark))
    return Malformed("a signature line without dash and space");
  line.remove_prefix(kSignatureMark.size());
  const auto space = line.find(' ');
  if (space == line.npos) return Malformed("a signature line without signature");
  NoteSignature signature;
  signature.name = line.substr(0, space);
  if (!KeyNameOk(signature.name)) return Malformed("bad key name");
  const auto blob = FromBase64(line.substr(space + 1));
  if (!blob) return Malformed("a signature that is not base64");
  if (blob->size() <= kKeyIdBytes) return Malformed("a signature that is too short");
  ByteReader in(*blob);
  signature.key_id = in.U32();
  signature.signature = in.rest();
  return signature;
}

}  // namespace

Result<std::vector<NoteSignature>> ParseSignatureLines(std::string_view lines) {
  if (lines.size() > kNoteBytesMax) return Malformed("too long");
  if (lines.empty()) return Malformed("no signature");
  std::vector<NoteSignature> signatures;
  while (!lines.empty()) {
    const auto line = TakeLine(lines);
    if (!line) return Malformed("the last line is not terminated");
    if (signatures.size() == kNoteSignaturesMax) return Malformed("too many signatures");
    OPPI_TRY(NoteSignature signature, ParseSignatureLine(*line));
    signatures.push_back(std::move(signature));
  }
  return signatures;
}

Result<Note> ParseNote(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax) return Malformed("too long");
  if (!IsNoteText(bytes)) return Malformed("not UTF-8, or control characters");
  const auto blank = bytes.rfind("\n\n");
  if (blank == bytes.npos) return Malformed("no empty line before the signatures");
  Note note;
  note.text = bytes.substr(0, blank + 1);
  OPPI_TRY(note.signatures, ParseSignatureLines(bytes.substr(blank + 2)));
  return note;
}

std::string FormatSignatureLine(const NoteSignature& signature) {
  OPPI_CHECK(KeyNameOk(signature.name) && !signature.signature.empty());
  Bytes blob;
  ByteWriter out(blob);
  out.U32(signature.key_id);
  out.Raw(signature.signature);
  return std::string(kSignatureMark) + signature.name + " " + ToBase64(blob) + "\n";
}

std::string FormatNote(const Note& note) {
  OPPI_CHECK(note.text.ends_with('\n') && !note.signatures.empty());
  std::string bytes = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) bytes += FormatSignatureLine(signature);
  return bytes;
}

NoteSignature SignNote(std::string_view text, const NamedSigningKey& key) {
  OPPI_CHECK(text.ends_with('\n') && IsNoteText(text));
  const Signature signature = key.key.Sign(text);
  return {key.name, NoteKeyId(key.name, kNoteSignatureType, key.key.public_key()),
          Bytes(View(signature))};
}

Result<std::vector<VerifiedSignature>> VerifyNote(const Note& note,
                                                  const std::vector<VerifierKey>& known) {
  std::vector<VerifiedSignature> verified;
  for (const NoteSignature& signature : note.signatures) {
    const auto is_signer = [&](const VerifierKey& key) {
      return key.id == signature.key_id && key.name == signature.name;
    };
    const auto key = std::find_if(known.begin(), known.end(), is_signer);
    if (key == known.end()) continue;
    // The same key listed twice is harmless; two keys of one name and id would be a choice.
    const bool ambiguous = std::any_of(key, known.end(), [&](const VerifierKey& other) {
      return is_signer(other) && !(other == *key);
    });
    if (ambiguous) return Unauthenticated("note: two known keys have the id " + KeyIdText(key->id));
    const bool seen =
        std::any_of(verified.begin(), verified.end(),
                    [&](const VerifiedSignature& earlier) { return earlier.key == *key; });
    if (seen) continue;
    const auto good = VerifyOne(note.text, *key, signature.signature);
    if (!good) return Unauthenticated("note: bad signature of key " + KeyIdText(key->id));
    verified.push_back(*good);
  }
  if (verified.empty()) return Unauthenticated("note: no signature of a known key");
  return verified;
}

NoteSignature Cosign(std::string_view text, const NamedSigningKey& key, std::uint64_t timestamp) {
  OPPI_CHECK(text.ends_with('\n') && IsNoteText(text) && timestamp <= kTimestampMax);
  const Signature signature = key.key.Sign(CosignedMessage(text, timestamp));
  NoteSignature line{key.name, NoteKeyId(key.name, kCosignatureType, key.key.public_key()), {}};
  ByteWriter out(line.signature);
  out.U64(timestamp);
  out.Raw(View(signature));
  return line;
}

}  // namespace oppi::ledger
