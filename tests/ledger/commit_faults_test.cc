#include <gtest/gtest.h>

#include "ledger/sequencer.h"
#include "tests/support/test_writer.h"

/// Each write of a commit fails in two ways, at each of several moments: lost, and done but
/// reported as failed. Whatever happens, the writer stops, reopening recovers through the ordinary
/// path, nothing that was acknowledged is lost, and nothing is there twice when the publisher sends
/// again.

namespace oppi::ledger {
namespace {

using events::Outcome;
using tests::Fault;
using tests::Marks;
using tests::TestWriter;

enum class Where { kVault, kStore, kLock };

/// About learners that the ledger has never heard of, so that each commit makes keys.
std::vector<events::Event> NewMarks(std::uint64_t first) {
  std::vector<events::Event> marks;
  for (std::uint64_t i = first; i < first + 5; ++i) marks.push_back(tests::Mark(i, i));
  return marks;
}

struct Case {
  const char* name;
  Where where;
  Fault fault;
  bool survives;  // whether the events of the failed commit are in the log after recovery
};

constexpr Case kCases[] = {
    {"StoreWriteIsLost", Where::kStore, Fault::kLost, false},
    {"StoreWriteIsDoneButReportedFailed", Where::kStore, Fault::kDoneButReportedFailed, true},
    // Keys come first: what they were made for is not there yet.
    {"VaultWriteIsLost", Where::kVault, Fault::kLost, false},
    {"VaultWriteIsDoneButReportedFailed", Where::kVault, Fault::kDoneButReportedFailed, false},
    // The store has the commit by then: the lock is brought up to it on reopening.
    {"LockAdvanceIsLost", Where::kLock, Fault::kLost, true},
    {"LockAdvanceIsDoneButReportedFailed", Where::kLock, Fault::kDoneButReportedFailed, true},
};

class CommitFaults : public testing::TestWithParam<std::tuple<Case, int>> {
 protected:
  tests::FaultPlan& Plan(TestWriter& writer, Where where) {
    switch (where) {
      case Where::kVault: return writer.parts.vault_store.faults();
      case Where::kStore: return writer.parts.log_store.faults();
      case Where::kLock: break;
    }
    return writer.parts.lock.faults();
  }
};

TEST_P(CommitFaults, StopTheWriterAndNothingIsLostOrDoubledAfterwards) {
  const auto& [failing, nth] = GetParam();
  TestWriter writer;
  Plan(writer, failing.where).FailNth(static_cast<std::uint64_t>(nth), failing.fault);

  std::vector<std::pair<std::uint64_t, LeafIndex>> acknowledged;  // number of the first mark, where
  std::uint64_t number = 1;
  for (int batch = 1; batch < nth; ++batch, number += 5) {
    const auto result = writer.Send(NewMarks(number));
    ASSERT_TRUE(result.ok());
    acknowledged.emplace_back(number, *result->items[0].position);
  }
  const auto published = writer.View();
  const auto unknown = writer.Send(NewMarks(number));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kDataLoss);

  // I4, I5: nothing new is shown and nothing more is written.
  EXPECT_EQ(writer.View()->size(), published->size());
  const std::uint64_t writes = writer.parts.log_store.faults().writes();
  const auto refused = writer.Send(NewMarks(number + 100));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kDataLoss);
  EXPECT_EQ(writer.parts.log_store.faults().writes(), writes);

  writer.Restart();
  const std::uint64_t before = published->size().value();
  EXPECT_EQ(writer.View()->size().value(), failing.survives ? before + 7 : before);
  writer.Check(writer.View()->size());
  const auto consistency = writer.View()->Consistency(published->size(), writer.View()->size());
  ASSERT_TRUE(consistency.ok());
  EXPECT_TRUE(merkle::VerifyConsistency(published->size(), writer.View()->size(), *consistency,
                                        published->checkpoint().root,
                                        writer.View()->checkpoint().root)
                  .ok());

