// Bytes that decode as an event from FlatBuffers are a valid event, and it reads back from what we
// write. The first byte shifts the buffer, since it may lie anywhere in memory.

#include <cstddef>
#include <cstdint>

#include "events/check.h"
#include "events/event.h"

using oppi::Bytes;
using oppi::ByteView;
using namespace oppi::events;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t shift = data[0] % 8;
  const Bytes shifted =
      Bytes(shift, '\0') + Bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Decoded decoded = Decode(ByteView(shifted).substr(shift), Encoding::kFlatBuffers);
  if (decoded.error != ErrorCode::kNone) return 0;
  std::string member;
  OPPI_CHECK(Validate(decoded.event, {}, member) == ErrorCode::kNone);
  // Ours may be longer than what came in (no string is shared); then it is refused.
  const Decoded again = Decode(EncodeFlatBuffer(decoded.event), Encoding::kFlatBuffers);
  OPPI_CHECK(again.error == ErrorCode::kTooLarge || again.event == decoded.event);
  return 0;
}
