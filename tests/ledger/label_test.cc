#include "ledger/label.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "events/entropy.h"
#include "ledger/label_proof.h"
#include "ledger/label_prover.h"
#include "ledger/label_rows.h"
#include "ledger/memory_store.h"
#include "ledger/streams.h"

namespace oppi::ledger {
namespace {

Handle SomeHandle(unsigned char fill) {
  Handle handle;
  handle.bytes.fill(fill);
  return handle;
}

const VrfSecretKey& Key() {
  static const VrfSecretKey key = [] {
    SeededEntropy entropy(11);
    return VrfSecretKey::Generate(entropy);
  }();
  return key;
}

StreamHead SomeHead(std::uint64_t count) {
  std::vector<LeafIndex> entries;
  for (std::uint64_t i = 0; i < count; ++i) entries.push_back(LeafIndex(3 * i + 1));
  return HeadOf(entries);
}

LabelEntry First(unsigned char handle) {
  return {EntryState::kHasStream, 1, CommitHandle(SomeHandle(handle), {}), {}};
}

/// A map of two streams, a stream of reads, one identifier, and many others.
struct SomeMap {
  SomeMap() {
    SetStream(LearnerStream(SomeHandle(1)), SomeHead(5));
    SetStream(LearnerStream(SomeHandle(2)), SomeHead(1));
    SetStream(ActorStream(SomeHandle(1)), SomeHead(2));
    const Labelled entry = LabelFor(Key(), *EntryOf("a learner"));
    changes.push_back({entry.label, ValueOf(First(1), entry.blind)});
    for (unsigned char i = 10; i < 60; ++i) SetStream(LearnerStream(SomeHandle(i)), SomeHead(i));
    std::sort(changes.begin(), changes.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    EXPECT_TRUE(tree.Prepare(changes).ok());
    view = tree.Commit();
  }
  void SetStream(const LabelName& name, const StreamHead& head) {
    const Labelled labelled = LabelFor(Key(), name);
    changes.push_back({labelled.label, ValueOf(head, labelled.blind)});
  }
  std::vector<merkle::MapEntry> changes;
  merkle::MapTree tree;
  std::shared_ptr<const merkle::MapTree::View> view;
};

/// One proof of each form there is.
std::vector<LabelProof> SomeProofs(const merkle::MapTree::View& map) {
  return {*ProveStream(map, Key(), LearnerStream(SomeHandle(1)), SomeHead(5)),
          *ProveStream(map, Key(), ActorStream(SomeHandle(1)), SomeHead(2)),
          *ProveStream(map, Key(), ActorStream(SomeHandle(2)), std::nullopt),
          *ProveEntry(map, Key(), "a learner", First(1)),
          *ProveEntry(map, Key(), "nobody", std::nullopt)};
}

// The worked example of docs/wire-format.md, computed by a program that shares no code with this.
TEST(LabelFormat, LabelsAndValuesAreWhatTheDocumentShows) {
  const auto scalar = *FromHex("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500");
  std::array<unsigned char, 32> raw{};
  std::copy(scalar.begin(), scalar.end(), reinterpret_cast<char*>(raw.data()));
  const auto key = *VrfSecretKey::From(SecretKey(raw));
  Handle handle;
  for (unsigned char i = 0; i < 16; ++i) handle.bytes[i] = i;
  HandleSalt salt;
  for (unsigned char i = 0; i < 32; ++i) salt[i] = i;
  const auto stream = LabelFor(key, LearnerStream(handle));
  EXPECT_EQ(stream.label.hex(), "f878ff279b23bc1d916b6cbddffc9541564397d4126aa759147762abc3f25770");
  EXPECT_EQ(stream.blind.hex(), "89a5a385edac44d739e493f0d51ef94587e7f866c916b884d6ec13dd4ce31bbd");
  const StreamHead head = HeadOf(std::vector{LeafIndex(2), LeafIndex(5)});
  EXPECT_EQ(head.root.hex(), "15a3ddc67f5b3df4b25e5dca3246e88d34c70114e55bb12759b4e62406eac4f7");
  EXPECT_EQ(ValueOf(head, stream.blind).hex(),
            "084bda9c2471f4560f843f2d40678eb5d0ac85a46247101b1b0509a23c9bd999");
  const auto person = LabelFor(key, *EntryOf("urn:oid:1.2.246.562.24.00000000001"));
  EXPECT_EQ(person.label.hex(), "265559f1d1d8c5a9abf9b6103fe3211565e8cbe9c91d020a87ee72efddb7fa3b");
  const LabelEntry first{EntryState::kHasStream, 1, CommitHandle(handle, salt), {}};
  EXPECT_EQ(first.handle.hex(), "3f577c8b08489fa10efd78c8da30cc32d66e25caf38c9b2cbe731418d49eefec");
  EXPECT_EQ(ValueOf(first, person.blind).hex(),
            "dbea6df93247495086b570599060ac49b576e5b1625b9cd57b18c05bdf36317e");
  const LabelEntry erased{EntryState::kErased, 2, first.handle, ValueOf(first, person.blind)};
  EXPECT_EQ(ValueOf(erased, person.blind).hex(),
            "a6c59d866104ebb674b18eb9eb26d78f5d5e5be7ca7871308146e5addb5fea90");
  EXPECT_EQ(FoldOf(key.public_key()).hex(),
            "511af515eb31c6d88267a7548ef5156be46270c54d67b0ae502b4c31fe4477a9");
  EXPECT_TRUE(VerifyEarlierEntry(erased, first, person.blind).ok());
}

TEST(LabelProof, EveryFormProvesWhatItSays) {
  const SomeMap map;
  const auto key = Key().public_key();
  const auto root = map.view->root();
  const auto proofs = SomeProofs(*map.view);
  EXPECT_EQ(**VerifyStreamProof(proofs[0], LearnerStream(SomeHandle(1)), key, root), SomeHead(5));
  EXPECT_EQ(**VerifyStreamProof(proofs[1], ActorStream(SomeHandle(1)), key, root), SomeHead(2));
  EXPECT_FALSE(*VerifyStreamProof(proofs[2], ActorStream(SomeHandle(2)), key, root));
  EXPECT_EQ(VerifyEntryProof(proofs[3], "a learner", key, root)->entry, First(1));
  EXPECT_FALSE(VerifyEntryProof(proofs[4], "nobody", key, root)->entry);
}

TEST(LabelProof, ProvesNothingOfAnotherNameKeyOrRoot) {
  const SomeMap map;
  const auto key = Key().public_key();
  const auto root = map.view->root();
  const auto proofs = SomeProofs(*map.view);
  SeededEntropy entropy(12);
  const auto other_key = VrfSecretKey::Generate(entropy).public_key();
  EXPECT_FALSE(VerifyStreamProof(proofs[0], LearnerStream(SomeHandle(2)), key, root).ok());
  EXPECT_FALSE(VerifyStreamProof(proofs[0], ActorStream(SomeHandle(1)), key, root).ok());
  EXPECT_FALSE(VerifyStreamProof(proofs[0], LearnerStream(SomeHandle(1)), other_key, root).ok());
  EXPECT_FALSE(
      VerifyStreamProof(proofs[0], LearnerStream(SomeHandle(1)), key, merkle::MapRoot{}).ok());
  EXPECT_FALSE(VerifyEntryProof(proofs[4], "somebody", key, root).ok());
  EXPECT_FALSE(VerifyEntryProof(proofs[4], "nobody", other_key, root).ok());
  EXPECT_FALSE(VerifyEntryProof(proofs[4], "nobody", key, merkle::EmptyMapRoot()).ok());
  EXPECT_FALSE(VerifyEntryProof(proofs[0], "a learner", key, root).ok());
  EXPECT_FALSE(VerifyEntryProof(proofs[3], "", key, root).ok());
  EXPECT_FALSE(VerifyStreamProof(proofs[3], *EntryOf("a learner"), key, root).ok());
}

TEST(LabelProof, PresenceAndAbsenceAreNotMistakenForEachOther) {
  const SomeMap map;
  const auto key = Key().public_key();
  const auto root = map.view->root();
  const auto name = LearnerStream(SomeHandle(1));
  LabelProof there = *ProveStream(*map.view, Key(), name, SomeHead(5));
  // The search for a label that is there, passed off as one that ends at another entry.
  const auto label = LabelFor(Key(), name).label;
  const auto included = *map.view->ProveInclusion(label);
  LabelProof absent = there;
  absent.shows = merkle::MapAbsence{merkle::MapEntry{label, included.value}, included.path};
  EXPECT_FALSE(VerifyStreamProof(absent, name, key, root).ok());
  absent.shows = merkle::MapAbsence{};
  EXPECT_FALSE(VerifyStreamProof(absent, name, key, root).ok());
  // Fewer entries than there are.
  std::get<LabelProof::Stream>(there.shows).head = SomeHead(4);
  EXPECT_FALSE(VerifyStreamProof(there, name, key, root).ok());
  std::get<LabelProof::Stream>(there.shows).head = {};
  EXPECT_FALSE(VerifyStreamProof(there, name, key, root).ok());
}

TEST(LabelProof, GivesItsBytesAgainAndIsRefusedWhenCutOrLonger) {
  const SomeMap map;
  for (const LabelProof& proof : SomeProofs(*map.view)) {
    const Bytes bytes = EncodeLabelProof(proof);
    const auto back = DecodeLabelProof(bytes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, proof);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A path that is cut at a step is a shorter path, which leads to no root.
      const auto cut = DecodeLabelProof(ByteView(bytes).substr(0, size));
      EXPECT_FALSE(cut.ok() && *cut == proof) << size;
    }
    EXPECT_FALSE(DecodeLabelProof(bytes + '\0').ok());
    EXPECT_FALSE(DecodeLabelProof(bytes + Bytes(kLabelProofBytesMax, '\0')).ok());
  }
}

TEST(LabelProof, NoByteCanBeChangedInAProofThatVerifies) {
  const SomeMap map;
  const auto key = Key().public_key();
  const auto root = map.view->root();
  const std::vector<LabelName> names = {LearnerStream(SomeHandle(1)), ActorStream(SomeHandle(1)),
                                        ActorStream(SomeHandle(2)), *EntryOf("a learner"),
                                        *EntryOf("nobody")};
  const auto proofs = SomeProofs(*map.view);
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    const Bytes bytes = EncodeLabelProof(proofs[i]);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Bytes changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      const auto proof = DecodeLabelProof(changed);
      if (!proof.ok()) continue;
      EXPECT_EQ(EncodeLabelProof(*proof), changed);
      const bool verifies = names[i].kind == LabelKind::kEntry
                                ? VerifyEntryProof(*proof, names[i].name, key, root).ok()
                                : VerifyStreamProof(*proof, names[i], key, root).ok();
      EXPECT_FALSE(verifies) << "proof " << i << " byte " << at;
    }
  }
}

