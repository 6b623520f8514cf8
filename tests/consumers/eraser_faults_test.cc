#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "events/ids.h"
#include "ledger/fsck.h"
#include "projections/eraser.h"
#include "projections/log_reader.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_ledger.h"

/// An erasure run in which each write fails, one after the other, in every store it stands on: lost, or done
/// and reported as failed. After reopening each learner is either as before or wholly erased, the views are
/// what a rebuild gives, and a second run completes.

namespace oppi::consumers {
namespace {

namespace fs = std::filesystem;
using events::Event;
using events::EventType;
using projections::Eraser;
using projections::ErasureRunReport;
using tests::Fault;
using tests::FaultPlan;
using tests::PersonId;
using tests::TestLedger;

constexpr std::uint64_t kPersons = 6;
/// Erased; 2 shares an event with 3, who stays, and 4 shares one with 5, who goes as well.
constexpr std::uint64_t kErased[] = {1, 2, 4, 5};

class ErasingLedger {
 public:
  ErasingLedger() {
    const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
    const NamedSigningKey anna = ledger.Register("anna", events::Role::kDpo);
    const NamedSigningKey bertta = ledger.Register("bertta", events::Role::kDpo);
    for (std::uint64_t person = 1; person <= kPersons; ++person) {
      for (std::uint64_t n = 0; n < 3; ++n) Publish(sis, Of(EventType::kAttendanceMarked, person, person * 10 + n), {person});
      Publish(sis, Of(EventType::kGradeVerbalAssessed, person, person * 10 + 3), {person});
      // What is in force stays, under the class key's successor.
      Publish(sis, Of(EventType::kIdentityLearnerRegistered, person, person * 10 + 4), {});
    }
    for (const std::uint64_t person : {std::uint64_t{2}, std::uint64_t{4}}) {
      Event shared = Of(EventType::kGuardianshipEstablished, person, person * 10 + 5);
      shared.other_subjects = {PersonId(person + 1)};
      shared.valid_from = Instant{shared.time.micros - 2 * kMicrosPerDay};
      shared.valid_to = Instant{shared.time.micros - kMicrosPerDay};
      Publish(sis, shared, {person, person + 1});
    }
    for (const std::uint64_t person : kErased) {
      Event request = Of(EventType::kErasureRequested, person, person);
      request.SetList("classes", {"S2", "S3"});
      request.at("types") = {};
      if (person == 5) request.SetNumber("whole_subject", 1);
      Event decision = Of(EventType::kErasureDecided, person, person);
      decision.SetText("request", request.id).SetText("outcome", "ACCEPTED");
      Publish(anna, request, {});
      Publish(bertta, decision, {});
      requests_[request.id] = person;
    }
    ledger.parts.clock.Set(Instant{ledger.parts.clock.Now().micros + 3600 * kMicrosPerSecond});
    OPPI_CHECK(OpenEraser().ok());
  }

  [[nodiscard]] std::string directory() const { return ledger.parts.folder.path() + "/erasures"; }
  [[nodiscard]] Status OpenEraser() {
    eraser_.reset();
    OPPI_TRY(ledger::ErasureList list, ledger::ErasureList::Open(directory(), ledger.parts.vault->ListKey()));
    eraser_ = std::make_unique<Eraser>(
        Eraser::Ports{ledger.sequencer(), ledger.runner(), *ledger.parts.vault, ledger.parts.log_store, ledger.parts.view_store,
                      ledger.parts.clock, ledger.parts.entropy, "urn:oid:" + events::OrganisationOid(1) + "/ledger",
                      [this](std::vector<Event> own) -> Status {
                        OPPI_TRY(const auto report, ledger.Publish(ledger.parts.ledger_key, own));
                        return report.Count(events::Outcome::kAccepted) == own.size() ? Status() : Status(InvalidArgument("refused"));
                      },
                      {},
                       {}},
        std::move(list));
    return eraser_->CatchUp();
  }
  [[nodiscard]] Status Reopen() {
    eraser_.reset();
    ledger.Close();
    OPPI_RETURN_IF_ERROR(ledger.Open());
    return OpenEraser();
  }
  [[nodiscard]] Result<ErasureRunReport> Run() { return eraser_->Run(0); }
  void Close() { eraser_.reset(); }

