#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "ledger/generation.h"
#include "ledger/rocksdb_store.h"
#include "ops/backup_manifest.h"
#include "ops/backups.h"
#include "ops/check_ledger.h"
#include "ops/copies.h"
#include "ops/restore.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/temp_folder.h"

/// Backups of an open ledger: while it takes events in, and with a crash at every step. What people
/// type is tried in backup_test.py.

namespace oppi::ops {
namespace {

namespace fs = std::filesystem;
using events::EventType;

class BackupsTest : public ::testing::Test {
 protected:
  BackupsTest() {
    ledger.Register("sis", "PROVIDER");
    Publish(1, 20);
  }
  void Publish(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t n = from; n < to; ++n)
      ledger.Publish("sis", {SchoolEvent(EventType::kGradeCourseAssessed, 4000 + n % 7, n)});
  }
  /// A new generation, as an erasure run makes one.
  void NewGeneration() {
    ledger::Vault& vault = ledger.node().vault();
    const Status made = ledger.node().sequencer().AtStandstill([&](ledger::Standstill&) -> Status {
      OPPI_RETURN_IF_ERROR(vault.BeginGeneration());
      for (;;) {
        OPPI_TRY(const ledger::WriteBatch again, vault.Rewrap(1000));
        if (again.empty()) return vault.FinishGeneration();
        OPPI_RETURN_IF_ERROR(vault.ApplyRewrapped(again));
      }
    });
    ASSERT_TRUE(made.ok()) << made.error().message;
    ASSERT_TRUE(vault.DropOldRows().ok());
  }
  RestoreReport Restored(const std::string& from, const std::string& to) {
    RestoreOptions options;
    options.from = from;
    options.data = to;
    auto report = Restore(options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    if (!report.ok()) return {};
    const auto checked = CheckLedger(to, {});
    EXPECT_TRUE(checked.ok() && checked->damages.empty())
        << (checked.ok() ? checked->damages.front() : checked.error().message);
    return *std::move(report);
  }
  /// Key files of this generation anywhere below.
  static int KeysOf(std::uint32_t generation, const std::string& folder) {
    int found = 0;
    const std::string name = fs::path(ledger::GenerationPath("", generation)).filename().string();
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      found += entry.path().filename() == name;
    return found;
  }
  Backups& backups() { return ledger.node().backups(); }
  std::vector<VaultCopy> Known() { return ReadCopies(ledger.directory()).value(); }

  TempLedger ledger;
  tests::TempFolder folder;
};

TEST_F(BackupsTest, IsWholeWhileEventsComeIn) {
  std::atomic<bool> done = false;
  std::thread publisher([&] {
    for (std::uint64_t n = 100; !done; ++n)
      ledger.Publish("sis", {SchoolEvent(EventType::kGradeCourseAssessed, 5000 + n, n)});
  });
  std::vector<std::uint64_t> sizes;
  for (int i = 0; i < 3; ++i) {
    for (const std::uint64_t before = ledger.Size(); ledger.Size() == before;)
      std::this_thread::yield();
    const auto made = backups().Make(folder / std::to_string(i), true);
    ASSERT_TRUE(made.ok()) << made.error().message;
    sizes.push_back(made->size);
  }
  done = true;
  publisher.join();
  EXPECT_LT(sizes[0], sizes[1]);
  EXPECT_LT(sizes[1], sizes[2]);
  // What is in it is what the log began with, as signed then.
  for (int i = 0; i < 3; ++i) {
    const auto manifest = PeekManifest(folder / std::to_string(i));
    ASSERT_TRUE(manifest.ok());
    EXPECT_EQ(ledger.node().View()->Root(TreeSize(manifest->size))->base64(), manifest->root);
    EXPECT_NE(manifest->checkpoint.find("\n" + std::to_string(manifest->size) + "\n" +
                                        manifest->root + "\n"),
              std::string::npos);
  }
  // Every learner's keys are in it, also of those who had just come.
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Restored(folder / std::to_string(i), folder / ("r" + std::to_string(i))).size,
              sizes[static_cast<std::size_t>(i)]);
  EXPECT_FALSE(fs::exists(ledger.directory() + "/backup.stage"));
}

/// Runs `work` again and again, cut off at its first step, its second, and so on until it comes
/// through.
template <class Work>
int CutOffEverywhere(const Work& work) {
  for (int steps = 0;; ++steps) {
    int left = steps;
    const Status ended =
        work([&left](const char*) { return left-- > 0 ? Status() : Status(Aborted("cut off")); });
    if (ended.ok()) return steps;
    EXPECT_EQ(ended.error().code, Code::kAborted) << ended.error().message;
    if (ended.error().code != Code::kAborted) return 0;
  }
}

TEST_F(BackupsTest, ARefreshThatIsCutOffLeavesTheOldKeysOrTheNewOnesAndFinishesLater) {
  const std::string backup = folder / "backup";
  ASSERT_TRUE(backups().Make(backup, true).ok());
  NewGeneration();
  int restored = 0;
  const int steps = CutOffEverywhere([&](std::function<Status(const char*)> before) {
    backups().CutOff(before);
    const auto refreshed = backups().Refresh(backup);
    backups().CutOff({});
    // Whatever there is can be restored, from a copy so that this one stays as it is.
    const std::string copy = folder / ("copy" + std::to_string(restored));
    fs::copy(backup, copy, fs::copy_options::recursive);
    fs::remove(copy + "/erasures/copies.json");
    Restored(copy, folder / ("again" + std::to_string(restored++)));
    const auto stale = backups().Stale();
    EXPECT_TRUE(stale.ok());
    // It counts as up to date only when no old key is left in it.
    if (stale.ok() && stale->empty()) {
      EXPECT_EQ(KeysOf(1, backup), 0);
    }
    if (!refreshed.ok()) return Status(refreshed.error());
    return Status();
  });
  EXPECT_GE(steps, 6);
  EXPECT_EQ(KeysOf(1, backup), 0);
  EXPECT_EQ(KeysOf(2, backup), 1);
  EXPECT_TRUE(backups().Stale()->empty());
}

TEST_F(BackupsTest, ABackupThatIsCutOffIsKnownAndLosesItsKeysWithTheNextGeneration) {
  int n = 0;
  std::vector<std::string> cut_off;
  const int steps = CutOffEverywhere([&](std::function<Status(const char*)> before) {
    const std::string out = folder / ("out" + std::to_string(n++));
    backups().CutOff(before);
    const auto made = backups().Make(out, true);
    backups().CutOff({});
    if (made.ok()) return Status();
    cut_off.push_back(out);
    return Status(made.error());
  });
  EXPECT_GE(steps, 4);
  EXPECT_EQ(Known().size(), static_cast<std::size_t>(n));
  for (const VaultCopy& copy : Known())
    EXPECT_EQ(copy.whole, copy.path == folder / ("out" + std::to_string(n - 1)));
  NewGeneration();
  const auto stale = backups().BringUpToDate();
  ASSERT_TRUE(stale.ok()) << stale.error().message;
  EXPECT_TRUE(stale->empty()) << stale->front();
  for (const std::string& out : cut_off) EXPECT_EQ(KeysOf(1, out), 0) << out;
  // All that were never finished are gone; the one whose manifest was there already has become
  // whole.
  EXPECT_EQ(Known().size(), 2U);
  for (const VaultCopy& copy : Known())
    EXPECT_TRUE(copy.whole && !fs::exists(copy.path + "/unfinished"));
  EXPECT_EQ(KeysOf(2, folder / ("out" + std::to_string(n - 1))), 1);
}

TEST_F(BackupsTest, ABackupThatFailsLeavesNothingBehind) {
  fs::remove(ledger::GenerationPath(ledger.directory() + "/vault", 1));
  const auto made = backups().Make(folder / "out", true);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kDataLoss);
  EXPECT_TRUE(fs::is_empty(folder / "out"));
  EXPECT_TRUE(Known().empty());
}

