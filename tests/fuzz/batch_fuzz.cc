// Either wire form of a batch: what decodes is written and read again as the same batch.

#include <cstddef>
#include <cstdint>

#include "events/batch.h"
#include "events/check.h"

namespace {

void SameAgain(const oppi::events::SignedBatch& batch) {
  const auto binary = oppi::events::DecodeBatch(oppi::events::EncodeBatch(batch));
  OPPI_CHECK(binary.ok() && binary->header == batch.header && binary->items.size() == batch.items.size());
  OPPI_CHECK(oppi::events::DecodeHeader(oppi::events::EncodeHeader(batch.header)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  if (const auto batch = oppi::events::DecodeBatch(bytes); batch.ok()) SameAgain(*batch);
  if (const auto batch = oppi::events::DecodeBatchJson(bytes); batch.ok()) SameAgain(*batch);
  return 0;
}
