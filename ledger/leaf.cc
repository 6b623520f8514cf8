#include "ledger/leaf.h"

namespace oppi::ledger {
namespace {

constexpr std::uint8_t kVersion = 1;
enum Kind : std::uint8_t { kGenesis = 0, kBatch = 1, kEvent = 2, kState = 4 };
enum Flags : std::uint8_t { kClear = 1 };

void Encode(ByteWriter& w, const GenesisLeaf& g) {
  w.U8(kGenesis);
  w.Short(g.origin);
  w.Long(g.log_key);
  w.Long(g.registrar_key);
  w.Long(g.ledger_key);
}

void Encode(ByteWriter& w, const BatchLeaf& b) {
  w.U8(kBatch);
  w.Raw(View(b.signature));
  w.Long(b.header);
}

void Encode(ByteWriter& w, const EventLeaf& e) {
  w.U8(kEvent);
  w.U8(e.clear ? kClear : 0);
  w.U64(e.batch.value());
  w.U16(e.item);
  w.U8(e.subjects);
  w.U8(static_cast<std::uint8_t>(e.outcome));
  w.U8(static_cast<std::uint8_t>(e.reason));
  w.Raw(e.commitment.view());
  if (!e.clear) return;
  w.U8(static_cast<std::uint8_t>(e.clear->encoding));
  w.Raw({reinterpret_cast<const char*>(e.clear->salt.data()), e.clear->salt.size()});
  w.Long(e.clear->bytes);
}

/// Genesis is covered by every map, and a state leaf by all that come after it.
bool CoversWhatIsBefore(const StateLeaf& s) { return s.previous.value() < s.covers.value(); }

void Encode(ByteWriter& w, const StateLeaf& s) {
  OPPI_CHECK(CoversWhatIsBefore(s));
  w.U8(kState);
  w.U64(s.covers.value());
  w.Raw(s.map_root.view());
  w.Raw(s.fold.view());
  w.U64(s.previous.value());
}

Result<StateLeaf> DecodeState(ByteReader& r) {
  StateLeaf s;
  s.covers = TreeSize(r.U64());
  const auto map_root = merkle::MapRoot::From(r.Raw(kDigestBytes));
  const auto fold = Sha256Digest::From(r.Raw(kDigestBytes));
  s.previous = LeafIndex(r.U64());
  if (!map_root || !fold || !r.ok()) return InvalidArgument("leaf: a state entry that is cut short");
  s.map_root = *map_root;
  s.fold = *fold;
  if (!CoversWhatIsBefore(s)) return InvalidArgument("leaf: a state entry that does not cover the one before it");
  return s;
}

Result<EventLeaf> DecodeEvent(ByteReader& r) {
  EventLeaf e;
  const std::uint8_t flags = r.U8();
  e.batch = LeafIndex(r.U64());
  e.item = r.U16();
  e.subjects = r.U8();
  const std::uint8_t outcome = r.U8();
  const std::uint8_t reason = r.U8();
  const auto commitment = Commitment::From(r.Raw(kDigestBytes));
  if (!commitment || flags > kClear || outcome > static_cast<std::uint8_t>(events::Outcome::kQuarantined) ||
      reason > static_cast<std::uint8_t>(events::ErrorCode::kLate))
    return InvalidArgument("leaf: bad event entry");
  e.outcome = static_cast<events::Outcome>(outcome);
  e.reason = static_cast<events::ErrorCode>(reason);
  e.commitment = *commitment;
  if (flags == kClear) {
    events::BatchItem item;
    const std::uint8_t encoding = r.U8();
    const ByteView salt = r.Raw(item.salt.size());
    item.bytes = r.Long();
    if (!r.ok() || (encoding != 1 && encoding != 2)) return InvalidArgument("leaf: bad clear event");
    item.encoding = static_cast<events::Encoding>(encoding);
    std::copy(salt.begin(), salt.end(), reinterpret_cast<char*>(item.salt.data()));
    e.clear = std::move(item);
  }
  return e;
}

}  // namespace

bool operator==(const EventLeaf& a, const EventLeaf& b) {
  const auto same_clear = [&] {
    if (a.clear.has_value() != b.clear.has_value()) return false;
    return !a.clear || (a.clear->encoding == b.clear->encoding && a.clear->salt == b.clear->salt &&
                        a.clear->bytes == b.clear->bytes);
  };
  return a.batch == b.batch && a.item == b.item && a.subjects == b.subjects && a.outcome == b.outcome &&
         a.reason == b.reason && a.commitment == b.commitment && same_clear();
}

Bytes EncodeLeaf(const Leaf& leaf) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.U8(kVersion);
  w.I64(leaf.recorded.micros);
  std::visit([&w](const auto& body) { Encode(w, body); }, leaf.body);
  return bytes;
}

Result<Leaf> DecodeLeaf(ByteView bytes) {
  ByteReader r(bytes);
  if (r.U8() != kVersion) return InvalidArgument("leaf: unknown version");
  Leaf leaf;
  leaf.recorded = {r.I64()};
  switch (r.U8()) {
    case kGenesis: {
      GenesisLeaf g;
      g.origin = r.Short();
      g.log_key = r.Long();
      g.registrar_key = r.Long();
      g.ledger_key = r.Long();
      leaf.body = std::move(g);
      break;
    }
    case kBatch: {
      BatchLeaf b;
      const ByteView signature = r.Raw(b.signature.size());
      std::copy(signature.begin(), signature.end(), reinterpret_cast<char*>(b.signature.data()));
      b.header = r.Long();
      leaf.body = std::move(b);
      break;
    }
    case kEvent: {
      OPPI_TRY(leaf.body, DecodeEvent(r));
      break;
    }
    case kState: {
      OPPI_TRY(leaf.body, DecodeState(r));
      break;
    }
    default:
      return InvalidArgument("leaf: unknown kind");
  }
  if (!r.done()) return InvalidArgument("leaf: wrong length");
  return leaf;
}

}  // namespace oppi::ledger
