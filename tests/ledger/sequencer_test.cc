#include "ledger/sequencer.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "events/ids.h"
#include "ledger/bodies.h"
#include "ledger/streams.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_writer.h"

namespace oppi::ledger {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;
using tests::Mark;
using tests::Marks;
using tests::TestWriter;

/// Genesis, then one entry for each batch, each event and each state: one of the empty log, and one
/// for each commit.
TreeSize SizeOf(std::uint64_t batches, std::uint64_t events, std::uint64_t commits) {
  return TreeSize(2 + batches + events + commits);
}
/// Each batch was a commit of its own.
TreeSize SizeOf(std::uint64_t batches, std::uint64_t events) {
  return SizeOf(batches, events, batches);
}

/// However many commits it was.
void CheckEntries(TestWriter& writer, std::uint64_t batches, std::uint64_t events) {
  std::uint64_t states = 0;
  const auto view = writer.View();
  for (std::uint64_t i = 0; i < view->size().value(); ++i)
    states += std::holds_alternative<StateLeaf>(view->ReadLeaf(LeafIndex(i)).value().body) ? 1 : 0;
  writer.Check(SizeOf(batches, events, states - 1));
}

std::vector<Outcome> OutcomesOf(const BatchResult& result) {
  std::vector<Outcome> outcomes;
  for (const ItemResult& item : result.items) outcomes.push_back(item.outcome);
  return outcomes;
}

TEST(Sequencer, GivesEachEventItsPlaceBehindItsBatch) {
  TestWriter writer;
  const auto result = writer.Send(Marks(1, 3));
  ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_EQ(result->items.size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(result->items[i].outcome, Outcome::kAccepted);
    EXPECT_EQ(result->items[i].position, LeafIndex(3 + i));
    EXPECT_EQ(writer.EventAt(LeafIndex(3 + i)), Mark(1 + i, i + 1));
  }
  EXPECT_EQ(result->view->size(), SizeOf(1, 3));
  writer.Check(SizeOf(1, 3));
}

TEST(Sequencer, PublishesWhatItAnswers) {
  TestWriter writer;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    const auto result = writer.Send({Mark(n)});
    ASSERT_TRUE(result.ok());
    const LeafIndex position = *result->items[0].position;
    EXPECT_TRUE(Contains(result->view->size(), position));
    EXPECT_TRUE(Contains(writer.View()->size(), position));
    EXPECT_TRUE(result->view->Receipt(position).ok());
  }
  writer.Check(SizeOf(5, 5));
}

TEST(Sequencer, GoesOnWhereItStoppedAfterARestart) {
  TestWriter writer;
  for (std::uint64_t n = 0; n < 20; ++n) {
    ASSERT_TRUE(writer.Send(Marks(1 + 40 * n, 40)).ok());
    if (n % 3 == 0) writer.Restart();
  }
  writer.Check(SizeOf(20, 800));
  EXPECT_EQ(writer.StreamOf(tests::PersonId(1)).size(), 20U * 6);
}

TEST(Sequencer, AnswersTheSameBytesWithTheirOldPosition) {
  TestWriter writer;
  const auto first = writer.Send(Marks(1, 4));
  writer.Restart();
  const auto again = writer.Send(Marks(1, 4));
  ASSERT_TRUE(first.ok() && again.ok());
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(again->items[i].outcome, Outcome::kDuplicate);
    EXPECT_EQ(again->items[i].position, first->items[i].position);
    EXPECT_EQ(again->items[i].recorded, first->items[i].recorded);
  }
  writer.Check(SizeOf(1, 4));
}

TEST(Sequencer, SeesADuplicateInsideOneBatch) {
  TestWriter writer;
  const auto result = writer.Send({Mark(1), Mark(2), Mark(1)});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(OutcomesOf(*result),
            (std::vector{Outcome::kAccepted, Outcome::kAccepted, Outcome::kDuplicate}));
  EXPECT_EQ(result->items[2].position, result->items[0].position);
  writer.Check(SizeOf(1, 2));
}