  /// The views are what the log gives, nothing is damaged, and no learner is erased by half. How many are.
  std::size_t CheckConsistent() {
    const auto view = ledger.View();
    for (const std::string& problem : tests::ProblemsOf(ledger.parts, *view)) ADD_FAILURE() << problem;
    EXPECT_TRUE(ledger.runner().WaitFor(view->size()).ok());
    const auto rebuilt = projections::Rebuild(*view, ledger.stores(), {}, nullptr);
    EXPECT_TRUE(rebuilt.ok()) << rebuilt.error().message;
    EXPECT_TRUE(rebuilt.ok() && rebuilt->identical()) << rebuilt->first;

    std::map<std::uint64_t, int> executed;
    std::set<std::uint64_t> erased;
    projections::LogReader reader(*view, *ledger.parts.vault);
    EXPECT_TRUE(reader.Scan(LeafIndex(0), view->size(), [&](ledger::CommittedEvent event) {
                        EXPECT_FALSE(event.unreadable) << event.position.value();
                        if (event.erased) erased.insert(event.position.value());
                        if (!event.erased && event.event.type == EventType::kErasureExecuted)
                          ++executed[requests_.at(std::string(event.event.text("request")))];
                        return true;
                      }).ok());
    for (const auto& [person, times] : executed) EXPECT_EQ(times, 1) << "executions for person " << person;
    std::set<std::uint64_t> expected;
    for (const auto& [position, owners] : covered_) {
      const auto gone = [&](std::uint64_t owner) { return executed.count(owner) > 0; };
      if (std::all_of(owners.begin(), owners.end(), gone)) expected.insert(position);
    }
    EXPECT_EQ(erased, expected);
    for (std::uint64_t person = 1; person <= kPersons; ++person) {
      const auto facts = projections::ReadPerson(ledger.stores(), PersonId(person), view->size());
      EXPECT_TRUE(facts.ok()) << facts.error().message;
      if (!facts.ok()) continue;
      for (const projections::Fact& fact : *facts) {
        const auto covered = covered_.find(fact.position.value());
        if (covered == covered_.end()) continue;
        EXPECT_EQ(fact.erased, executed.count(person) > 0) << "of person " << person;
        EXPECT_FALSE(fact.unreadable);
      }
    }
    return executed.size();
  }

  void CheckComplete() {
    EXPECT_EQ(CheckConsistent(), std::size(kErased));
    EXPECT_FALSE(ledger.parts.vault->owes_generation());
    EXPECT_EQ(ledger::GenerationsIn(ledger.parts.folder.path()), std::vector<std::uint32_t>{ledger.parts.vault->generation()});
    const auto facts = projections::ReadIndexed(ledger.parts.view_store, *ledger.parts.vault, projections::Projection::kErasures, {},
                                                ledger.View()->size());
    ASSERT_TRUE(facts.ok());
    std::map<std::string, int> verified;
    for (const projections::Fact& fact : *facts)
      if (fact.event.type == EventType::kErasureVerified) ++verified[std::string(fact.event.text("execution"))];
    EXPECT_EQ(verified.size(), std::size(kErased));
    for (const auto& [execution, times] : verified) EXPECT_EQ(times, 1) << execution;
  }

  TestLedger ledger;

 private:
  static Event Of(EventType type, std::uint64_t person, std::uint64_t number) {
    Event event = tests::SampleEvent(type, tests::Fill::kRequired, number);
    event.subject = PersonId(person);
    return event;
  }
  /// `owners`: who must be erased before the event is gone; empty: it stays.
  void Publish(const NamedSigningKey& key, const Event& event, const std::vector<std::uint64_t>& owners) {
    const auto report = ledger.Ingest(tests::SignEvents({event}, key, ledger.parts.entropy));
    OPPI_CHECK(report.ok() && report->items.size() == 1);
    EXPECT_EQ(report->items[0].outcome, events::Outcome::kAccepted)
        << event.info().name << " " << events::ErrorName(report->items[0].code) << " " << report->items[0].member;
    if (!owners.empty()) covered_[report->items[0].position->value()] = owners;
  }

