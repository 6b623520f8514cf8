#pragma once

#include <cstddef>

#include "events/bytes.h"

/// Finds pieces of a JSON text without changing a byte of it. For texts that a parser has accepted:
/// on anything else the answer is some piece of the text, possibly empty, never more.

namespace oppi::events {

/// Exact text of the value of the n-th member (from 0) of the object that `object` begins with.
[[nodiscard]] ByteView NthMemberValue(ByteView object, std::size_t n);

/// Appends `text` in quotes. Escapes what JSON demands and nothing else.
void AppendJsonString(Bytes& out, ByteView text);

}  // namespace oppi::events
