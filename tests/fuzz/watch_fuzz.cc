#include <cstddef>
#include <cstdint>

#include "consumers/monitor.h"
#include "events/check.h"
#include "ledger/equivocation.h"
#include "ledger/succession.h"
#include "ledger/witness.h"

// What those read who watch a log: requests to a witness, convictions, successions, a monitor's own state. Each has
// one spelling.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto request = oppi::ledger::ParseAddCheckpoint(bytes); request.ok())
    OPPI_CHECK(oppi::ledger::FormatAddCheckpoint(*request) == bytes);
  if (const auto state = oppi::consumers::DecodeMonitorState(bytes); state.ok())
    OPPI_CHECK(oppi::consumers::EncodeMonitorState(*state) == bytes);
  (void)oppi::ledger::OpenSuccession(bytes);
  // One alone is taken without its frame, too.
  if (const auto notes = oppi::ledger::ParseSuccessions(bytes); notes.ok() && bytes.starts_with("succession "))
    OPPI_CHECK(oppi::ledger::FormatSuccessions(*notes) == bytes);
  const auto equivocation = oppi::ledger::ParseEquivocation(bytes);
  if (!equivocation.ok()) return 0;
  OPPI_CHECK(oppi::ledger::FormatEquivocation(*equivocation) == bytes);
  const oppi::VerifierKey key = oppi::MakeVerifierKey("nobody", oppi::ledger::kNoteSignatureType, {});
  OPPI_CHECK(!oppi::ledger::ProveEquivocation(*equivocation, oppi::ledger::PolicyOf(key)).ok());
  return 0;
}
