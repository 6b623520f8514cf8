// A path that parses is the one path of its tile.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/merkle/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView path(reinterpret_cast<const char*>(data), size);
  const auto id = oppi::ledger::merkle::ParseTilePath(path);
  if (id) OPPI_CHECK(oppi::ledger::merkle::TilePath(*id) == path);
  return 0;
}
