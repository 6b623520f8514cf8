// An entry that decodes is exactly the bytes it is written as.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/leaf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto leaf = oppi::ledger::DecodeLeaf(bytes); leaf.ok()) OPPI_CHECK(oppi::ledger::EncodeLeaf(*leaf) == bytes);
  return 0;
}