TEST_F(BackupsTest, IsWholeInTheMiddleOfANewGeneration) {
  ledger::Vault& vault = ledger.node().vault();
  const auto at_standstill = [&](const std::function<Status()>& work) {
    const Status done =
        ledger.node().sequencer().AtStandstill([&](ledger::Standstill&) { return work(); });
    EXPECT_TRUE(done.ok()) << done.error().message;
  };
  at_standstill([&] { return vault.BeginGeneration(); });
  const auto some = vault.Rewrap(3);
  ASSERT_TRUE(some.ok());
  ASSERT_FALSE(some->empty());
  at_standstill([&] { return vault.ApplyRewrapped(*some); });
  Publish(200, 220);
  const auto made = backups().Make(folder / "backup", true);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->generation, 1U);
  EXPECT_EQ(KeysOf(2, folder / "backup"), 0);
  Restored(folder / "backup", folder / "again");
  NewGeneration();  // goes on with the one that is begun
  EXPECT_EQ(vault.generation(), 2U);
  EXPECT_EQ(backups().Stale()->size(), 1U);
  EXPECT_TRUE(backups().BringUpToDate()->empty());
  Restored(folder / "backup", folder / "later");
}

TEST_F(BackupsTest, GoesOnInThePlaceOfOneThatWasCutOffAndNowhereElse) {
  const std::string out = folder / "out";
  int left = 2;
  backups().CutOff(
      [&left](const char*) { return left-- > 0 ? Status() : Status(Aborted("cut off")); });
  ASSERT_FALSE(backups().Make(out, true).ok());
  backups().CutOff({});
  ASSERT_TRUE(fs::exists(out + "/unfinished"));
  std::ofstream(out + "/notes.txt") << "not ours";
  EXPECT_EQ(backups().Make(out, true).error().code, Code::kAlreadyExists);
  EXPECT_TRUE(fs::exists(out + "/notes.txt"));
  fs::remove(out + "/notes.txt");
  ASSERT_TRUE(backups().Make(out, true).ok());
  Restored(out, folder / "again");
  EXPECT_EQ(Known().size(), 1U);
  // A file is not a directory, and a whole backup is never written over.
  std::ofstream(folder / "file") << "";
  EXPECT_EQ(backups().Make(folder / "file", true).error().code, Code::kAlreadyExists);
  std::ofstream(out + "/unfinished") << Known().front().id << "\n";
  EXPECT_EQ(backups().Make(out, true).error().code, Code::kAlreadyExists);
}

