#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "events/ids.h"
#include "ledger/prepared.h"
#include "ledger/sequencer.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_writer.h"

/// Work between two groups: in turn with intake, in one atomic write, without a trace when refused.

namespace oppi::ledger {
namespace {

using events::Event;
using events::Outcome;
using tests::Fault;
using tests::Marks;
using tests::TestWriter;

WriteBatch Row(const std::string& name, const std::string& value) {
  WriteBatch rows;
  rows.Put(Table::kMeta, name, value);
  return rows;
}

template <class T>
Status StatusOf(const Result<T>& result) {
  return result.ok() ? Status() : Status(result.error());
}

class StandstillTest : public testing::Test {
 protected:
  Status AtStandstill(const std::function<Status(Standstill&)>& work) { return writer.sequencer().AtStandstill(work); }
  static Event Own(std::uint64_t number) {
    Event event = tests::SampleEvent(events::EventType::kErasureExecuted, tests::Fill::kRequired, number);
    event.source = "urn:oid:" + events::OrganisationOid(1) + "/ledger";
    return event;
  }
  std::optional<Bytes> Meta(const std::string& name) { return writer.parts.log_store.Get(Table::kMeta, name).value(); }
  TestWriter writer;
};

TEST_F(StandstillTest, CommitsAnEventAndRowsTogetherAndShowsThemAtOnce) {
  ASSERT_TRUE(writer.Send(Marks(1, 5)).ok());
  const TreeSize before = writer.View()->size();
  LeafIndex position(0);
  ASSERT_TRUE(AtStandstill([&](Standstill& still) -> Status {
                EXPECT_EQ(still.View()->size(), before);
                OPPI_TRY(const auto items, still.Commit({Own(1)}, Row("mark", "1")));
                const ItemResult& item = items.at(0);
                EXPECT_EQ(item.outcome, Outcome::kAccepted);
                position = *item.position;
                EXPECT_TRUE(Contains(still.View()->size(), position));
                return {};
              }).ok());
  EXPECT_EQ(position, LeafIndex(before.value() + 1));  // behind its batch
  EXPECT_EQ(Meta("mark"), "1");
  EXPECT_EQ(writer.EventAt(position), Own(1));
  ASSERT_TRUE(AtStandstill([&](Standstill& still) { return StatusOf(still.Commit({}, Row("mark", "2"))); }).ok());
  EXPECT_EQ(Meta("mark"), "2");
  EXPECT_EQ(writer.View()->size(), TreeSize(before.value() + 3));
  writer.Check(writer.View()->size());
  // Intake goes on behind it.
  const auto after = writer.Send(Marks(10, 1));
  ASSERT_TRUE(after.ok());
  EXPECT_LT(position, *after->items[0].position);
  writer.Restart();
  writer.Check(writer.View()->size());
}

TEST_F(StandstillTest, TakesTurnsWithGroupsSoThatNeitherWaitsForEver) {
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  auto publisher = std::async(std::launch::async, [&] {
    for (std::uint64_t number = 1; !stop; number += 3)
      if (writer.Send(Marks(number, 3)).ok()) ++sent;
  });
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    const int before = sent;
    ASSERT_TRUE(AtStandstill([&](Standstill& still) -> Status {
                  const TreeSize size = still.View()->size();
                  OPPI_TRY(const auto items, still.Commit({Own(i)}, Row("mark", std::to_string(i))));
                const ItemResult& item = items.at(0);
                  EXPECT_EQ(item.position, LeafIndex(size.value() + 1));  // nothing came between
                  sizes.push_back(size.value());
                  return {};
                }).ok());
    if (i % 10 == 0)
      while (sent == before) std::this_thread::yield();  // the publisher gets its turn
  }
  stop = true;
  publisher.get();
  EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
  writer.Check(writer.View()->size());
}

TEST_F(StandstillTest, WorkFromManyThreadsIsDoneOneAfterTheOther) {
  std::atomic<int> inside = 0;
  std::vector<std::future<Status>> all;
  for (std::uint64_t i = 1; i <= 8; ++i)
    all.push_back(std::async(std::launch::async, [&, i] {
      return AtStandstill([&](Standstill& still) -> Status {
        EXPECT_EQ(++inside, 1);
        OPPI_TRY(const auto items, still.Commit({Own(i)}, Row("of " + std::to_string(i), "1")));
                const ItemResult& item = items.at(0);
        EXPECT_EQ(item.outcome, Outcome::kAccepted);
        --inside;
        return {};
      });
    }));
  for (auto& one : all) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(writer.View()->size(), TreeSize(2 + 3 * 8));
}

TEST_F(StandstillTest, ARefusedEventIsLeftOutAndTheRowsAreWritten) {
  ASSERT_TRUE(writer.Send(Marks(1, 2)).ok());
  writer.rules.verdicts[Own(50).id] = {Outcome::kRejected, events::ErrorCode::kLegalHold};
  const TreeSize before = writer.View()->size();
  ASSERT_TRUE(AtStandstill([&](Standstill& still) -> Status {
                OPPI_TRY(const auto items, still.Commit({Own(50)}, Row("mark", "1")));
                EXPECT_EQ(items.at(0).outcome, Outcome::kRejected);
                EXPECT_EQ(items.at(0).code, events::ErrorCode::kLegalHold);
                return {};
              }).ok());
  EXPECT_EQ(writer.View()->size(), before);
  EXPECT_EQ(Meta("mark"), "1");
  EXPECT_TRUE(writer.parts.vault->FindHandles(Own(50).subject).value().empty());
  // Beside one that is accepted.
  ASSERT_TRUE(AtStandstill([&](Standstill& still) -> Status {
                OPPI_TRY(const auto items, still.Commit({Own(50), Own(51)}, Row("mark", "2")));
                EXPECT_EQ(items.at(0).outcome, Outcome::kRejected);
                EXPECT_EQ(items.at(1).outcome, Outcome::kAccepted);
                return {};
              }).ok());
  EXPECT_EQ(writer.View()->size(), TreeSize(before.value() + 3));
  EXPECT_EQ(Meta("mark"), "2");
  ASSERT_TRUE(writer.Send(Marks(10, 2)).ok());
  writer.Check(writer.View()->size());
}

TEST_F(StandstillTest, TheSameEventAgainWritesItsRowsAndNoSecondEntry) {
  const auto commit = [&](const std::string& value) {
    return AtStandstill([&](Standstill& still) -> Status {
      OPPI_TRY(const auto items, still.Commit({Own(1)}, Row("mark", value)));
                const ItemResult& item = items.at(0);
      EXPECT_EQ(item.outcome, value == "1" ? Outcome::kAccepted : Outcome::kDuplicate);
      return {};
    });
  };
  ASSERT_TRUE(commit("1").ok());
  const TreeSize size = writer.View()->size();
  ASSERT_TRUE(commit("2").ok());
  EXPECT_EQ(writer.View()->size(), size);
  EXPECT_EQ(Meta("mark"), "2");
}

TEST_F(StandstillTest, AFailedWriteStopsTheWriterAndReopeningRecovers) {
  for (const Fault fault : {Fault::kLost, Fault::kDoneButReportedFailed}) {
    const TreeSize before = writer.View()->size();
    writer.parts.log_store.faults().FailNth(1, fault);
    const Event own = Own(fault == Fault::kLost ? 1 : 2);
    const Status failed = AtStandstill([&](Standstill& still) -> Status {
      return StatusOf(still.Commit({own}, Row("mark", own.id)));
    });
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Code::kDataLoss);
    EXPECT_EQ(writer.View()->size(), before);
    EXPECT_EQ(writer.Send(Marks(1, 1)).error().code, Code::kDataLoss);
    EXPECT_EQ(AtStandstill([](Standstill&) { return Status(); }).error().code, Code::kDataLoss);
    writer.Restart();
    const bool done = fault == Fault::kDoneButReportedFailed;
    EXPECT_EQ(writer.View()->size(), TreeSize(before.value() + (done ? 3 : 0)));
    EXPECT_EQ(Meta("mark").has_value(), done);
    writer.Check(writer.View()->size());
  }
}