TEST(Sequencer, RefusesOtherBytesUnderAnOldIdAndSaysSoInTheStreamOfThePersonTheyName) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send({Mark(1, 1)}).ok());
  const auto result = writer.Send({Mark(1, 2), Mark(3, 3)});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->items[0].outcome, Outcome::kRejected);
  EXPECT_EQ(result->items[0].code, ErrorCode::kIdConflict);
  EXPECT_EQ(result->items[0].position, LeafIndex(3));
  EXPECT_EQ(result->items[1].outcome, Outcome::kAccepted);
  // The note comes behind the batch, in a batch of the ledger's own.
  const auto stream = writer.StreamOf(tests::PersonId(2));
  ASSERT_EQ(stream.size(), 1U);
  const Event note = writer.EventAt(stream[0].index);
  EXPECT_EQ(note.type, EventType::kLedgerIngestConflict);
  EXPECT_EQ(note.text("event"), Mark(1).id);
  EXPECT_EQ(note.text("source"), Mark(1).source);
  EXPECT_EQ(note.text("code"), "ID_CONFLICT");
  EXPECT_EQ(writer.StreamOf(tests::PersonId(1)).size(), 1U);
  writer.Check(SizeOf(3, 3, 2));
}

TEST(Sequencer, SeesAConflictInsideOneBatch) {
  TestWriter writer;
  const auto result = writer.Send({Mark(1, 1), Mark(1, 2)});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->items[1].code, ErrorCode::kIdConflict);
  EXPECT_EQ(result->items[1].position, result->items[0].position);
  writer.Check(SizeOf(2, 2, 1));
}

TEST(Sequencer, AnswersAConflictEvenWhenTheNewBytesAreNoEvent) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send({Mark(1)}).ok());
  Bytes json = events::EncodeJson(Mark(1));
  const std::size_t at = json.find("\"lesson\"");
  ASSERT_NE(at, Bytes::npos);
  json.replace(at, 8, "\"lessen\"");
  const auto result = writer.Send(tests::SignBytes({json}, writer.key, writer.parts.entropy));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->items[0].code, ErrorCode::kIdConflict);
  writer.Check(SizeOf(2, 2));
}

TEST(Sequencer, TakesTheSameIdFromTwoSources) {
  TestWriter writer;
  Event other = Mark(1);
  other.source = "urn:oid:" + events::OrganisationOid(8) + "/sample-system";
  const auto result = writer.Send({Mark(1), other});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(OutcomesOf(*result), (std::vector{Outcome::kAccepted, Outcome::kAccepted}));
  writer.Check(SizeOf(1, 2));
}

TEST(Sequencer, LosesNothingElseOfABatchWithBadItems) {
  TestWriter writer;
  Event foreign = Mark(3);
  foreign.source = "urn:oid:" + events::OrganisationOid(9) + "/sample-system";
  writer.rules.foreign_sources = {foreign.source};
  writer.rules.forbidden = {EventType::kGradeCourseAssessed};
  const Event grade =
      tests::SampleEvent(EventType::kGradeCourseAssessed, tests::Fill::kRequired, 5);
  writer.rules.verdicts[Mark(6).id] = {Outcome::kRejected, ErrorCode::kTimeInFuture};
  writer.rules.verdicts[Mark(7).id] = {Outcome::kQuarantined, ErrorCode::kLate};
  Bytes missing = events::EncodeJson(Mark(4));
  missing.replace(missing.find("\"lesson\""), 8, "\"lessen\"");

  std::vector<Bytes> bytes = {events::EncodeJson(Mark(1)), "{\"id\":",
                              events::EncodeJson(foreign), missing,
                              events::EncodeJson(grade),   events::EncodeJson(Mark(6)),
                              events::EncodeJson(Mark(7)), events::EncodeJson(Mark(8))};
  const auto result = writer.Send(tests::SignBytes(bytes, writer.key, writer.parts.entropy));
  ASSERT_TRUE(result.ok());
  std::vector<ErrorCode> codes;
  for (const ItemResult& item : result->items) codes.push_back(item.code);
  EXPECT_EQ(codes[0], ErrorCode::kNone);
  EXPECT_EQ(codes[1], ErrorCode::kMalformed);
  EXPECT_EQ(codes[2], ErrorCode::kSourceNotYours);
  EXPECT_TRUE(codes[3] == ErrorCode::kFieldMissing || codes[3] == ErrorCode::kUnknownField);
  EXPECT_EQ(codes[4], ErrorCode::kTypeNotAllowed);
  EXPECT_EQ(codes[5], ErrorCode::kTimeInFuture);
  EXPECT_EQ(codes[6], ErrorCode::kLate);
  EXPECT_EQ(codes[7], ErrorCode::kNone);
  EXPECT_EQ(result->items[6].outcome, Outcome::kQuarantined);
  // Fsck computes the batch's signed root again: the commitments of refused items are kept.
  writer.Check(SizeOf(1, 3));
}

