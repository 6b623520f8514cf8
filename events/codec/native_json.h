#pragma once

#include <cstdint>

#include "events/bytes.h"
#include "events/event.h"

/// Native JSON: the CloudEvents profile of vocabulary section 1. Strict and bounded: valid UTF-8
/// without byte order mark, no member name twice at any depth, nesting up to kJsonDepthMax, no
/// unknown members, no nulls outside `object` fields, integers within +-(2^53-1). Event::EncodeJson
/// (events/event.h) writes what this reads.

namespace oppi::events {

/// As Decode (events/event.h) for Encoding::kJson. Any thread; keeps one parser per thread.
[[nodiscard]] Decoded DecodeJson(ByteView bytes, const DecodeOptions& options);

enum class ObjectCheck : std::uint8_t {
  kSound,         // may stand as the value of an `object` field
  kUnsound,       // not one JSON object, or against the rules above, or over kObjectBytesMax
  kPersonalCode,  // sound, but a name or string in it holds a personal identity code
};
/// Checks the JSON text of an `object` field that did not come in as part of a JSON event.
[[nodiscard]] ObjectCheck CheckObject(ByteView text);

}  // namespace oppi::events
