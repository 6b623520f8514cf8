// A bundle that splits is exactly what appending its entries gives.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/merkle/tile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto entries = oppi::ledger::merkle::SplitBundle(bytes);
  if (!entries.ok()) return 0;
  OPPI_CHECK(entries->size() <= oppi::ledger::merkle::kTileWidth);
  oppi::Bytes again;
  for (const oppi::ByteView entry : *entries) oppi::ledger::merkle::AppendEntry(again, entry);
  OPPI_CHECK(again == bytes);
  return 0;
}