RC_GTEST_PROP(LabelProofProperty, ArbitraryBytesAreRefusedOrGiveThemselvesAgain, ()) {
  Bytes bytes = *rc::gen::container<Bytes>(rc::gen::arbitrary<char>());
  bytes.resize(std::max<std::size_t>(bytes.size(), 3));
  bytes[0] = 1;
  bytes[1] = *rc::gen::inRange<char>(0, 5);
  bytes[2] = *rc::gen::inRange<char>(0, 3);
  bytes += Bytes(*rc::gen::element<std::size_t>(0, 80, 120, 149, 144, 177), '\x01');
  const auto decoded = DecodeLabelProof(bytes);
  if (decoded.ok()) RC_ASSERT(EncodeLabelProof(*decoded) == bytes);
}

TEST(LabelProver, SaysWhenMapAndRowsDisagree) {
  const SomeMap map;
  const auto name = LearnerStream(SomeHandle(1));
  const auto code = [](const auto& result) { return result.error().code; };
  EXPECT_EQ(code(ProveStream(*map.view, Key(), name, std::nullopt)), Code::kDataLoss);
  EXPECT_EQ(code(ProveStream(*map.view, Key(), name, SomeHead(4))), Code::kDataLoss);
  EXPECT_EQ(code(ProveStream(*map.view, Key(), LearnerStream(SomeHandle(3)), SomeHead(4))),
            Code::kDataLoss);
  EXPECT_EQ(code(ProveEntry(*map.view, Key(), "a learner", First(2))), Code::kDataLoss);
  EXPECT_EQ(code(ProveEntry(*map.view, Key(), "", std::nullopt)), Code::kInvalidArgument);
  EXPECT_FALSE(EntryOf(Bytes(kLabelNameBytesMax + 1, 'x')).ok());
  EXPECT_TRUE(EntryOf(Bytes(kLabelNameBytesMax, 'x')).ok());
}