TEST(Sequencer, NotesARefusedConsentInTheStreamOfTheSubject) {
  TestWriter writer;
  const Event consent = tests::SampleEvent(EventType::kConsentRefused, tests::Fill::kRequired, 9);
  const Event barred = tests::SampleEvent(EventType::kRestrictionSet, tests::Fill::kRequired, 9);
  writer.rules.verdicts[consent.id] = {Outcome::kRejected, ErrorCode::kNotHolder};
  writer.rules.forbidden = {EventType::kRestrictionSet};
  const auto result = writer.Send({consent, barred});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->items[0].code, ErrorCode::kNotHolder);
  EXPECT_EQ(result->items[1].code, ErrorCode::kTypeNotAllowed);
  const auto stream = writer.StreamOf(consent.subject);
  ASSERT_EQ(stream.size(), 2U);
  const Event first = writer.EventAt(stream[0].index);
  EXPECT_EQ(first.type, EventType::kLedgerIntakeRefused);
  EXPECT_EQ(first.text("event"), consent.id);
  EXPECT_EQ(first.text("code"), "NOT_HOLDER");
  EXPECT_EQ(writer.EventAt(stream[1].index).text("code"), "TYPE_NOT_ALLOWED");
  writer.Check(SizeOf(1, 2));
}

TEST(Sequencer, LeavesNoTraceOfARefusedAttendanceMark) {
  TestWriter writer;
  writer.rules.verdicts[Mark(1).id] = {Outcome::kRejected, ErrorCode::kTargetUnknown};
  const auto result = writer.Send({Mark(1)});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->view->size(), SizeOf(0, 0));
  writer.Check(SizeOf(0, 0));
}

TEST(Sequencer, RecordsStrictlyLaterThoughTheClockJumpsBack) {
  TestWriter writer;
  const Instant start = writer.parts.clock.Now();
  std::vector<Instant> recorded;
  const std::int64_t offsets[] = {0, 5, 5, -3'600'000'000, -1, 7, -kMicrosPerDay * 400, 1'000'000};
  std::uint64_t number = 0;
  for (const std::int64_t offset : offsets) {
    writer.parts.clock.Set(start + offset);
    const auto result = writer.Send({Mark(++number), Mark(++number)});
    ASSERT_TRUE(result.ok());
    for (const ItemResult& item : result->items) recorded.push_back(*item.recorded);
    if (number % 6 == 0) writer.Restart();
  }
  for (std::size_t i = 1; i < recorded.size(); ++i) EXPECT_LT(recorded[i - 1], recorded[i]);
  EXPECT_EQ(recorded.back(), start + 1'000'002);
  writer.Check(SizeOf(8, 16));  // and the batches' own entries stand in line too
}

TEST(Sequencer, RefusesABatchWithAnAnchorThatIsNoCheckpointOfThisLog) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 5)).ok());
  Checkpoint seen = writer.View()->checkpoint();
  ASSERT_TRUE(writer.Send(Marks(6, 5)).ok());

  const auto send = [&](const Checkpoint& anchor, std::uint64_t number) {
    return writer.Send(
        tests::SignEvents({Mark(number)}, writer.key, writer.parts.entropy, &anchor));
  };
  const auto good = send(seen, 20);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->items.at(0).outcome, Outcome::kAccepted);

  Checkpoint other = seen;
  other.root.bytes[0] ^= 1;
  Checkpoint future = seen;
  future.size = TreeSize(1'000'000);
  Checkpoint moved = seen;
  moved.size = TreeSize(seen.size.value() - 1);
  for (const Checkpoint& anchor : {other, future, moved}) {
    const auto bad = send(anchor, 21);
    ASSERT_TRUE(bad.ok());
    EXPECT_EQ(bad->error, ErrorCode::kBadSignature);
    EXPECT_TRUE(bad->items.empty());
  }
  writer.Check(SizeOf(3, 11));
}

