#include "ledger/merkle/mpt.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace oppi::ledger::merkle {
namespace {

/// Keys of which many share long prefixes: two random bytes, one of three places, zeros elsewhere.
MapKey SomeKey() {
  MapKey key;
  key.bytes[static_cast<std::size_t>(*rc::gen::element(0, 15, 31))] =
      *rc::gen::arbitrary<unsigned char>();
  key.bytes[31] = *rc::gen::arbitrary<unsigned char>();
  return key;
}

std::vector<MapEntry> SomeEntries(std::size_t most) {
  std::map<MapKey, MapValue> sorted;
  const auto count = *rc::gen::inRange<std::size_t>(0, most + 1);
  for (std::size_t i = 0; i < count; ++i) {
    MapValue value;
    value.bytes[0] = *rc::gen::arbitrary<unsigned char>();
    sorted[SomeKey()] = value;
  }
  std::vector<MapEntry> entries;
  for (const auto& [key, value] : sorted) entries.push_back({key, value});
  return entries;
}

/// The definition as the WAICT specification has it: merge the two most similar nodes until one is
/// left. Cubic, and nothing like what the library does.
MapRoot RootByMerging(const std::vector<MapEntry>& entries) {
  struct Node {
    std::string bits;  // the prefix, as "0" and "1"
    MapNode hash;
  };
  if (entries.empty()) return EmptyMapRoot();
  std::vector<Node> nodes;
  for (const MapEntry& entry : entries) {
    std::string bits;
    for (const unsigned char byte : entry.key.bytes)
      for (int shift = 7; shift >= 0; --shift) bits += (byte >> shift & 1) != 0 ? '1' : '0';
    nodes.push_back({bits, HashMapLeaf(entry)});
  }
  while (nodes.size() > 1) {
    std::size_t best_i = 0;
    std::size_t best_j = 1;
    std::size_t best = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      for (std::size_t j = i + 1; j < nodes.size(); ++j) {
        const auto& [a, b] = std::pair(nodes[i].bits, nodes[j].bits);
        const auto common = static_cast<std::size_t>(
            std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
        if (common > best) best = common, best_i = i, best_j = j;
      }
    Node& left = nodes[best_i].bits < nodes[best_j].bits ? nodes[best_i] : nodes[best_j];
    Node& right = &left == &nodes[best_i] ? nodes[best_j] : nodes[best_i];
    const Node merged{left.bits.substr(0, best),
                      HashMapInner(left.hash, right.hash, static_cast<std::uint8_t>(best))};
    nodes[best_i] = merged;
    nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(best_j));
  }
  return MapRoot{nodes[0].hash.bytes};
}

RC_GTEST_PROP(Map, TheRootIsThatOfMergingTheMostSimilar, ()) {
  const auto entries = SomeEntries(12);
  const auto root = RootOfMap(entries);
  RC_ASSERT(root.ok());
  RC_ASSERT(*root == RootByMerging(entries));
}

RC_GTEST_PROP(Map, EveryKeyIsProvedToBeThereOrNotThereAndNeverBoth, ()) {
  const auto entries = SomeEntries(60);
  const auto root = *RootOfMap(entries);
  const MapKey key = SomeKey();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const MapEntry& entry) { return entry.key == key; });
  const auto path = ProveMapInclusion(entries, key);
  const auto absence = ProveMapAbsence(entries, key);
  RC_ASSERT(path.ok() == (found != entries.end()));
  RC_ASSERT(absence.ok() == (found == entries.end()));
  if (path.ok())
    RC_ASSERT(VerifyMapInclusion(*found, *path, root).ok());
  else
    RC_ASSERT(VerifyMapAbsence(key, *absence, root).ok());
  for (const MapEntry& entry : entries) {
    const auto proof = ProveMapInclusion(entries, entry.key);
    RC_ASSERT((proof.ok() && VerifyMapInclusion(entry, *proof, root).ok()));
    // What proves that this entry is there does not prove that it is not.
    RC_ASSERT(!VerifyMapAbsence(entry.key, MapAbsence{entry, *proof}, root).ok());
  }
}

RC_GTEST_PROP(Map, NoEntryOfAnotherBranchProvesAbsence, ()) {
  const auto entries = SomeEntries(30);
  RC_PRE(entries.size() >= 2U);
  const auto root = *RootOfMap(entries);
  const auto present = *rc::gen::elementOf(entries);
  for (const MapEntry& other : entries) {
    const auto path = ProveMapInclusion(entries, other.key);
    RC_ASSERT(!VerifyMapAbsence(present.key, MapAbsence{other, *path}, root).ok());
  }
}

