// A policy that parses is written so that it parses as the same policy, and judging by it is total.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "ledger/tlog_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const oppi::ByteView bytes(reinterpret_cast<const char*>(data), size);
  const auto policy = oppi::ledger::ParseTlogPolicy(bytes);
  if (!policy.ok()) return 0;
  const auto again = oppi::ledger::ParseTlogPolicy(oppi::ledger::FormatTlogPolicy(*policy));
  OPPI_CHECK(again.ok() && *again == *policy);
  OPPI_CHECK(!oppi::ledger::OpenCheckpoint(bytes, *policy).ok());
  return 0;
}