TEST(LabelEntry, LeadsToAllBeforeItAndToItsHandle) {
  const auto blind = LabelFor(Key(), *EntryOf("a learner")).blind;
  HandleSalt salt{};
  salt[0] = 1;
  LabelEntry first = First(1);
  first.handle = CommitHandle(SomeHandle(1), salt);
  const LabelEntry erased{EntryState::kErased, 2, first.handle, ValueOf(first, blind)};
  const LabelEntry again{EntryState::kHasStream, 3, CommitHandle(SomeHandle(2), salt),
                         ValueOf(erased, blind)};
  EXPECT_TRUE(VerifyEarlierEntry(erased, first, blind).ok());
  EXPECT_TRUE(VerifyEarlierEntry(again, erased, blind).ok());
  EXPECT_FALSE(VerifyEarlierEntry(again, first, blind).ok());
  EXPECT_FALSE(VerifyEarlierEntry(first, first, blind).ok());
  EXPECT_FALSE(VerifyEarlierEntry(erased, first, Blind{}).ok());
  LabelEntry forged = first;
  forged.handle = again.handle;
  EXPECT_FALSE(VerifyEarlierEntry(erased, forged, blind).ok());
  EXPECT_TRUE(VerifyHandle(first, SomeHandle(1), salt).ok());
  EXPECT_FALSE(VerifyHandle(first, SomeHandle(2), salt).ok());
  EXPECT_FALSE(VerifyHandle(first, SomeHandle(1), HandleSalt{}).ok());
}