  std::map<std::string, std::uint64_t> requests_;                   // id -> person
  std::map<std::uint64_t, std::vector<std::uint64_t>> covered_;  // position -> owners
  std::unique_ptr<Eraser> eraser_;
};

enum class Where { kVault, kLog, kViews, kLock };

FaultPlan& PlanOf(TestLedger& ledger, Where where) {
  switch (where) {
    case Where::kVault: return ledger.parts.vault_store.faults();
    case Where::kLog: return ledger.parts.log_store.faults();
    case Where::kViews: return ledger.parts.view_store.faults();
    case Where::kLock: break;
  }
  return ledger.parts.lock.faults();
}

class EraserFaults : public testing::TestWithParam<std::tuple<Where, Fault>> {};

TEST_P(EraserFaults, EachWriteOfARunMayFail) {
  const auto [where, fault] = GetParam();
  std::set<std::size_t> seen;  // how many learners were erased when it was opened again
  std::uint64_t nth = 1;
  for (;; ++nth) {
    SCOPED_TRACE("write " + std::to_string(nth));
    ErasingLedger erasing;
    ASSERT_EQ(erasing.CheckConsistent(), 0U);
    FaultPlan& plan = PlanOf(erasing.ledger, where);
    plan.FailNth(nth, fault);
    const auto first = erasing.Run();
    if (plan.failures() == 0) {
      EXPECT_TRUE(first.ok()) << first.error().message;
      break;  // the run has fewer writes than that
    }
    const Status reopened = erasing.Reopen();
    ASSERT_TRUE(reopened.ok()) << reopened.error().message;
    seen.insert(erasing.CheckConsistent());
    const auto second = erasing.Run();
    ASSERT_TRUE(second.ok()) << second.error().message;
    erasing.CheckComplete();
    if (HasFailure()) return;
  }
  EXPECT_GT(nth, 3U);  // several writes were tried in each store
  EXPECT_GT(seen.size(), where == Where::kViews ? 0U : 1U);
}

std::string NameOf(const testing::TestParamInfo<std::tuple<Where, Fault>>& row) {
  constexpr const char* kNames[] = {"Vault", "Log", "Views", "Lock"};
  return std::string(kNames[static_cast<int>(std::get<0>(row.param))]) +
         (std::get<1>(row.param) == Fault::kLost ? "Lost" : "DoneButReportedFailed");
}

INSTANTIATE_TEST_SUITE_P(Each, EraserFaults,
                         testing::Combine(testing::Values(Where::kVault, Where::kLog, Where::kViews, Where::kLock),
                                          testing::Values(Fault::kLost, Fault::kDoneButReportedFailed)),
                         NameOf);

/// Writes that fail while what a first fault left is being settled.
TEST_P(EraserFaults, AndWhileItIsCaughtUpWith) {
  const auto [where, fault] = GetParam();
  std::uint64_t nth = 1;
  for (;; ++nth) {
    SCOPED_TRACE("write " + std::to_string(nth));
    ErasingLedger erasing;
    erasing.ledger.parts.vault_store.faults().FailNth(3, Fault::kDoneButReportedFailed);
    ASSERT_FALSE(erasing.Run().ok());
    FaultPlan& plan = PlanOf(erasing.ledger, where);
    const std::uint64_t failures = plan.failures();
    plan.FailNth(nth, fault);
    const Status once = erasing.Reopen();
    if (plan.failures() == failures) {
      EXPECT_TRUE(once.ok()) << once.error().message;
      break;
    }
    const Status reopened = erasing.Reopen();
    ASSERT_TRUE(reopened.ok()) << reopened.error().message;
    erasing.CheckConsistent();
    const auto second = erasing.Run();
    ASSERT_TRUE(second.ok()) << second.error().message;
    erasing.CheckComplete();
    if (HasFailure()) return;
  }
}

TEST(EraserFaults, AListThatCannotBeWrittenStopsBeforeAnythingIsDestroyed) {
  ErasingLedger erasing;
  fs::create_directories(erasing.directory() + "/00000004-00000004.erasure/in the way");
  const auto first = erasing.Run();
  ASSERT_FALSE(first.ok());
  fs::remove_all(erasing.directory() + "/00000004-00000004.erasure");
  ASSERT_TRUE(erasing.Reopen().ok());
  // 5 shares an event with 4 and went by itself.
  EXPECT_EQ(erasing.CheckConsistent(), 3U);
  ASSERT_TRUE(erasing.Run().ok());
  erasing.CheckComplete();
}

TEST(EraserFaults, AStoreThatKnowsOfMoreErasuresThanTheListIsNotServed) {
  ErasingLedger erasing;
  ASSERT_TRUE(erasing.Run().ok());
  erasing.CheckComplete();
  fs::remove(erasing.directory() + "/00000004-00000004.erasure");
  const Status reopened = erasing.Reopen();
  ASSERT_FALSE(reopened.ok());
  EXPECT_EQ(reopened.error().code, Code::kDataLoss);
}

TEST(EraserFaults, LostViewsAreMadeAgainAsErasedAsTheyWere) {
  ErasingLedger erasing;
  ASSERT_TRUE(erasing.Run().ok());
  erasing.Close();
  erasing.ledger.Close();
  ledger::WriteBatch none;
  for (const ledger::Table table : {ledger::Table::kViews, ledger::Table::kMeta})
    ASSERT_TRUE(erasing.ledger.parts.view_rows.Scan(table, {}, {}, [&](ByteView key, ByteView) {
                  none.Delete(table, key);
                  return true;
                }).ok());
  ASSERT_TRUE(erasing.ledger.parts.view_rows.Apply(none, ledger::Durability::kSynced).ok());
  ASSERT_TRUE(erasing.ledger.Open().ok());
  ASSERT_TRUE(erasing.OpenEraser().ok());
  erasing.CheckComplete();
  ASSERT_TRUE(erasing.Run().ok());
  erasing.CheckComplete();
}

}  // namespace
}  // namespace oppi::consumers