TEST(Sequencer, RefusesAnEventWhoseAnchorItDoesNotKnowAndDatesOneThatItKnows) {
  TestWriter writer;
  const auto first = writer.Send(Marks(1, 3));
  ASSERT_TRUE(first.ok());
  writer.parts.clock.Set(writer.parts.clock.Now() + kMicrosPerDay);
  Event known = Mark(10);
  known.anchor =
      events::Anchor{first->view->size().value(), ToHex(first->view->checkpoint().root.view())};
  Event unknown = Mark(11);
  unknown.anchor = known.anchor;
  unknown.anchor->size -= 1;
  const auto result = writer.Send({known, unknown});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(OutcomesOf(*result), (std::vector{Outcome::kAccepted, Outcome::kRejected}));
  EXPECT_EQ(result->items[1].code, ErrorCode::kEnvelopeInvalid);
  EXPECT_EQ(result->items[1].member, "anchorroot");
  EXPECT_EQ(writer.rules.sequenced.back()->anchored, first->view->ReadLeaf(LeafIndex(first->view->size().value() - 1))->recorded);
  writer.Check(SizeOf(2, 4));
}

TEST(Sequencer, RefusesAnEventWhoseStreamHasMoved) {
  TestWriter writer;
  const auto expecting = [](std::uint64_t number, std::int64_t count) {
    Event event = Mark(number, 1);
    event.expected_count = count;
    return event;
  };
  const auto result = writer.Send(
      {expecting(1, 1), expecting(2, 0), expecting(3, 0), expecting(4, 1), expecting(5, 1)});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(OutcomesOf(*result),
            (std::vector{Outcome::kRejected, Outcome::kAccepted, Outcome::kRejected,
                         Outcome::kAccepted, Outcome::kRejected}));
  EXPECT_EQ(result->items[0].code, ErrorCode::kStreamMoved);
  EXPECT_EQ(result->items[0].member, "expectedcount");
  writer.Restart();
  const auto after = writer.Send({expecting(6, 2)});
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->items[0].outcome, Outcome::kAccepted);
  writer.Check(SizeOf(2, 3));
}

TEST(Sequencer, KeepsPublicEventsInClearAndEverythingElseSealed) {
  TestWriter writer;
  const Event open =
      tests::SampleEvent(EventType::kTeachingGroupDefined, tests::Fill::kRequired, 1);
  ASSERT_TRUE(writer.Send({open, Mark(2)}).ok());
  const auto open_leaf = writer.View()->ReadLeaf(LeafIndex(3));
  const auto sealed_leaf = writer.View()->ReadLeaf(LeafIndex(4));
  ASSERT_TRUE(open_leaf.ok() && sealed_leaf.ok());
  const auto& clear = std::get<EventLeaf>(open_leaf->body).clear;
  ASSERT_TRUE(clear);
  EXPECT_EQ(clear->bytes, events::EncodeJson(open));
  EXPECT_FALSE(std::get<EventLeaf>(sealed_leaf->body).clear);
  // Nothing of the person or the event stands anywhere in the store.
  for (std::size_t table = 0; table < kTables; ++table) {
    const Status scanned = writer.parts.log_rows.Scan(
        static_cast<Table>(table), {}, {}, [&](ByteView row_key, ByteView value) {
          for (const std::string& secret : {Mark(2).subject, Mark(2).id}) {
            EXPECT_EQ(row_key.find(secret), ByteView::npos) << "table " << table;
            EXPECT_EQ(value.find(secret), ByteView::npos) << "table " << table;
          }
          return true;
        });
    ASSERT_TRUE(scanned.ok());
  }
  writer.Check(SizeOf(1, 2));
}