TEST(LabelEntry, IsRefusedUnlessItsNumberAndWhatIsBeforeItGoTogether) {
  const auto of = [](EntryState state, std::uint32_t number, bool previous) {
    LabelEntry entry{state, number, {}, {}};
    if (previous) entry.previous.bytes[0] = 1;
    return CheckEntry(entry).ok();
  };
  EXPECT_TRUE(of(EntryState::kHasStream, 1, false));
  EXPECT_TRUE(of(EntryState::kErased, 2, true));
  EXPECT_FALSE(of(EntryState::kHasStream, 1, true));
  EXPECT_FALSE(of(EntryState::kHasStream, 2, false));
  EXPECT_FALSE(of(EntryState::kHasStream, 0, false));
  EXPECT_FALSE(of(EntryState::kErased, 1, false));
  EXPECT_FALSE(of(static_cast<EntryState>(0), 1, false));
  EXPECT_FALSE(of(static_cast<EntryState>(3), 1, false));
}

TEST(Stream, IsProvedByAllItsEntriesInOrderAndByNoOthers) {
  const std::vector<LeafIndex> entries = {LeafIndex(2), LeafIndex(5), LeafIndex(9)};
  const StreamHead head = HeadOf(entries);
  EXPECT_TRUE(VerifyStreamEntries(head, entries).ok());
  EXPECT_FALSE(VerifyStreamEntries(head, std::span(entries).first(2)).ok());
  EXPECT_FALSE(
      VerifyStreamEntries(head, std::vector{LeafIndex(2), LeafIndex(9), LeafIndex(5)}).ok());
  EXPECT_FALSE(
      VerifyStreamEntries(head, std::vector{LeafIndex(2), LeafIndex(5), LeafIndex(8)}).ok());
  const std::vector<LeafIndex> twice = {LeafIndex(2), LeafIndex(2)};
  EXPECT_FALSE(VerifyStreamEntries(HeadOf(twice), twice).ok());
}

