#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/result.h"

/// C2SP signed-note v1: text, one empty line, signature lines; C2SP tlog-cosignature (Ed25519).
/// Strict parser. Pure functions, any thread.

namespace oppi::ledger {

/// Signature types: the byte of a verifier key that says what its signatures sign.
inline constexpr std::uint8_t kNoteSignatureType = 0x01;  // the text
inline constexpr std::uint8_t kCosignatureType = 0x04;    // a time and the text

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // what follows the key id in the base64 blob
  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

struct Note {
  std::string text;  // ends in "\n"; the signed bytes
  std::vector<NoteSignature> signatures;
  friend bool operator==(const Note&, const Note&) = default;
};

/// FormatNote(ParseNote(b)) == b. At most kNoteBytesMax bytes and kNoteSignaturesMax signatures.
/// Errors: kInvalidArgument "malformed note: ..." .
[[nodiscard]] Result<Note> ParseNote(std::string_view bytes);
/// Requires a text that ends in "\n", and at least one signature, each with a good key name.
[[nodiscard]] std::string FormatNote(const Note& note);
/// "— <name> <base64>\n": one signature as a line, which is what a witness answers.
[[nodiscard]] std::string FormatSignatureLine(const NoteSignature& signature);
/// The lines after the empty line of a note, or a witness's answer. Errors as ParseNote.
[[nodiscard]] Result<std::vector<NoteSignature>> ParseSignatureLines(std::string_view lines);

/// Signs `text` (must end in "\n") with an Ed25519 note key (type 01).
[[nodiscard]] NoteSignature SignNote(std::string_view text, const NamedSigningKey& key);

/// Signatures of known keys that verify, in note order, one per key. Unknown (name, id) pairs are
/// ignored; a known key with a bad signature, or no good known signature at all, is an error
/// (kUnauthenticated), and so are two known keys that share name and id when the note uses them.
/// Of several signatures of one key the first counts. Type 04 keys are verified as timestamped
/// cosignatures (C2SP tlog-cosignature).
struct VerifiedSignature {
  VerifierKey key;
  std::uint64_t timestamp = 0;  // POSIX seconds, cosignatures only
  friend bool operator==(const VerifiedSignature&, const VerifiedSignature&) = default;
};
[[nodiscard]] Result<std::vector<VerifiedSignature>> VerifyNote(
    const Note& note, const std::vector<VerifierKey>& known);

/// A timestamped cosignature line (type 04) over a checkpoint text. `timestamp` is POSIX seconds,
/// below 2^63.
[[nodiscard]] NoteSignature Cosign(std::string_view text, const NamedSigningKey& key,
                                   std::uint64_t timestamp);

}  // namespace oppi::ledger
