// Bytes that decode as the compact form of an event are exactly the bytes that encode it.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "events/event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto event = oppi::events::DecodeCompact(bytes);
  if (event.ok()) OPPI_CHECK(oppi::events::EncodeCompact(*event) == bytes);
  return 0;
}
