#include "ledger/merkle/mpt.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "events/check.h"
#include "ledger/merkle/map_bits.h"

namespace oppi::ledger::merkle {
namespace {

using Entries = std::span<const MapEntry>;

constexpr std::size_t kStepBytes = 1 + kDigestBytes;

/// The two children of the inner node above two or more sorted entries.
struct Children {
  std::uint8_t bit;
  Entries left;
  Entries right;
};
Children SplitEntries(Entries entries) {
  const unsigned bit = FirstDifference(entries.front().key, entries.back().key);
  const auto [left, right] = SplitAt(entries, bit);
  return {static_cast<std::uint8_t>(bit), left, right};
}

/// Requires one entry or more. Recursion is at most 256 deep: the bit grows with each step down.
MapNode HashEntries(Entries entries) {
  if (entries.size() == 1) return HashMapLeaf(entries.front());
  const Children children = SplitEntries(entries);
  return HashMapInner(HashEntries(children.left), HashEntries(children.right), children.bit);
}

Status CheckSorted(Entries entries) {
  const auto bad =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const MapEntry& a, const MapEntry& b) { return !(a.key < b.key); });
  if (bad != entries.end()) return InvalidArgument("map: the keys do not strictly ascend");
  return {};
}

/// Where a search for `key` ends, and the way back. Requires one entry or more.
struct Found {
  MapEntry entry;
  MapPath path;
};
Found Search(Entries entries, const MapKey& key) {
  Found found;
  while (entries.size() > 1) {
    const Children children = SplitEntries(entries);
    const bool right = BitOf(key, children.bit);
    found.path.push_back({children.bit, HashEntries(right ? children.left : children.right)});
    entries = right ? children.right : children.left;
  }
  found.entry = entries.front();
  std::reverse(found.path.begin(), found.path.end());
  return found;
}

bool BitsDecrease(const MapPath& path) {
  return std::adjacent_find(path.begin(), path.end(), [](const MapStep& a, const MapStep& b) {
           return a.bit <= b.bit;
         }) == path.end();
}

MapRoot AsMapRoot(const MapNode& node) { return MapRoot{node.bytes}; }

}  // namespace

MapRoot EmptyMapRoot() { return HashOf<MapRoot>(""); }

// One call of the hash each: with many short ones the calls themselves show.
MapNode HashMapLeaf(const MapEntry& entry) {
  static_assert(sizeof(MapEntry) == 2 * kDigestBytes);
  return HashOf<MapNode>({reinterpret_cast<const char*>(&entry), sizeof(entry)});
}

MapNode HashMapInner(const MapNode& left, const MapNode& right, std::uint8_t bit) {
  std::array<char, 2 * kDigestBytes + 1> input;
  std::memcpy(input.data(), left.bytes.data(), kDigestBytes);
  std::memcpy(input.data() + kDigestBytes, right.bytes.data(), kDigestBytes);
  input.back() = static_cast<char>(bit);
  return HashOf<MapNode>({input.data(), input.size()});
}

Result<MapRoot> RootOfMap(Entries entries) {
  OPPI_RETURN_IF_ERROR(CheckSorted(entries));
  return entries.empty() ? EmptyMapRoot() : AsMapRoot(HashEntries(entries));
}

Result<MapPath> ProveMapInclusion(Entries entries, const MapKey& key) {
  OPPI_RETURN_IF_ERROR(CheckSorted(entries));
  if (entries.empty()) return NotFound("map: empty");
  Found found = Search(entries, key);
  if (found.entry.key != key) return NotFound("map: no such key");
  return std::move(found.path);
}

Result<MapAbsence> ProveMapAbsence(Entries entries, const MapKey& key) {
  OPPI_RETURN_IF_ERROR(CheckSorted(entries));
  if (entries.empty()) return MapAbsence{};
  Found found = Search(entries, key);
  if (found.entry.key == key) return AlreadyExists("map: the key is there");
  return MapAbsence{found.entry, std::move(found.path)};
}

Status VerifyMapInclusion(const MapEntry& entry, const MapPath& path, const MapRoot& root) {
  if (!BitsDecrease(path)) return InvalidArgument("map proof: the bits do not strictly decrease");
  MapNode node = HashMapLeaf(entry);
  for (const MapStep& step : path)
    node = BitOf(entry.key, step.bit) ? HashMapInner(step.sibling, node, step.bit)
                                      : HashMapInner(node, step.sibling, step.bit);
  if (AsMapRoot(node) != root) return InvalidArgument("map proof: leads to another root");
  return {};
}

Status VerifyMapAbsence(const MapKey& key, const MapAbsence& absence, const MapRoot& root) {
  if (!absence.other) {
    if (!absence.path.empty()) return InvalidArgument("map proof: a path without an entry");
    if (root != EmptyMapRoot()) return InvalidArgument("map proof: the tree is not empty");
    return {};
  }
  if (absence.other->key == key) return InvalidArgument("map proof: the key is there");
  // A search looks only at these bits: where they agree, it ends at the other entry.
  for (const MapStep& step : absence.path)
    if (BitOf(key, step.bit) != BitOf(absence.other->key, step.bit))
      return InvalidArgument("map proof: a search for the key does not end at this entry");
  return VerifyMapInclusion(*absence.other, absence.path, root);
}

Bytes EncodeMapPath(const MapPath& path) {
  OPPI_CHECK(BitsDecrease(path));
  Bytes bytes;
  bytes.reserve(path.size() * kStepBytes);
  ByteWriter out(bytes);
  for (const MapStep& step : path) {
    out.U8(step.bit);
    out.Raw(step.sibling.view());
  }
  return bytes;
}

Result<MapPath> DecodeMapPath(ByteView bytes) {
  if (bytes.size() % kStepBytes != 0 || bytes.size() / kStepBytes > kKeyBits)
    return InvalidArgument("map proof: " + std::to_string(bytes.size()) +
                           " bytes are not 0 to 256 whole steps");
  MapPath path;
  path.reserve(bytes.size() / kStepBytes);
  for (ByteReader in(bytes); !in.rest().empty();) {
    const std::uint8_t bit = in.U8();
    path.push_back({bit, *MapNode::From(in.Raw(kDigestBytes))});
  }
  if (!BitsDecrease(path)) return InvalidArgument("map proof: the bits do not strictly decrease");
  return path;
}

Bytes EncodeMapAbsence(const MapAbsence& absence) {
  OPPI_CHECK(absence.other || absence.path.empty());
  if (!absence.other) return {};
  return Bytes(absence.other->key.view()) + Bytes(absence.other->value.view()) +
         EncodeMapPath(absence.path);
}

Result<MapAbsence> DecodeMapAbsence(ByteView bytes) {
  if (bytes.empty()) return MapAbsence{};
  if (bytes.size() < 2 * kDigestBytes) return InvalidArgument("map proof: too short for an entry");
  MapAbsence absence;
  absence.other = MapEntry{*MapKey::From(bytes.substr(0, kDigestBytes)),
                           *MapValue::From(bytes.substr(kDigestBytes, kDigestBytes))};
  OPPI_TRY(absence.path, DecodeMapPath(bytes.substr(2 * kDigestBytes)));
  return absence;
}

}  // namespace oppi::ledger::merkle
