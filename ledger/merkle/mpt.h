#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "events/bytes.h"
#include "events/digest.h"
#include "events/result.h"

/// Merkle Patricia tree over 32-byte keys and values: one canonical root per set of entries, short
/// proofs that a key is there (33 bytes a level) or is not there. SHA-256;
///
///   empty tree = SHA-256("")
///   leaf       = SHA-256(key || value)                   64 bytes in
///   inner      = SHA-256(left || right || u8 bit)        65 bytes in
///
/// where `bit` is the first bit in which the keys below differ (0 is the most significant bit of
/// the first byte); keys with that bit clear are on the left. The lengths separate leaf from inner.
/// The definition and the bytes of proofs are Russ Cox's "mpt", as in the WAICT transparency
/// specification. Pure functions, any thread; O(n) hashes, so a served map keeps its inner nodes.

namespace oppi::ledger::merkle {

using MapKey = Digest<struct MapKeyTag>;
using MapValue = Digest<struct MapValueTag>;
/// Hash of a leaf or an inner node.
using MapNode = Digest<struct MapNodeTag>;
using MapRoot = Digest<struct MapRootTag>;

struct MapEntry {
  MapKey key;
  MapValue value;
  friend bool operator==(const MapEntry&, const MapEntry&) = default;
};

/// An inner node on the way from a leaf to the root, with the child that is not on the way.
struct MapStep {
  std::uint8_t bit = 0;
  MapNode sibling;
  friend bool operator==(const MapStep&, const MapStep&) = default;
};
/// Leaf first; bits strictly decrease.
using MapPath = std::vector<MapStep>;

/// Why a key is not there: the entry that a search for it ends at, and that entry's path; nothing
/// at all in the empty tree. (It shows that other key to whoever reads the proof.)
struct MapAbsence {
  std::optional<MapEntry> other;
  MapPath path;
  friend bool operator==(const MapAbsence&, const MapAbsence&) = default;
};

[[nodiscard]] MapRoot EmptyMapRoot();
[[nodiscard]] MapNode HashMapLeaf(const MapEntry& entry);
[[nodiscard]] MapNode HashMapInner(const MapNode& left, const MapNode& right, std::uint8_t bit);

/// `entries` are sorted by key, no key twice: else kInvalidArgument.
[[nodiscard]] Result<MapRoot> RootOfMap(std::span<const MapEntry> entries);
/// Errors: kNotFound when the key is not there.
[[nodiscard]] Result<MapPath> ProveMapInclusion(std::span<const MapEntry> entries,
                                                const MapKey& key);
/// Errors: kAlreadyExists when the key is there.
[[nodiscard]] Result<MapAbsence> ProveMapAbsence(std::span<const MapEntry> entries,
                                                 const MapKey& key);

/// Errors: kInvalidArgument, with the reason.
[[nodiscard]] Status VerifyMapInclusion(const MapEntry& entry, const MapPath& path,
                                        const MapRoot& root);
[[nodiscard]] Status VerifyMapAbsence(const MapKey& key, const MapAbsence& absence,
                                      const MapRoot& root);

/// (bit || sibling)*, 33 bytes a step. Decoding is strict: whole steps, bits strictly decreasing.
[[nodiscard]] Bytes EncodeMapPath(const MapPath& path);
[[nodiscard]] Result<MapPath> DecodeMapPath(ByteView bytes);
/// Empty, or key || value || path. Strict.
[[nodiscard]] Bytes EncodeMapAbsence(const MapAbsence& absence);
[[nodiscard]] Result<MapAbsence> DecodeMapAbsence(ByteView bytes);

}  // namespace oppi::ledger::merkle