/// Two streams and an identifier, as rows and as the map of them.
struct SomeRows {
  SomeRows() {
    for (unsigned char i = 1; i <= 2; ++i) {
      StreamState stream;
      stream.name = LabelFor(Key(), LearnerStream(SomeHandle(i)));
      for (std::uint64_t k = 0; k < 20U * i; ++k)
        AppendToStream(stream, SomeHandle(i), {LeafIndex(k), 0}, rows);
      rows.Put(Table::kStreams, SomeHandle(i).view(), EncodeStream(stream));
      map[stream.name.label] = ValueOf(HeadOf(stream), stream.name.blind);
    }
    rows.Put(Table::kLabels, name.label.view(), EncodeIdentifier(identifier));
    map[name.label] = identifier.value;
    Apply();
    std::vector<merkle::MapEntry> entries;
    for (const auto& [label, value] : map) entries.push_back({label, value});
    merkle::MapTree tree;
    root = *tree.Prepare(entries);
  }
  void Apply() {
    EXPECT_TRUE(store.Apply(rows, Durability::kSynced).ok());
    rows.Clear();
  }
  const Labelled name = LabelFor(Key(), *EntryOf("a learner"));
  Identifier identifier =
      WithStream(std::nullopt, CommitHandle(SomeHandle(1), {}), name.blind, TreeSize(7));
  std::map<Label, merkle::MapValue> map;
  WriteBatch rows;
  MemoryStore store;
  merkle::MapRoot root;
};

TEST(LabelRows, GiveTheSameMapWhenTheyAreOpened) {
  const SomeRows rows;
  const auto tree = OpenLabelTree(rows.store, rows.root);
  ASSERT_TRUE(tree.ok()) << tree.error().message;
  EXPECT_EQ((*tree)->Committed()->size(), 3U);
  EXPECT_EQ(*ReadIdentifier(rows.store, rows.name.label), rows.identifier);
  EXPECT_FALSE(*ReadIdentifier(rows.store, LabelFor(Key(), *EntryOf("nobody")).label));
}

TEST(LabelRows, AreRefusedWhenTheyAreDamagedOrOfAnotherRoot) {
  SomeRows rows;
  const auto message = [&] {
    const auto tree = OpenLabelTree(rows.store, rows.root);
    EXPECT_FALSE(tree.ok());
    EXPECT_EQ(tree.error().code, Code::kDataLoss);
    return tree.error().message;
  };
  EXPECT_NE(OpenLabelTree(rows.store, merkle::EmptyMapRoot()).error().message.find("do not give"),
            std::string::npos);
  const auto put = [&](ByteView row) {
    rows.rows.Put(Table::kLabels, rows.name.label.view(), row);
    rows.Apply();
  };
  const Bytes row = EncodeIdentifier(rows.identifier);
  for (std::size_t size = 0; size < row.size(); ++size) {
    put(ByteView(row).substr(0, size));
    EXPECT_NE(message().find("damaged"), std::string::npos) << size;
    EXPECT_FALSE(ReadIdentifier(rows.store, rows.name.label).ok());
  }
  Bytes other = row;
  other[0] = static_cast<char>(other[0] ^ 1);
  put(other);
  EXPECT_NE(message().find("do not give"), std::string::npos);
}

TEST(LabelRows, AnIdentifierRemembersThatItWasErased) {
  const Labelled name = LabelFor(Key(), *EntryOf("a learner"));
  const auto first = CommitHandle(SomeHandle(1), {});
  const auto second = CommitHandle(SomeHandle(2), {});
  const Identifier before = WithStream(std::nullopt, first, name.blind, TreeSize(7));
  EXPECT_EQ(before.changes.size(), 1U);
  EXPECT_EQ(before.value, ValueOf(before.newest(), name.blind));
  const Identifier after = WithStream(before, second, name.blind, TreeSize(19));
  ASSERT_EQ(after.changes.size(), 3U);
  EXPECT_EQ(after.newest().state, EntryState::kHasStream);
  EXPECT_EQ(after.newest().handle, second);
  EXPECT_EQ(after.changes[1].entry.state, EntryState::kErased);
  EXPECT_EQ(after.changes[1].entry.handle, first);
  EXPECT_EQ(after.changes[2], before.changes[0]);
  for (std::size_t i = 0; i + 1 < after.changes.size(); ++i)
    EXPECT_TRUE(
        VerifyEarlierEntry(after.changes[i].entry, after.changes[i + 1].entry, name.blind).ok());
  EXPECT_EQ(DecodeIdentifier(EncodeIdentifier(after)).value(), after);
  Identifier gap = after;
  gap.changes.erase(gap.changes.begin() + 1);
  EXPECT_FALSE(DecodeIdentifier(EncodeIdentifier(gap)).ok());
}

}  // namespace
}  // namespace oppi::ledger
