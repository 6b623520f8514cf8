// A note that parses is exactly the bytes that its parts are written as; verifying never crashes.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/signed_note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto note = oppi::ledger::ParseNote(bytes);
  if (!note.ok()) return 0;
  OPPI_CHECK(oppi::ledger::FormatNote(*note) == bytes);
  // Pretend to know every signer, so that each signature is looked at as both types.
  for (const auto& signature : note->signatures) {
    for (const std::uint8_t type :
         {oppi::ledger::kNoteSignatureType, oppi::ledger::kCosignatureType}) {
      const oppi::VerifierKey key{signature.name, type, {}, signature.key_id};
      OPPI_CHECK(!oppi::ledger::VerifyNote(*note, {key}).ok());  // nobody signs for the zero key
    }
  }
  return 0;
}