TEST(Sequencer, EntersAnEventIntoTheStreamOfEverySubject) {
  TestWriter writer;
  Event event =
      tests::SampleEvent(EventType::kAttendanceRegisterTaken, tests::Fill::kEverything, 4);
  event.corrects.clear();
  event.anchor.reset();
  event.expected_count.reset();
  const std::size_t subjects = event.Subjects().size();
  const auto result = writer.Send({event});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->items[0].outcome, Outcome::kAccepted)
      << events::ErrorName(result->items[0].code);
  for (const std::string_view subject : event.Subjects())
    EXPECT_EQ(writer.StreamOf(subject).size(), 1U);
  const auto leaf = writer.View()->ReadLeaf(LeafIndex(3));
  ASSERT_TRUE(leaf.ok());
  EXPECT_EQ(std::get<EventLeaf>(leaf->body).subjects, subjects);
  writer.Check(SizeOf(1, 1));
}

TEST(Sequencer, KeepsADocumentOnlyIfAnEventThatGotInRefersToIt) {
  TestWriter writer;
  const Bytes wanted = "the document that was meant";
  Event event = Mark(1);
  event.correlation = HashOf(wanted).hex();
  events::SignedBatch batch = writer.Sign({event});
  batch.attachments = {{event.subject, "text/plain", wanted},
                       {event.subject, "text/plain", "what nobody asked for"},
                       {tests::PersonId(77), "text/plain", wanted}};
  const auto result = writer.Send(std::move(batch));
  ASSERT_TRUE(result.ok());
  std::vector<Bytes> kept;
  ASSERT_TRUE(writer.parts.log_rows
                  .Scan(Table::kDocuments, {}, {},
                        [&](ByteView row_key, ByteView) {
                          kept.emplace_back(row_key);
                          return true;
                        })
                  .ok());
  ASSERT_EQ(kept.size(), 1U);
  const auto handles = writer.parts.vault->FindHandles(event.subject);
  ASSERT_TRUE(handles.ok() && handles->size() == 1);
  EXPECT_EQ(kept[0], DocumentKey(*writer.parts.vault, handles->front(), HashOf(wanted)));
  writer.Check(SizeOf(1, 1));
}

/// Holds the writer thread at the first event it looks at until told to go on.
class Turnstile {
 public:
  void HoldIn(tests::SetRules& rules) {
    rules.on = [this](const CommittedEvent&) {
      if (!held_) {
        held_ = true;
        reached_.set_value();
        go_.get_future().wait();
      }
      return Status();
    };
  }
  void WaitUntilHeld() { reached_.get_future().wait(); }
  void Open() { go_.set_value(); }

 private:
  bool held_ = false;  // writer thread only
  std::promise<void> reached_;
  std::promise<void> go_;
};