TEST_F(BackupsTest, AnotherBackupInTheOldPlaceIsNotTakenForTheOneThatWasThere) {
  const std::string backup = folder / "backup";
  ASSERT_TRUE(backups().Make(backup, true).ok());
  fs::rename(backup, folder / "away");
  ASSERT_TRUE(backups().Make(folder / "other", true).ok());
  fs::rename(folder / "other", backup);
  NewGeneration();
  const auto stale = backups().BringUpToDate();
  ASSERT_TRUE(stale.ok());
  EXPECT_EQ(stale->size(), 2U);
  // The one that lies there is known now; the one that lay there is not forgotten for it.
  ASSERT_TRUE(backups().Refresh(backup).ok());
  EXPECT_EQ(backups().Stale()->size(), 2U);
  ASSERT_TRUE(backups().Forget(backup).ok());
  ASSERT_TRUE(backups().Forget(folder / "other").ok());
  ASSERT_EQ(Known().size(), 1U);
  EXPECT_EQ(Known().front().path, backup);
  EXPECT_EQ(backups().Forget(backup).error().code, Code::kAlreadyExists);
}

TEST(CopyRocksDb, RefusesAPlaceThatIsTaken) {
  const tests::TempFolder folder;
  ledger::RocksDbOptions options;
  options.path = folder / "db";
  options.create = true;
  const auto store = ledger::OpenRocksDb(options);
  ASSERT_TRUE(store.ok());
  ledger::WriteBatch rows;
  rows.Put(ledger::Table::kMeta, "a", "1");
  ASSERT_TRUE((*store)->Apply(rows, ledger::Durability::kBuffered).ok());
  ASSERT_TRUE(ledger::CopyRocksDb(**store, folder / "copy").ok());
  EXPECT_FALSE(ledger::CopyRocksDb(**store, folder / "copy").ok());
  options.path = folder / "copy";
  options.create = false;
  const auto copy = ledger::OpenRocksDb(options);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ((*copy)->Get(ledger::Table::kMeta, "a").value(), "1");
}

}  // namespace
}  // namespace oppi::ops