RC_GTEST_PROP(Map, AProofThatIsChangedDoesNotVerify, ()) {
  const auto entries = SomeEntries(60);
  RC_PRE(!entries.empty());
  const auto root = *RootOfMap(entries);
  const auto entry = *rc::gen::elementOf(entries);
  const Bytes good = EncodeMapPath(*ProveMapInclusion(entries, entry.key));
  const auto verifies = [&](ByteView bytes) {
    const auto path = DecodeMapPath(bytes);
    return path.ok() && VerifyMapInclusion(entry, *path, root).ok();
  };
  RC_ASSERT(verifies(good));
  RC_ASSERT(!verifies(good + Bytes(33, '\0')));
  RC_ASSERT(!verifies(good + "x"));
  MapEntry other = entry;
  other.value.bytes[9] ^= 4;
  RC_ASSERT(!VerifyMapInclusion(other, *DecodeMapPath(good), root).ok());
  RC_PRE(!good.empty());
  Bytes flipped = good;
  const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
  flipped[at] = static_cast<char>(flipped[at] ^ (1 << *rc::gen::inRange(0, 8)));
  RC_ASSERT(!verifies(flipped));
  RC_ASSERT(!verifies(ByteView(good).substr(0, good.size() - 33)));
  RC_ASSERT(!verifies(ByteView(good).substr(33)));
}

RC_GTEST_PROP(Map, AnAbsenceThatIsChangedDoesNotVerify, ()) {
  const auto entries = SomeEntries(60);
  const auto root = *RootOfMap(entries);
  const MapKey key = SomeKey();
  const auto absence = ProveMapAbsence(entries, key);
  RC_PRE(absence.ok());
  const Bytes good = EncodeMapAbsence(*absence);
  const auto verifies = [&](ByteView bytes) {
    const auto decoded = DecodeMapAbsence(bytes);
    return decoded.ok() && VerifyMapAbsence(key, *decoded, root).ok();
  };
  RC_ASSERT(verifies(good));
  RC_ASSERT((DecodeMapAbsence(good).ok() && EncodeMapAbsence(*DecodeMapAbsence(good)) == good));
  RC_ASSERT(!verifies(good + Bytes(33, '\0')));
  RC_PRE(!good.empty());
  RC_ASSERT(!verifies(""));
  Bytes flipped = good;
  const auto at = *rc::gen::inRange<std::size_t>(0, good.size());
  flipped[at] = static_cast<char>(flipped[at] ^ (1 << *rc::gen::inRange(0, 8)));
  RC_ASSERT(!verifies(flipped));
  RC_ASSERT(!verifies(ByteView(good).substr(0, good.size() - 1)));
}

TEST(Map, TheEmptyProofIsOnlyValidForTheEmptyTree) {
  const MapEntry entry{};
  EXPECT_TRUE(VerifyMapAbsence(entry.key, {}, EmptyMapRoot()).ok());
  EXPECT_FALSE(VerifyMapAbsence(entry.key, {}, *RootOfMap(std::vector{entry})).ok());
  EXPECT_FALSE(VerifyMapAbsence(entry.key, {std::nullopt, {{0, {}}}}, EmptyMapRoot()).ok());
  EXPECT_EQ(ProveMapInclusion({}, entry.key).error().code, Code::kNotFound);
}

TEST(Map, BitsThatDoNotDecreaseAreRefusedEvenWhereTheHashesFit) {
  // A malformed tree of a dishonest operator: the node of bit 3 stands above that of bit 3.
  const MapEntry entry{};
  const MapNode sibling{};
  const MapNode inner = HashMapInner(HashMapLeaf(entry), sibling, 3);
  const MapRoot root{HashMapInner(inner, sibling, 3).bytes};
  const MapPath path = {{3, sibling}, {3, sibling}};
  EXPECT_FALSE(VerifyMapInclusion(entry, path, root).ok());
  const Bytes bytes =
      Bytes(1, '\x03') + Bytes(sibling.view()) + Bytes(1, '\x03') + Bytes(sibling.view());
  EXPECT_FALSE(DecodeMapPath(bytes).ok());
}

TEST(Map, EntriesOutOfOrderOrTwiceAreRefused) {
  MapEntry low{};
  MapEntry high{};
  high.key.bytes[0] = 1;
  EXPECT_TRUE(RootOfMap(std::vector{low, high}).ok());
  EXPECT_FALSE(RootOfMap(std::vector{high, low}).ok());
  EXPECT_FALSE(RootOfMap(std::vector{low, low}).ok());
  EXPECT_FALSE(ProveMapInclusion(std::vector{high, low}, low.key).ok());
  EXPECT_FALSE(ProveMapAbsence(std::vector{high, low}, low.key).ok());
}

TEST(Map, AKeyOfAllBitsAndADepthOf256Work) {
  // Each key differs from the one before in one bit: the deepest tree there is.
  std::vector<MapEntry> entries(1);
  for (std::size_t bit = 256; bit-- > 0;) {
    MapEntry entry{};
    entry.key.bytes[bit / 8] = static_cast<unsigned char>(1U << (7 - bit % 8));
    entries.push_back(entry);
  }
  const auto root = *RootOfMap(entries);
  const auto path = ProveMapInclusion(entries, entries[0].key);
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(path->size(), 256U);
  EXPECT_TRUE(VerifyMapInclusion(entries[0], *path, root).ok());
  EXPECT_EQ(*DecodeMapPath(EncodeMapPath(*path)), *path);
  MapKey ones;
  ones.bytes.fill(0xff);
  const auto absence = ProveMapAbsence(entries, ones);
  ASSERT_TRUE(absence.ok());
  EXPECT_TRUE(VerifyMapAbsence(ones, *absence, root).ok());
}

}  // namespace
}  // namespace oppi::ledger::merkle
