#include <cstdint>

#include "events/check.h"
#include "ledger/erasure.h"

// Whatever decodes as a record of the erasure list encodes to the same bytes.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto record = oppi::ledger::DecodeErasureRecord(bytes);
  if (record.ok()) OPPI_CHECK(oppi::ledger::EncodeErasureRecord(*record) == bytes);
  return 0;
}