TEST_F(StandstillTest, StopWriterEndsIntakeAndWhoeverWaits) {
  std::promise<void> began;
  std::promise<void> go;
  auto stopped = std::async(std::launch::async, [&] {
    return AtStandstill([&](Standstill& still) -> Status {
      began.set_value();
      go.get_future().wait();
      still.StopWriter(DataLoss("a write beside the log failed"));
      return DataLoss("a write beside the log failed");
    });
  });
  began.get_future().wait();
  auto waiting = std::async(std::launch::async, [&] { return AtStandstill([](Standstill&) { return Status(); }); });
  auto sent = std::async(std::launch::async, [&] { return writer.Send(Marks(1, 1)); });
  go.set_value();
  EXPECT_EQ(stopped.get().error().code, Code::kDataLoss);
  // What was let in before the stop, and what came after: neither is done.
  EXPECT_EQ(waiting.get().error().code, Code::kDataLoss);
  EXPECT_EQ(sent.get().error().code, Code::kDataLoss);
  EXPECT_EQ(writer.View()->size(), TreeSize(2));
  writer.Restart();
  EXPECT_TRUE(writer.Send(Marks(1, 1)).ok());
}

TEST_F(StandstillTest, AnErrorOfTheWorkIsItsCallersAndStopsNothing) {
  EXPECT_EQ(AtStandstill([](Standstill&) { return Status(NotFound("nothing")); }).error().code, Code::kNotFound);
  EXPECT_TRUE(writer.Send(Marks(1, 1)).ok());
}

}  // namespace
}  // namespace oppi::ledger
