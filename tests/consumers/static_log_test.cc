#include "consumers/static_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "events/tree_hash.h"
#include "ledger/durable_file.h"
#include "ledger/merkle/compact_range.h"
#include "tests/support/ledger_parts.h"

/// A log as files: at the sizes where tiles begin and end, again and again into one folder, and
/// what is said of folders that are not what they should be.

namespace oppi::consumers {
namespace {

namespace fs = std::filesystem;
using ledger::merkle::TileId;

constexpr const char* kOrigin = "oppiloki.example/static";

/// Entries that follow from their numbers and a seed, served as bundles; no tiles, which nobody needs.
class Numbers {
 public:
  explicit Numbers(std::string seed = "a") : seed_(std::move(seed)) {}
  [[nodiscard]] Bytes Entry(std::uint64_t i) const { return "entry " + std::to_string(i) + seed_; }
  [[nodiscard]] std::string Note(std::uint64_t size, const std::string& origin = kOrigin) const {
    ledger::merkle::CompactRange range;
    for (std::uint64_t i = 0; i < size; ++i) range.Append(HashLeaf(Entry(i)));
    NamedSigningKey key = tests::KeyNamed(kOrigin);
    key.name = origin;
    return ledger::SignCheckpoint({origin, TreeSize(size), range.Root(), {}}, key);
  }
  [[nodiscard]] TileSource Source() const {
    TileSource source;
    source.tile = [this](const TileId& id) -> Result<Bytes> {
      ++reads;
      if (!id.entries || reads > reads_max) return Unavailable("no more");
      Bytes bundle;
      for (unsigned i = 0; i < id.width; ++i) ledger::merkle::AppendEntry(bundle, Entry(id.index * 256 + i));
      return bundle;
    };
    return source;
  }
  mutable std::uint64_t reads = 0;
  std::uint64_t reads_max = 1'000'000;

 private:
  const std::string seed_;
};

class StaticLog : public testing::Test {
 protected:
  Result<ExportReport> Export(const Numbers& log, std::uint64_t size) { return ExportLog(log.Note(size), log.Source(), out_, {}); }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(out_))
      if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(out_).string());
    std::sort(files.begin(), files.end());
    return files;
  }
  /// The files that tlog-tiles says, and no other.
  static std::vector<std::string> Expected(std::uint64_t size) {
    std::vector<std::string> files = {"checkpoint"};
    for (const TileId& id : ledger::merkle::TilesOf(TreeSize(size))) files.push_back(TilePath(id));
    std::sort(files.begin(), files.end());
    return files;
  }
  void Alter(const std::string& path) const {
    std::fstream file(out_ + "/" + path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5);
    file.put('\x7f');
  }

  const tests::TempFolder folder_;
  const std::string out_ = folder_.path() + "/a/b";
};

TEST_F(StaticLog, HasExactlyTheFilesOfItsSize) {
  for (const std::uint64_t size : {1, 255, 256, 257, 511, 512, 513, 65'535, 65'536, 65'537, 70'000}) {
    fs::remove_all(out_);
    const auto report = Export(Numbers(), size);
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(Files(), Expected(size)) << size;
    EXPECT_EQ(report->files_written + 1, Files().size());
    // What others read there proves what it should.
    const TileSource log = LogInFolder(out_);
    const auto nodes = ledger::merkle::NodesFromTiles(TreeSize(size), log.tile);
    const auto checkpoint = ledger::OpenCheckpoint(log.checkpoint().value(), tests::KeyNamed(kOrigin).verifier());
    EXPECT_EQ(ledger::merkle::RootAt(TreeSize(size), nodes).value(), checkpoint->root);
  }
  EXPECT_EQ(fs::status(out_ + "/tile/entries").permissions() & fs::perms::others_exec, fs::perms::others_exec) << "a web server reads it";
  EXPECT_EQ(fs::status(out_ + "/tile/0/000").permissions() & fs::perms::others_read, fs::perms::others_read);
}

TEST_F(StaticLog, GrowsInItsFolderAndWritesOnlyWhatIsNew) {
  const Numbers log;
  ASSERT_TRUE(Export(log, 300).ok());
  const auto again = Export(log, 300);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->files_written, 0U);
  EXPECT_EQ(again->files_kept, Expected(300).size() - 1);
  const auto grown = Export(log, 600);
  ASSERT_TRUE(grown.ok()) << grown.error().message;
  EXPECT_EQ(grown->files_kept, 2U) << "the first tile and the first bundle";
  auto expected = Expected(600);
  expected.emplace_back("tile/1/000.p/1");  // of size 300; its full tile is not there yet
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Files(), expected) << "partial tiles of before went with their full ones";
  EXPECT_EQ(LogInFolder(out_).tile({false, 0, 1, 44})->size(), 44U * 32) << "and are read from them";
}

TEST_F(StaticLog, InterruptedItHasNoCheckpointAndGoesOn) {
  Numbers log;
  log.reads_max = 7;
  EXPECT_FALSE(Export(log, 5'000).ok());
  EXPECT_FALSE(fs::exists(out_ + "/checkpoint"));
  log.reads_max = 1'000'000;
  Alter("tile/entries/003");  // what a crash may leave
  const auto report = Export(log, 5'000);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->files_kept, 13U);
  EXPECT_EQ(Files(), Expected(5'000));
}

TEST_F(StaticLog, AnotherLogIsNotWrittenOver) {
  const Numbers log;
  ASSERT_TRUE(Export(log, 600).ok());
  const auto before = ledger::ReadFileIfThere(out_ + "/checkpoint").value();
  for (const auto& [note, why] : {std::pair(Numbers().Note(500), "newer"), {Numbers().Note(600, "oppiloki.example/other"), "something else"}}) {
    const auto refused = ExportLog(note, log.Source(), out_, {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kAlreadyExists);
    EXPECT_NE(refused.error().message.find(why), std::string::npos) << refused.error().message;
  }
  const Numbers fork("b");
  EXPECT_EQ(Export(fork, 700).error().code, Code::kAlreadyExists);
  Alter("tile/0/001");
  EXPECT_EQ(Export(log, 700).error().code, Code::kAlreadyExists) << "damage is not mended in silence";
  EXPECT_EQ(ledger::ReadFileIfThere(out_ + "/checkpoint").value(), before);
}

TEST_F(StaticLog, AForkInPartialTilesIsNoticed) {
  const Numbers log;
  const Numbers fork("b");
  ASSERT_TRUE(Export(log, 200).ok());
  EXPECT_EQ(Export(fork, 250).error().code, Code::kAlreadyExists);
  EXPECT_EQ(LogInFolder(out_).checkpoint().value(), log.Note(200));
}

TEST_F(StaticLog, EntriesOfAnotherTreeAreNotPublished) {
  const Numbers log;
  const Numbers fork("b");
  const auto refused = ExportLog(log.Note(300), fork.Source(), out_, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kDataLoss);
  EXPECT_FALSE(fs::exists(out_ + "/checkpoint"));
}

}  // namespace
}  // namespace oppi::consumers
