#pragma once

#include "events/bytes.h"
#include "events/event.h"
#include "events/rules.h"

/// FlatBuffers: events/schema/envelope.fbs around one table of the group schemas, read and written
/// by the vocabulary table. Strict and bounded: every offset is checked, strings are UTF-8, no
/// slots beyond the schema's, and no byte of a buffer that is neither reached from its root nor
/// zero padding. EncodeFlatBuffer (events/event.h) writes what this reads.

namespace oppi::events {

/// As Decode (events/event.h) for Encoding::kFlatBuffers. Any thread.
[[nodiscard]] Decoded DecodeFlatBuffer(ByteView bytes, const DecodeOptions& options);

/// Reads the table of `event.type`, a buffer of its own, into `event.fields`. False: malformed.
[[nodiscard]] bool ReadPayload(ByteView bytes, Event& event, Findings& findings);
/// What ReadPayload reads.
[[nodiscard]] Bytes WritePayload(const Event& event);

}  // namespace oppi::events
