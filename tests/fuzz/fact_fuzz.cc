// Bytes that decode as a fact are exactly the bytes that encode it.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "projections/fact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto fact = oppi::projections::DecodeFact(bytes);
  if (fact.ok()) OPPI_CHECK(oppi::projections::EncodeFact(*fact) == bytes);
  return 0;
}
