#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "events/bytes.h"
#include "events/digest.h"
#include "events/event.h"

/// Salted commitment to the exact bytes of one event.
///
/// The bytes are cut into segments, so that later one field can be opened and the rest stay closed:
/// JSON is cut right before the opening quote of each member name of the top-level object and of its
/// `data` object; anything else is one segment. With k the 32-byte salt,
///
///   salt_i     = bytes [16i, 16i+16) of the ChaCha20 (IETF, nonce 0) key stream under k
///   leaf_i     = SHA-256("oppiloki/segment/v1\n" || salt_i || segment_i)
///   commitment = SHA-256("oppiloki/commitment/v1\n" || u16 count || leaf_0 || ... || leaf_n-1)
///
/// Without the salt a commitment says nothing; the salt is destroyed with the body.

namespace oppi::events {

inline constexpr std::size_t kSaltBytes = 32;
using Salt = std::array<unsigned char, kSaltBytes>;

/// Offsets at which segments begin; the first is 0. JSON that does not scan is one segment.
[[nodiscard]] std::vector<std::uint32_t> Segments(ByteView bytes, Encoding encoding);

[[nodiscard]] Commitment Commit(ByteView bytes, Encoding encoding, const Salt& salt);

}  // namespace oppi::events
