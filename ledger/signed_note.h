#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/result.h"

/// C2SP signed-note v1: text, one empty line, signature lines. Strict parser.

namespace oppi::ledger {

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // what follows the key id in the base64 blob
  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

struct Note {
  std::string text;  // ends in "\n"; the signed bytes
  std::vector<NoteSignature> signatures;
};

/// Errors: kInvalidArgument "malformed note: ..." .
[[nodiscard]] Result<Note> ParseNote(std::string_view bytes);
[[nodiscard]] std::string FormatNote(const Note& note);

/// Signs `text` (must end in "\n") with an Ed25519 note key (type 01).
[[nodiscard]] NoteSignature SignNote(std::string_view text, const NamedSigningKey& key);

/// Signatures of known keys that verify, in note order. Unknown (name, id) pairs are ignored; a known
/// key with a bad signature, or no good known signature at all, is an error (kUnauthenticated).
/// Type 04 keys are verified as timestamped cosignatures (C2SP tlog-cosignature).
struct VerifiedSignature {
  VerifierKey key;
  std::uint64_t timestamp = 0;  // POSIX seconds, cosignatures only
};
[[nodiscard]] Result<std::vector<VerifiedSignature>> VerifyNote(const Note& note, const std::vector<VerifierKey>& known);

/// A timestamped cosignature line (type 04) over a checkpoint text.
[[nodiscard]] NoteSignature Cosign(std::string_view text, const NamedSigningKey& key, std::uint64_t timestamp);

}  // namespace oppi::ledger
