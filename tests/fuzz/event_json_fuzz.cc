// Bytes that decode as an event from JSON are a valid event, and it reads back from what we write
// of it.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "events/codec/native_json.h"
#include "events/event.h"

using oppi::ByteView;
using namespace oppi::events;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  (void)CheckObject(bytes);
  const Decoded decoded = Decode(bytes, Encoding::kJson);
  if (decoded.error != ErrorCode::kNone) return 0;
  std::string member;
  OPPI_CHECK(Validate(decoded.event, {}, member) == ErrorCode::kNone);
  // Ours may be longer than what came in (every escape is written one way); then it is refused.
  const Decoded again = Decode(EncodeJson(decoded.event), Encoding::kJson);
  OPPI_CHECK(again.error == ErrorCode::kTooLarge || again.event == decoded.event);
  return 0;
}
