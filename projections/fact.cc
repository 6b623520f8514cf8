#include "projections/fact.h"

#include <utility>

#include "events/check.h"
#include "events/limits.h"

namespace oppi::projections {
namespace {

// version 1:
//   u8 version | u64 position | i64 recorded | u8 outcome | u8 reason | u8 flags
//   | long publisher | long key | i64 anchored, if flag 1 | long compact event, unless flag 2
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAnchored = 1;
constexpr std::uint8_t kErased = 2;
constexpr std::uint8_t kAllFlags = kAnchored | kErased;

/// A str of the vocabulary has at most 200 characters, each at most four bytes of UTF-8.
constexpr std::size_t kNameBytesMax = kStrCharsMax * 4;

/// The last code of events/outcome.h.
constexpr std::uint8_t kReasonMax = static_cast<std::uint8_t>(events::ErrorCode::kLate);

}  // namespace

Bytes EncodeFact(const Fact& fact) {
  OPPI_CHECK(fact.outcome == events::Outcome::kAccepted ||
             fact.outcome == events::Outcome::kQuarantined);
  Bytes bytes;
  ByteWriter out(bytes);
  out.U8(kVersion);
  out.U64(fact.position.value());
  out.I64(fact.recorded.micros);
  out.U8(static_cast<std::uint8_t>(fact.outcome));
  out.U8(static_cast<std::uint8_t>(fact.reason));
  out.U8(static_cast<std::uint8_t>((fact.anchored ? kAnchored : 0) | (fact.erased ? kErased : 0)));
  out.Long(fact.publisher);
  out.Long(fact.key);
  if (fact.anchored) out.I64(fact.anchored->micros);
  // Whatever the caller still holds of an erased event does not get out of here.
  if (!fact.erased) out.Long(events::EncodeCompact(fact.event));
  return bytes;
}

Result<Fact> DecodeFact(ByteView bytes) {
  ByteReader in(bytes);
  if (in.U8() != kVersion) return DataLoss("fact: unknown version");
  Fact fact;
  fact.position = LeafIndex(in.U64());
  fact.recorded = Instant{in.I64()};
  const std::uint8_t outcome = in.U8();
  const std::uint8_t reason = in.U8();
  const std::uint8_t flags = in.U8();
  const ByteView publisher = in.Long();
  const ByteView key = in.Long();
  if ((flags & kAnchored) != 0) fact.anchored = Instant{in.I64()};
  fact.erased = (flags & kErased) != 0;
  const ByteView event = fact.erased ? ByteView() : in.Long();
  if (!in.done()) return DataLoss("fact: wrong length");
  if (outcome > static_cast<std::uint8_t>(events::Outcome::kQuarantined)) {
    return DataLoss("fact: outcome is neither accepted nor quarantined");
  }
  if (reason > kReasonMax) return DataLoss("fact: unknown reason");
  if ((flags & ~kAllFlags) != 0) return DataLoss("fact: unknown flag");
  if (publisher.size() > kNameBytesMax || key.size() > kNameBytesMax) {
    return DataLoss("fact: name too long");
  }
  fact.outcome = static_cast<events::Outcome>(outcome);
  fact.reason = static_cast<events::ErrorCode>(reason);
  fact.publisher = publisher;
  fact.key = key;
  if (!fact.erased) {
    auto decoded = events::DecodeCompact(event);
    if (!decoded.ok()) return At("fact", std::move(decoded).error());
    fact.event = std::move(decoded).value();
  }
  return fact;
}

Fact Erased(Fact fact) {
  fact.erased = true;
  fact.event = events::Event{};
  return fact;
}

}  // namespace oppi::projections