  // The publisher sends everything again.
  const auto again = writer.Send(NewMarks(number));
  ASSERT_TRUE(again.ok());
  for (const ItemResult& item : again->items)
    EXPECT_EQ(item.outcome, failing.survives ? Outcome::kDuplicate : Outcome::kAccepted);
  for (const auto& [first, position] : acknowledged) {
    const auto old = writer.Send(NewMarks(first));
    ASSERT_TRUE(old.ok());
    for (std::uint64_t i = 0; i < 5; ++i) {
      EXPECT_EQ(old->items[i].outcome, Outcome::kDuplicate);
      EXPECT_EQ(old->items[i].position, LeafIndex(position.value() + i));
    }
  }
  writer.Check(TreeSize(before + 7));
}

INSTANTIATE_TEST_SUITE_P(Table, CommitFaults,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values(1, 2, 3, 60)),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param).name) + "AtCommit" +
                                  std::to_string(std::get<1>(row.param));
                         });

TEST(CommitFaultsDuringRecovery, AreRecoveredFromByOpeningOnceMore) {
  for (const Fault fault : {Fault::kLost, Fault::kDoneButReportedFailed}) {
    TestWriter writer;
    ASSERT_TRUE(writer.Send(Marks(1, 5)).ok());
    writer.parts.lock.faults().FailNth(1, Fault::kLost);
    ASSERT_FALSE(writer.Send(Marks(10, 5)).ok());
    writer.Close();
    // Opening advances the lock; that fails too.
    writer.parts.lock.faults().FailNth(1, fault);
    const Status opened = writer.Open();
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::kDataLoss);
    ASSERT_TRUE(writer.Open().ok());
    writer.Check(TreeSize(16));
  }
}

TEST(CommitFaultsOfTheRules, StopTheWriterBeforeAnythingIsWritten) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 2)).ok());
  const std::uint64_t writes = writer.parts.log_store.faults().writes();
  writer.rules.on = [](const CommittedEvent&) -> Status { return DataLoss("the views are gone"); };
  const auto result = writer.Send(Marks(10, 2));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kDataLoss);
  EXPECT_EQ(writer.parts.log_store.faults().writes(), writes);
  writer.rules.on = nullptr;
  writer.Restart();
  ASSERT_TRUE(writer.Send(Marks(10, 2)).ok());
  writer.Check(TreeSize(10));
}

TEST(Recovery, RefusesAStoreThatIsOlderThanTheLock) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 2)).ok());
  // An old copy of the store: everything but the lock as it was before the second batch.
  MemoryStore copy;
  WriteBatch rows;
  for (std::size_t table = 0; table < kTables; ++table)
    ASSERT_TRUE(writer.parts.log_rows
                    .Scan(static_cast<Table>(table), {}, {},
                          [&](ByteView row_key, ByteView value) {
                            rows.Put(static_cast<Table>(table), Bytes(row_key), Bytes(value));
                            return true;
                          })
                    .ok());
  ASSERT_TRUE(copy.Apply(rows, Durability::kSynced).ok());
  ASSERT_TRUE(writer.Send(Marks(10, 2)).ok());
  writer.Close();

  const auto opened = Sequencer::Open({copy,
                                       *writer.parts.vault,
                                       writer.rules,
                                       writer.parts.lock,
                                       writer.parts.clock,
                                       writer.parts.entropy,
                                       writer.parts.log_key,
                                       writer.parts.ledger_key,
                                       {}},
                                      {.origin = tests::kOrigin, .ledger_source = "unused"});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kDataLoss);
  EXPECT_NE(opened.error().message.find("older"), std::string::npos) << opened.error().message;
}

TEST(Recovery, RefusesAStoreThatDoesNotExtendTheLock) {
  TestWriter writer;
  TestWriter other({.seed = 2});
  ASSERT_TRUE(writer.Send(Marks(1, 2)).ok());
  ASSERT_TRUE(other.Send(Marks(1, 9)).ok());  // longer, with other salts
  writer.Close();
  other.Close();
  ASSERT_TRUE(other.parts.kept_lock.Advance(*writer.parts.kept_lock.Read().value()).ok());
  const Status opened = other.Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kDataLoss);
  EXPECT_NE(opened.error().message.find("fork"), std::string::npos) << opened.error().message;
}

}  // namespace
}  // namespace oppi::ledger