TEST(Sequencer, SeesDuplicatesAndConflictsAcrossBatchesOfOneCommit) {
  TestWriter writer;
  Turnstile turnstile;
  turnstile.HoldIn(writer.rules);
  std::vector<std::promise<BatchResult>> answers(4);
  const auto submit = [&](std::size_t n, const std::vector<Event>& events) {
    return writer.sequencer().Submit(
        writer.Prepare(writer.Sign(events)), [&answers, n](Result<BatchResult> result) {
          answers[n].set_value(result.ok() ? *std::move(result) : BatchResult());
        });
  };
  ASSERT_TRUE(submit(0, {Mark(100)}).ok());
  turnstile.WaitUntilHeld();
  ASSERT_TRUE(submit(1, {Mark(1, 1)}).ok());
  ASSERT_TRUE(submit(2, {Mark(1, 1), Mark(2, 2)}).ok());
  ASSERT_TRUE(submit(3, {Mark(1, 5), Mark(2, 2)}).ok());
  turnstile.Open();
  std::vector<BatchResult> results;
  for (auto& answer : answers) results.push_back(answer.get_future().get());
  ASSERT_NE(results[3].view, nullptr);
  EXPECT_EQ(results[1].view, results[3].view);  // one commit
  EXPECT_EQ(OutcomesOf(results[1]), std::vector{Outcome::kAccepted});
  EXPECT_EQ(OutcomesOf(results[2]), (std::vector{Outcome::kDuplicate, Outcome::kAccepted}));
  EXPECT_EQ(OutcomesOf(results[3]), (std::vector{Outcome::kRejected, Outcome::kDuplicate}));
  EXPECT_EQ(results[3].items[0].code, ErrorCode::kIdConflict);
  EXPECT_EQ(results[3].items[0].position, results[1].items[0].position);
  EXPECT_EQ(results[3].items[1].position, results[2].items[1].position);
  CheckEntries(writer, 4, 4);
}

TEST(Sequencer, RefusesWorkWhenTheQueueIsFullAndTakesItWhenThereIsRoom) {
  TestWriter writer({.queue_events_max = 10});
  Turnstile turnstile;
  turnstile.HoldIn(writer.rules);
  std::atomic<int> answers = 0;
  const auto submit = [&](std::uint64_t first, std::uint64_t count) {
    return writer.sequencer().Submit(writer.Prepare(writer.Sign(Marks(first, count))),
                                     [&](Result<BatchResult> result) {
                                       EXPECT_TRUE(result.ok());
                                       ++answers;
                                     });
  };
  ASSERT_TRUE(submit(1, 1).ok());
  turnstile.WaitUntilHeld();
  ASSERT_TRUE(submit(10, 4).ok());
  ASSERT_TRUE(submit(20, 6).ok());
  const Status full = submit(30, 1);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Code::kResourceExhausted);
  turnstile.Open();
  // What was refused leaves nothing behind: sent again, it is new.
  Result<BatchResult> again = writer.Send({Mark(30)});
  for (int tries = 0; !again.ok() && again.error().code == Code::kResourceExhausted && tries < 1000;
       ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    again = writer.Send({Mark(30)});
  }
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->items[0].outcome, Outcome::kAccepted);
  EXPECT_EQ(answers, 3);
  CheckEntries(writer, 4, 12);
}

TEST(Sequencer, MakesALateBatchWhenItsTurnComesOfWhatHasGatheredByThen) {
  TestWriter writer;
  Turnstile turnstile;
  turnstile.HoldIn(writer.rules);
  ASSERT_TRUE(writer.sequencer()
                  .Submit(writer.Prepare(writer.Sign({Mark(100)})), [](Result<BatchResult>) {})
                  .ok());
  turnstile.WaitUntilHeld();
  std::vector<Event> gathered = {Mark(1)};
  std::atomic<int> made = 0;
  std::promise<BatchResult> answer;
  ASSERT_TRUE(writer.sequencer()
                  .SubmitLate(
                      [&] {
                        ++made;
                        return writer.Prepare(writer.Sign(gathered));
                      },
                      [&](Result<BatchResult> result) {
                        answer.set_value(result.ok() ? *std::move(result) : BatchResult());
                      })
                  .ok());
  EXPECT_EQ(made, 0);
  gathered.push_back(Mark(2));
  turnstile.Open();
  const BatchResult result = answer.get_future().get();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(OutcomesOf(result), (std::vector{Outcome::kAccepted, Outcome::kAccepted}));
  writer.Check(SizeOf(2, 3));
}

