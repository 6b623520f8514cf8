#include <gtest/gtest.h>

#include <thread>

#include "ledger/streams.h"
#include "projections/log_reader.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_ledger.h"

/// The road over a whole ledger in memory, with faults in every store it stands on.

namespace oppi::consumers {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;
using tests::Fault;
using tests::Mark;
using tests::Marks;
using tests::TestLedger;

TEST(WholeLedger, TakesWhatARegisteredPublisherSays) {
  TestLedger ledger;
  const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
  for (std::uint64_t n = 0; n < 5; ++n) {
    const auto report = ledger.Publish(sis, Marks(1 + 30 * n, 30));
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->Count(Outcome::kAccepted), 30U);
    EXPECT_TRUE(Contains(report->size, *report->items.back().position));
  }
  ledger.Check(TreeSize(2 + 4 + 5 * 32));
  ledger.Restart();
  ledger.Check(TreeSize(2 + 4 + 5 * 32));
  const auto again = ledger.Publish(sis, Marks(1, 30));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->Count(Outcome::kDuplicate), 30U);
}

TEST(WholeLedger, RefusesWhoIsNotRegisteredWhoIsSomebodyElseAndWhoMayNotSayThat) {
  TestLedger ledger;
  const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
  const auto stranger = ledger.Publish(tests::KeyNamed("stranger"), {Mark(1)});
  ASSERT_TRUE(stranger.ok());
  EXPECT_EQ(stranger->error, ErrorCode::kKeyUnknown);
  const auto forged = ledger.Publish({"sis", tests::KeyNamed("mallory").key}, {Mark(1)});
  ASSERT_TRUE(forged.ok());
  EXPECT_NE(forged->error, ErrorCode::kNone);
  events::SignedBatch changed = tests::SignEvents({Mark(1)}, sis, ledger.parts.entropy);
  changed.items[0].bytes.back() = ' ';
  const auto tampered = ledger.Ingest(std::move(changed));
  ASSERT_TRUE(tampered.ok());
  EXPECT_EQ(tampered->error, ErrorCode::kBadSignature);
  const auto beyond = ledger.Publish(
      sis, {tests::SampleEvent(EventType::kRegistryCodeSetPublished, tests::Fill::kRequired, 1),
            Mark(1)});
  ASSERT_TRUE(beyond.ok());
  EXPECT_EQ(beyond->items[0].code, ErrorCode::kTypeNotAllowed);
  EXPECT_EQ(beyond->items[1].outcome, Outcome::kAccepted);
  ledger.Check(TreeSize(2 + 4 + 3));
}

TEST(WholeLedger, LetsARevokedKeySayAgainWhatWasAcceptedButNothingNew) {
  TestLedger ledger;
  const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
  ASSERT_TRUE(ledger.Publish(sis, Marks(1, 3)).ok());
  Event revoked = ledger.RegistryEvent(EventType::kRegistryKeyRevoked);
  for (const events::FieldInfo& field : revoked.info().fields)
    if (field.required && field.codes != nullptr)
      revoked.SetText(field.name, std::string(field.codes->codes[0]));
  revoked.SetText("publisher", "sis").SetText("key", KeyIdText(sis.verifier().id));
  const auto said = ledger.Publish(tests::KeyNamed("registrar"), {revoked});
  ASSERT_TRUE(said.ok());
  ASSERT_EQ(said->items[0].outcome, Outcome::kAccepted) << events::ErrorName(said->items[0].code);
  for (const bool after_restart : {false, true}) {
    if (after_restart) ledger.Restart();
    const auto report = ledger.Publish(sis, Marks(1, 4));
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->Count(Outcome::kDuplicate), 3U);
    EXPECT_EQ(report->items[3].code, ErrorCode::kKeyRevoked);
  }
  ledger.Check();
}

TEST(WholeLedger, NotesARefusedConsentInTheStreamOfTheChild) {
  TestLedger ledger;
  const NamedSigningKey portal = ledger.Register("portal", events::Role::kPortal);
  const Event consent = tests::SampleEvent(EventType::kConsentGiven, tests::Fill::kRequired, 3);
  const auto report = ledger.Publish(portal, {consent});
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->items[0].outcome, Outcome::kRejected);
  const auto handles = ledger.parts.vault->FindHandles(consent.subject);
  ASSERT_TRUE(handles.ok() && handles->size() == 1);
  const auto stream =
      ledger::ReadStreamEntries(ledger.parts.log_store, handles->front(), ledger.View()->size());
  ASSERT_TRUE(stream.ok());
  ASSERT_EQ(stream->size(), 1U);
  const auto note =
      projections::LogReader(*ledger.View(), *ledger.parts.vault).Read(stream->front().index);
  ASSERT_TRUE(note.ok() && note->has_value());
  EXPECT_EQ((*note)->event.type, EventType::kLedgerIntakeRefused);
  EXPECT_EQ((*note)->event.text("event"), consent.id);
  EXPECT_EQ((*note)->event.text("code"), events::ErrorName(report->items[0].code));
  EXPECT_EQ((*note)->publisher, "ledger");
  ledger.Check();
}

