#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
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

inline constexpr std::size_t kSegmentSaltBytes = 16;
/// More members than the widest type has; past it the rest of the event is one segment.
inline constexpr std::size_t kSegmentsMax = 128;

/// One segment shown, of all others the leaf.
struct PartOpening {
  std::vector<Sha256Digest> leaves;  // of every segment; that of the segment shown is not looked at
  std::size_t shown = 0;
  std::array<unsigned char, kSegmentSaltBytes> salt{};
  Bytes text;
  friend bool operator==(const PartOpening&, const PartOpening&) = default;
};
/// Requires that `shown` is the number of a segment.
[[nodiscard]] PartOpening OpenPart(ByteView bytes, Encoding encoding, const Salt& salt,
                                   std::size_t shown);
/// What it is a part of. Requires that `shown` is below the number of leaves, and that at most kSegmentsMax.
[[nodiscard]] Commitment CommitmentOf(const PartOpening& part);

/// The event's type as the vocabulary spells it, if the segment shown proves it: not the first, and
/// beginning with the member "type", unescaped. Two members of one name, or a field `type` in `data`,
/// make no event that decodes, so there is no other type. nullopt: it proves nothing.
[[nodiscard]] std::optional<std::string_view> TypeShown(const PartOpening& part);
/// The segment that proves the type; nullopt when none does.
[[nodiscard]] std::optional<std::size_t> TypeSegment(ByteView bytes, Encoding encoding);

}  // namespace oppi::events
