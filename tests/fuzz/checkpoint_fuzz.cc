// A checkpoint text that parses is exactly the bytes that the checkpoint is written as.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto checkpoint = oppi::ledger::ParseCheckpointText(bytes);
  if (checkpoint.ok()) OPPI_CHECK(oppi::ledger::CheckpointText(*checkpoint) == bytes);
  return 0;
}