TEST(WholeLedger, CorrectsAFactThatTheViewsMayNotHaveYet) {
  TestLedger ledger;
  const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
  std::string target = Mark(1).id;
  ASSERT_TRUE(ledger.Publish(sis, {Mark(1, 1)}).ok());
  // Each corrects the one before, at once; the fold runs beside and may be behind.
  for (std::uint64_t n = 2; n < 40; ++n) {
    Event correction = Mark(n, 1);
    correction.corrects = target;
    const auto report = ledger.Publish(sis, {correction});
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report->items[0].outcome, Outcome::kAccepted)
        << n << " " << events::ErrorName(report->items[0].code);
    target = correction.id;
    if (n % 10 == 0) ledger.Restart();
  }
  Event late = Mark(100, 1);
  late.corrects = Mark(5).id;
  const auto report = ledger.Publish(sis, {late});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->items[0].code, ErrorCode::kCorrectsNotLatest);
  ledger.Check();
}

TEST(WholeLedger, FoldsAgainWhatItsViewsLost) {
  TestLedger ledger;
  const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
  ASSERT_TRUE(ledger.Publish(sis, Marks(1, 200)).ok());
  ledger.Check();
  ledger.Close();
  ledger::WriteBatch everything;
  for (const ledger::Table table : {ledger::Table::kViews, ledger::Table::kMeta})
    ASSERT_TRUE(ledger.parts.view_rows
                    .Scan(table, {}, {},
                          [&](ByteView row_key, ByteView) {
                            everything.Delete(table, Bytes(row_key));
                            return true;
                          })
                    .ok());
  ASSERT_TRUE(ledger.parts.view_rows.Apply(everything, ledger::Durability::kSynced).ok());
  ASSERT_TRUE(ledger.Open().ok());
  ledger.Check();
}

TEST(WholeLedger, RefusesViewsThatAreAheadOfTheLog) {
  TestLedger ledger;
  ledger.Close();
  ledger::WriteBatch rows;
  projections::PutCursor(TreeSize(1000), rows);
  ASSERT_TRUE(ledger.parts.view_rows.Apply(rows, ledger::Durability::kSynced).ok());
  const Status opened = ledger.Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kDataLoss);
}

enum class Where { kLog, kViews, kLock };
struct FaultAt {
  const char* name;
  Where where;
  Fault fault;
};
constexpr FaultAt kFaults[] = {
    {"LogLost", Where::kLog, Fault::kLost},
    {"LogDone", Where::kLog, Fault::kDoneButReportedFailed},
    {"LockLost", Where::kLock, Fault::kLost},
    {"LockDone", Where::kLock, Fault::kDoneButReportedFailed},
    {"ViewsLost", Where::kViews, Fault::kLost},
    {"ViewsDone", Where::kViews, Fault::kDoneButReportedFailed},
};

class WholeLedgerFaults : public testing::TestWithParam<FaultAt> {};

TEST_P(WholeLedgerFaults, NeverLoseOrDoubleWhatWasAcknowledged) {
  for (std::uint64_t nth = 1; nth <= 4; ++nth) {
    TestLedger ledger({.seed = nth});
    const NamedSigningKey sis = ledger.Register("sis", events::Role::kProvider);
    ASSERT_TRUE(ledger.runner().WaitFor(ledger.View()->size()).ok());
    tests::FaultPlan& plan = GetParam().where == Where::kLog     ? ledger.parts.log_store.faults()
                             : GetParam().where == Where::kViews ? ledger.parts.view_store.faults()
                                                                 : ledger.parts.lock.faults();
    plan.FailNth(nth, GetParam().fault);
    for (std::uint64_t n = 0; n < 6; ++n) {
      const auto report = ledger.Publish(sis, Marks(1 + 10 * n, 10));
      if (!report.ok()) {
        EXPECT_EQ(report.error().code, Code::kDataLoss);
      }
      // The views are not the truth: when they fail, the log goes on and readers are told.
      if (GetParam().where == Where::kViews) {
        EXPECT_TRUE(report.ok());
        const Status waited = ledger.runner().WaitFor(ledger.View()->size());
        if (!waited.ok()) {
          EXPECT_EQ(waited.error().code, Code::kDataLoss);
        }
      }
    }
    EXPECT_EQ(plan.failures(), 1U);
    ledger.Restart();
    ledger.Check();
    for (std::uint64_t n = 0; n < 6; ++n) {
      const auto again = ledger.Publish(sis, Marks(1 + 10 * n, 10));
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(again->Count(Outcome::kAccepted) + again->Count(Outcome::kDuplicate), 10U);
    }
    ledger.Check(TreeSize(2 + 4 + 6 * 12));
  }
}

INSTANTIATE_TEST_SUITE_P(Table, WholeLedgerFaults, testing::ValuesIn(kFaults),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(WholeLedger, HoldsTheWriterBackWhileTheViewsAreBehindAndStillAnswersAll) {
  TestLedger ledger({.group_events_max = 20, .waiting_events_max = 10});
  const NamedSigningKey one = ledger.Register("one", events::Role::kProvider);
  const NamedSigningKey two = ledger.Register("two", events::Role::kProvider);
  const auto publish = [&ledger](const NamedSigningKey& key, std::uint64_t first) {
    for (std::uint64_t n = 0; n < 10; ++n) {
      const auto report =
          ledger.Ingest(tests::SignEvents(Marks(first + 20 * n, 20), key, ledger.parts.entropy));
      ASSERT_TRUE(report.ok());
      EXPECT_EQ(report->Count(Outcome::kAccepted), 20U);
    }
  };
  std::thread other([&] { publish(two, 10'000); });
  publish(one, 1);
  other.join();
  ledger.Check(TreeSize(2 + 8 + 20 * 22));
}

}  // namespace
}  // namespace oppi::consumers
