// Evidence comes from whoever sends it: decoding is bounded, and verifying never crashes or believes.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "projections/verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const oppi::VerifierKey log = oppi::MakeVerifierKey("fuzz.example/log", 0x01, {});
  // Nobody signs for the zero key.
  OPPI_CHECK(!oppi::projections::VerifyEvidence(text, oppi::ledger::PolicyOf(log)).ok());
  return 0;
}
