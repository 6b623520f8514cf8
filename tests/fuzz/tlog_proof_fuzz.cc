// A tlog-proof that parses is exactly the bytes that it is written as; under a key that signed
// nothing it verifies never.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/tlog_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto proof = oppi::ledger::ParseTlogProof(bytes);
  if (!proof.ok()) return 0;
  OPPI_CHECK(oppi::ledger::FormatTlogProof(*proof) == bytes);
  const oppi::VerifierKey key =
      oppi::MakeVerifierKey("nobody", oppi::ledger::kNoteSignatureType, {});
  OPPI_CHECK(!oppi::ledger::VerifyTlogProof(*proof, oppi::NodeHash{}, key).ok());
  return 0;
}