TEST(Sequencer, AnswersALateBatchWithoutMakingItWhenTheWriterHasStopped) {
  TestWriter writer;
  std::promise<void> go;
  std::promise<void> reached;
  writer.rules.on = [&](const CommittedEvent&) {
    reached.set_value();
    go.get_future().wait();
    return Status(DataLoss("the rules cannot be read"));
  };
  ASSERT_TRUE(writer.sequencer()
                  .Submit(writer.Prepare(writer.Sign({Mark(1)})), [](Result<BatchResult>) {})
                  .ok());
  reached.get_future().wait();
  std::atomic<int> made = 0;
  std::promise<Result<BatchResult>> answer;
  const auto make = [&] {
    ++made;
    return writer.Prepare(writer.Sign({Mark(2)}));
  };
  ASSERT_TRUE(writer.sequencer()
                  .SubmitLate(make, [&](Result<BatchResult> result) { answer.set_value(std::move(result)); })
                  .ok());
  go.set_value();
  const auto result = answer.get_future().get();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kDataLoss);
  EXPECT_FALSE(writer.sequencer().SubmitLate(make, [](Result<BatchResult>) {}).ok());
  EXPECT_EQ(made, 0);
}

TEST(Sequencer, TakesABatchLargerThanTheQueueWhenNothingWaits) {
  TestWriter writer({.queue_events_max = 10, .group_events_max = 3});
  const auto result = writer.Send(Marks(1, 50));
  ASSERT_TRUE(result.ok());
  writer.Check(SizeOf(1, 50));
}

TEST(Sequencer, FinishesWhatIsQueuedBeforeItStops) {
  TestWriter writer;
  Turnstile turnstile;
  turnstile.HoldIn(writer.rules);
  std::atomic<int> accepted = 0;
  for (std::uint64_t n = 1; n <= 20; ++n) {
    const Status queued = writer.sequencer().Submit(
        writer.Prepare(writer.Sign({Mark(n)})), [&](Result<BatchResult> result) {
          if (result.ok() && result->items[0].outcome == Outcome::kAccepted) ++accepted;
        });
    ASSERT_TRUE(queued.ok());
  }
  turnstile.WaitUntilHeld();
  std::thread closer([&] { writer.Close(); });
  turnstile.Open();
  closer.join();
  EXPECT_EQ(accepted, 20);
  ASSERT_TRUE(writer.Open().ok());
  CheckEntries(writer, 20, 20);
}

TEST(Sequencer, GroupsCommitsOfParallelPublishersAndMixesNothingUp) {
  TestWriter writer;
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kBatches = 25;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&writer, t] {
      for (std::uint64_t b = 0; b < kBatches; ++b) {
        const std::uint64_t first = 1 + t * 10'000 + b * 4;
        // Half of each batch was in the batch before it.
        const auto result = writer.Send(Marks(first, 8));
        ASSERT_TRUE(result.ok());
        for (std::size_t i = 0; i < 8; ++i)
          EXPECT_NE(result->items[i].outcome, Outcome::kQuarantined);
      }
    });
  for (std::thread& thread : threads) thread.join();
  // Marks of one number differ in the person when sent from another place: those are conflicts.
  for (const std::string& problem : tests::ProblemsOf(writer.parts, *writer.View()))
    ADD_FAILURE() << problem;
}

TEST(CreateLog, RefusesASecondGenesis) {
  TestWriter writer;
  const Status again = writer.parts.Create();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  // An empty store beside a lock that knows of a log: the store was lost, this is no new log.
  MemoryStore empty;
  const Status lost = CreateLog(empty, writer.parts.lock, writer.parts.Genesis(), writer.parts.vault->label_key().public_key(),
                                writer.parts.clock.Now(), writer.parts.log_key);
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, Code::kAlreadyExists);
}

TEST(StoredView, IsTheNewestCheckpointAndRefusesOneThatDoesNotVerify) {
  TestWriter writer;
  ASSERT_TRUE(writer.Send(Marks(1, 9)).ok());
  writer.Close();
  const VerifierKey log_key = writer.parts.log_key.verifier();
  const auto view = StoredView(writer.parts.log_store, log_key);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ((*view)->size(), SizeOf(1, 9));
  const auto other =
      StoredView(writer.parts.log_store, tests::KeyNamed("somebody-else").verifier());
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::kDataLoss);
  const MemoryStore empty;
  const auto none = StoredView(empty, log_key);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace oppi::ledger
