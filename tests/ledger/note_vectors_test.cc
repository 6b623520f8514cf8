#include <gtest/gtest.h>

#include "ledger/checkpoint.h"
#include "ledger/merkle/compact_range.h"
#include "ledger/merkle/proof.h"
#include "ledger/merkle/tile.h"
#include "ledger/signed_note.h"
#include "tests/support/vectors.h"

/// Signed notes, checkpoints, tiles and entry bundles that other implementations made.

namespace oppi::ledger {
namespace {

using tests::Lines;
using tests::ReadFile;
using tests::VectorPath;

TEST(NoteVectors, TheGoNoteVerifiesUnderEachOfItsKeysAndBoth) {
  OPPI_NEEDS_VECTORS("golang-note");
  const std::string bytes = ReadFile(VectorPath("golang-note/peter-enoch.note"));
  const auto note = ParseNote(bytes);
  ASSERT_TRUE(note.ok()) << note.error().message;
  EXPECT_EQ(FormatNote(*note), bytes);

  std::vector<VerifierKey> keys;
  for (const std::string& line : Lines(ReadFile(VectorPath("golang-note/vkeys.txt")))) {
    const auto key = ParseVerifierKey(line);
    ASSERT_TRUE(key.ok()) << key.error().message;
    EXPECT_EQ(FormatVerifierKey(*key), line);
    keys.push_back(*key);
    const auto verified = VerifyNote(*note, {*key});
    ASSERT_TRUE(verified.ok());
    EXPECT_EQ(verified->at(0).key, *key);
  }
  ASSERT_EQ(keys.size(), 2U);
  const auto verified = VerifyNote(*note, keys);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->size(), 2U);
}

TEST(NoteVectors, TheExampleOfTheSpecificationVerifies) {
  OPPI_NEEDS_VECTORS("c2sp-spec-examples");
  const std::string bytes = ReadFile(VectorPath("c2sp-spec-examples/signed-note-example.note"));
  const auto note = ParseNote(bytes);
  ASSERT_TRUE(note.ok()) << note.error().message;
  EXPECT_EQ(note->text, "This is an example message.\n");
  EXPECT_EQ(FormatNote(*note), bytes);
  std::string vkey = ReadFile(VectorPath("c2sp-spec-examples/signed-note-example.vkey"));
  while (vkey.ends_with('\n')) vkey.pop_back();
  const auto key = ParseVerifierKey(vkey);
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ(FormatVerifierKey(*key), vkey);
  EXPECT_TRUE(VerifyNote(*note, {*key}).ok());
}

/// The log that Tessera keeps as test data: 15 entries, one checkpoint for each size.
class TesseraLog : public testing::Test {
 protected:
  static constexpr std::uint64_t kSizeMax = 15;

  void SetUp() override {
    OPPI_NEEDS_VECTORS("tessera-testdata");
    const auto key = ParseVerifierKey(
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
    ASSERT_TRUE(key.ok()) << key.error().message;
    key_ = *key;
    const auto bundle = Read({true, 0, 0, kSizeMax});
    const auto entries = merkle::SplitBundle(bundle);
    ASSERT_TRUE(entries.ok());
    entries_.assign(entries->begin(), entries->end());
    ASSERT_EQ(entries_.size(), kSizeMax);
  }

  static std::filesystem::path Folder() { return VectorPath("tessera-testdata/testdata/log"); }
  static Bytes Read(const merkle::TileId& id) { return ReadFile(Folder() / TilePath(id)); }
  static std::string ReadNote(std::uint64_t size) {
    return ReadFile(Folder() / ("checkpoint." + std::to_string(size)));
  }

  VerifierKey key_;
  std::vector<Bytes> entries_;
};

TEST_F(TesseraLog, EveryCheckpointVerifiesAndHasTheRootOfItsEntries) {
  merkle::CompactRange range;
  for (std::uint64_t size = 0; size <= kSizeMax; ++size) {
    SCOPED_TRACE(size);
    const std::string bytes = ReadNote(size);
    const auto checkpoint = OpenCheckpoint(bytes, key_);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->origin, "example.com/log/testdata");
    EXPECT_EQ(checkpoint->size, TreeSize(size));
    EXPECT_EQ(checkpoint->root, range.Root());
    EXPECT_EQ(FormatNote({CheckpointText(*checkpoint), ParseNote(bytes)->signatures}), bytes);
    if (size < kSizeMax) range.Append(HashLeaf(entries_[size]));
  }
}

TEST_F(TesseraLog, EveryTileAndBundleIsRebuiltByteForByte) {
  Bytes hashes;
  Bytes bundle;
  std::size_t compared = 0;
  for (std::uint64_t size = 1; size <= kSizeMax; ++size) {
    hashes += HashLeaf(entries_[size - 1]).view();
    merkle::AppendEntry(bundle, entries_[size - 1]);
    for (const merkle::TileId& id : merkle::TilesOf(TreeSize(size))) {
      EXPECT_EQ(id.entries ? bundle : hashes, Read(id)) << TilePath(id);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 2 * kSizeMax);
}

TEST_F(TesseraLog, EveryFileOfTheLogIsATileThatWeWouldWrite) {
  std::size_t files = 0;
  for (const auto& file : tests::FilesBelow(Folder() / "tile")) {
    const auto path = std::filesystem::relative(file, Folder()).string();
    const auto id = merkle::ParseTilePath(path);
    ASSERT_TRUE(id.has_value()) << path;
    EXPECT_EQ(TilePath(*id), path);
    ++files;
  }
  EXPECT_EQ(files, 2 * kSizeMax);
}

TEST_F(TesseraLog, ItsTilesProveEveryEntryAndEveryGrowth) {
  for (std::uint64_t size = 1; size <= kSizeMax; ++size) {
    const auto nodes = merkle::NodesFromTiles(
        TreeSize(size), [](const merkle::TileId& id) -> Result<Bytes> { return Read(id); });
    const auto checkpoint = OpenCheckpoint(ReadNote(size), key_);
    ASSERT_TRUE(checkpoint.ok());
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto proof = merkle::InclusionProof(LeafIndex(index), TreeSize(size), nodes);
      ASSERT_TRUE(proof.ok());
      EXPECT_TRUE(merkle::VerifyInclusion(LeafIndex(index), TreeSize(size),
                                          HashLeaf(entries_[index]), *proof, checkpoint->root)
                      .ok());
    }
    for (std::uint64_t from = 1; from <= size; ++from) {
      const auto old = OpenCheckpoint(ReadNote(from), key_);
      const auto proof = merkle::ConsistencyProof(TreeSize(from), TreeSize(size), nodes);
      ASSERT_TRUE(old.ok() && proof.ok());
      EXPECT_TRUE(merkle::VerifyConsistency(old->size, checkpoint->size, *proof, old->root,
                                            checkpoint->root)
                      .ok());
    }
  }
}

}  // namespace
}  // namespace oppi::ledger
