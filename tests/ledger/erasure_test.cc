#include "ledger/erasure.h"

#include <gtest/gtest.h>

#include <map>

#include "events/tree_hash.h"
#include "ledger/bodies.h"
#include "ledger/prepared.h"
#include "ledger/stream_prover.h"
#include "tests/support/sample_events.h"
#include "tests/support/test_writer.h"

/// Erasure at the level of rows: what a plan takes and keeps, and that performing its record is the same
/// however often and on whatever copy of the store it is done.

namespace oppi::ledger {
namespace {

using events::Event;
using events::EventType;
using events::Outcome;
using State = Opened::State;
using Rows = std::map<std::pair<Table, Bytes>, Bytes>;

constexpr std::uint64_t kAino = 1;
constexpr std::uint64_t kEero = 2;

struct Sent {
  Event event;
  LeafIndex position{0};
};

Rows AllRows(const Store& store) {
  Rows rows;
  for (std::size_t table = 0; table < kTables; ++table)
    EXPECT_TRUE(store.Scan(static_cast<Table>(table), {}, {}, [&](ByteView key, ByteView value) {
                       rows.emplace(std::pair(static_cast<Table>(table), Bytes(key)), value);
                       return true;
                     }).ok());
  return rows;
}

std::unique_ptr<MemoryStore> CopyOf(const Store& store) {
  auto copy = std::make_unique<MemoryStore>();
  WriteBatch all;
  for (const auto& [place, value] : AllRows(store)) all.Put(place.first, place.second, value);
  EXPECT_TRUE(copy->Apply(all, Durability::kSynced).ok());
  return copy;
}

class ErasureTest : public testing::Test {
 protected:
  Sent Send(Event event, std::vector<events::Attachment> documents = {}) {
    events::SignedBatch batch = writer.Sign({event});
    batch = events::SignBatch(std::move(batch.header), std::move(batch.items), writer.key.key, std::move(documents));
    const auto result = writer.Send(std::move(batch));
    OPPI_CHECK(result.ok() && result->items.size() == 1);
    EXPECT_EQ(result->items[0].outcome, Outcome::kAccepted) << events::ErrorName(result->items[0].code);
    return {std::move(event), result->items[0].position.value_or(LeafIndex(0))};
  }
  static Event About(EventType type, std::uint64_t person, std::uint64_t number) {
    Event event = tests::SampleEvent(type, tests::Fill::kRequired, number);
    event.subject = tests::PersonId(person);
    return event;
  }
  Sent Mark(std::uint64_t person, std::uint64_t number) { return Send(tests::Mark(number, person)); }
  Sent Verbal(std::uint64_t person, std::uint64_t number) { return Send(About(EventType::kGradeVerbalAssessed, person, number)); }
  Sent Shared(std::uint64_t number) {
    Event event = About(EventType::kGuardianshipEstablished, kAino, number);
    event.other_subjects = {tests::PersonId(kEero)};
    return Send(std::move(event));
  }

  ErasureOrder OrderOf(std::uint64_t person, const std::vector<Sent>& covered, bool whole = false) {
    ErasureOrder order{tests::PersonId(person), {}, whole};
    for (const Sent& sent : covered) {
      std::optional<Sha256Digest> document;
      if (const auto raw = FromHex(sent.event.correlation)) document = Sha256Digest::From(*raw);
      order.covered.push_back({sent.position, DedupKey(*writer.parts.vault, sent.event.source, sent.event.id), document});
    }
    return order;
  }
  PlannedErasure Plan(const ErasureOrder& order) {
    auto plan = PlanErasure(writer.parts.log_store, *writer.parts.vault, writer.parts.entropy, order);
    EXPECT_TRUE(plan.ok()) << plan.error().message;
    plan->record.number = ++number_;
    return *std::move(plan);
  }
  void Perform(const ErasureRecord& record, const std::string& owner, Store& log) {
    Vault& vault = *writer.parts.vault;
    ASSERT_TRUE(vault.Adopt(Vault::KeysOf::kBodies, record.number, RowsOf(record.vault), {owner}).ok());
    const auto rows = RowsOf(record, log);
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    ASSERT_TRUE(log.Apply(*rows, Durability::kSynced).ok());
    ASSERT_TRUE(vault.Adopt(Vault::KeysOf::kViews, record.number, RowsOf(record.view_keys), {owner}).ok());
  }
  PlannedErasure Erase(std::uint64_t person, const std::vector<Sent>& covered, bool whole = false) {
    PlannedErasure plan = Plan(OrderOf(person, covered, whole));
    Perform(plan.record, tests::PersonId(person), writer.parts.log_store);
    return plan;
  }

  Body BodyAt(LeafIndex position) const {
    return DecodeBody(writer.parts.log_store.Get(Table::kBodies, BigEndian(position.value())).value().value()).value();
  }
  State StateOf(const Body& body) const { return OpenBody(body, *writer.parts.vault).value().state; }
  State StateOf(const Sent& sent) const { return StateOf(BodyAt(sent.position)); }
  Handle HandleOf(std::uint64_t person) const { return writer.parts.vault->FindHandles(tests::PersonId(person)).value().front(); }
  std::optional<SecretKey> KeyOf(std::uint64_t person, KeyClass key_class) const {
    return writer.parts.vault->FindKey(HandleOf(person), key_class).value();
  }
  events::ErrorCode SendAgain(const Sent& sent) {
    const auto result = writer.Send(std::vector<Event>{sent.event});
    return result->items[0].outcome == Outcome::kDuplicate ? events::ErrorCode::kNone : result->items[0].code;
  }

  tests::TestWriter writer;
  std::uint32_t number_ = 0;
};

TEST_F(ErasureTest, LeavesTombstonesAndNoKeyOfAClassOfWhichNothingIsLeft) {
  const Sent mark = Mark(kAino, 1);
  const Sent verbal = Verbal(kAino, 2);
  const Sent other = Verbal(kEero, 3);
  const PlannedErasure plan = Erase(kAino, {verbal});
  EXPECT_EQ(plan.covered, 1U);
  EXPECT_EQ(plan.shared, 0U);
  EXPECT_EQ(plan.keys, std::vector<std::string>{"S3 destroyed"});
  EXPECT_TRUE(BodyAt(verbal.position).tombstone());
  EXPECT_EQ(StateOf(verbal), State::kErased);
  EXPECT_EQ(StateOf(mark), State::kOpen);
  EXPECT_EQ(StateOf(other), State::kOpen);
  EXPECT_FALSE(KeyOf(kAino, KeyClass::kS3).has_value());
  EXPECT_TRUE(KeyOf(kAino, KeyClass::kS2).has_value());
  EXPECT_TRUE(KeyOf(kAino, KeyClass::kA).has_value());
  EXPECT_TRUE(KeyOf(kEero, KeyClass::kS3).has_value());
  EXPECT_TRUE(writer.parts.vault->owes_generation());
  writer.Check(writer.View()->size());
  // The class comes back with the next event of it, under another key.
  EXPECT_EQ(StateOf(Verbal(kAino, 4)), State::kOpen);
  writer.Check(writer.View()->size());
}

TEST_F(ErasureTest, SurvivorsOfARotatedClassOpenUnderTheNewKeyAndNotUnderTheOldOne) {
  const Sent taken = Mark(kAino, 1);
  const Sent kept = Mark(kAino, 2);
  const SecretKey old_key = *KeyOf(kAino, KeyClass::kS2);
  const SecretKey old_view_key = *KeyOf(kAino, KeyClass::kView);
  const Body kept_before = BodyAt(kept.position);
  const Body taken_before = BodyAt(taken.position);
  EXPECT_EQ(Erase(kAino, {taken}).keys, std::vector<std::string>{"S2 rotated"});
  const SecretKey new_key = *KeyOf(kAino, KeyClass::kS2);
  EXPECT_NE(new_key.view(), old_key.view());
  EXPECT_NE(KeyOf(kAino, KeyClass::kView)->view(), old_view_key.view());
  const Body kept_now = BodyAt(kept.position);
  EXPECT_EQ(StateOf(kept_now), State::kOpen);
  EXPECT_EQ(kept_now.sealed, kept_before.sealed);
  EXPECT_FALSE(Unwrap(kept_now.wraps[0], old_key).has_value());
  EXPECT_TRUE(Unwrap(kept_now.wraps[0], new_key).has_value());
  EXPECT_TRUE(Unwrap(kept_before.wraps[0], old_key).has_value());
  // The rows of then are in old files and backups; under the keys of now they open no more.
  EXPECT_EQ(StateOf(taken_before), State::kUnreadable);
  EXPECT_EQ(StateOf(kept_before), State::kUnreadable);
  EXPECT_EQ(StateOf(taken), State::kErased);
  writer.Restart();
  EXPECT_EQ(StateOf(kept), State::kOpen);
  EXPECT_EQ(StateOf(Mark(kAino, 3)), State::kOpen);
  writer.Check(writer.View()->size());
}

TEST_F(ErasureTest, WhatTwoShareStaysOpenForTheOtherAndGoesWithTheSecond) {
  const Sent shared = Shared(1);
  const PlannedErasure first = Erase(kAino, {shared});
  EXPECT_EQ(first.covered, 1U);
  EXPECT_EQ(first.shared, 1U);
  const Opened opened = OpenBody(BodyAt(shared.position), *writer.parts.vault).value();
  EXPECT_EQ(opened.state, State::kOpen);
  EXPECT_EQ(opened.owners, std::vector<Handle>{HandleOf(kEero)});
  writer.Check(writer.View()->size());
  const PlannedErasure second = Erase(kEero, {shared});
  EXPECT_EQ(second.shared, 0U);
  EXPECT_TRUE(BodyAt(shared.position).tombstone());
  writer.Check(writer.View()->size());
}

TEST_F(ErasureTest, ASurvivorThatIsSharedOpensForBothAfterOnesKeyWasRotated) {
  const Sent shared = Shared(1);
  const Sent mark = Mark(kAino, 2);
  Erase(kAino, {mark});
  const Body body = BodyAt(shared.position);
  for (const Wrap& wrap : body.wraps)
    EXPECT_TRUE(Unwrap(wrap, *writer.parts.vault->FindKey(wrap.handle, wrap.key_class).value()).has_value());
  EXPECT_EQ(body.wraps.size(), 2U);
}

TEST_F(ErasureTest, DocumentsGoWithTheEventsThatReferToThem) {
  const auto with_document = [&](std::uint64_t number, const std::string& text) {
    Event event = tests::Mark(number, kAino);
    event.correlation = HashOf(text).hex();
    return Send(event, {{event.subject, "application/json", text}});
  };
  const Sent taken = with_document(1, "the first");
  const Sent kept = with_document(2, "the second");
  const auto documents = [&] {
    std::map<Bytes, State> states;
    for (const auto& [place, value] : AllRows(writer.parts.log_store))
      if (place.first == Table::kDocuments) states.emplace(place.second, StateOf(DecodeBody(value).value()));
    return states;
  };
  ASSERT_EQ(documents().size(), 2U);
  const PlannedErasure plan = Erase(kAino, {taken});
  EXPECT_EQ(plan.documents, 1U);
  EXPECT_EQ(plan.keys, (std::vector<std::string>{"S2 rotated", "S4 rotated"}));
  const Bytes key = DocumentKey(*writer.parts.vault, HandleOf(kAino), HashOf(std::string("the second")));
  EXPECT_EQ(documents(), (std::map<Bytes, State>{{key, State::kOpen}}));
  EXPECT_EQ(Erase(kAino, {kept}).keys, (std::vector<std::string>{"S2 destroyed", "S4 destroyed"}));
  EXPECT_TRUE(documents().empty());
}

TEST_F(ErasureTest, TheWholeSubjectGetsAnotherHandleAndKeepsOnlyTheTrail) {
  const Sent mark = Mark(kAino, 1);
  const Sent trail = Send(About(EventType::kErasureRequested, kAino, 2));
  const Handle before = HandleOf(kAino);
  const std::uint64_t entries = writer.StreamOf(tests::PersonId(kAino)).size();
  Erase(kAino, {mark}, true);
  const Handle after = HandleOf(kAino);
  EXPECT_NE(after, before);
  EXPECT_EQ(writer.parts.vault->FindHandles(tests::PersonId(kAino)).value(), (std::vector<Handle>{after, before}));
  const KeyRingPtr left = writer.parts.vault->FindRing(before).value();
  for (const KeyClass gone : {KeyClass::kS1, KeyClass::kS2, KeyClass::kS3, KeyClass::kS4, KeyClass::kC})
    EXPECT_EQ(left->Find(gone), nullptr) << static_cast<int>(gone);
  EXPECT_NE(left->Find(KeyClass::kA), nullptr);
  EXPECT_EQ(StateOf(trail), State::kOpen);
  const Sent later = Mark(kAino, 3);
  EXPECT_EQ(BodyAt(later.position).wraps[0].handle, after);
  EXPECT_EQ(ReadStreamEntries(writer.parts.log_store, before, writer.View()->size()).value().size(), entries);
  writer.Check(writer.View()->size());
  // The stream map shows both streams, and that there was an erasure in between.
  const auto proved = ProveIdentifier(*writer.View(), *writer.parts.vault, tests::PersonId(kAino));
  ASSERT_TRUE(proved.ok()) << proved.error().message;
  ASSERT_EQ(proved->streams.size(), 2U);
  EXPECT_EQ(proved->streams[0].entries, std::vector<LeafIndex>{later.position});
  EXPECT_EQ(proved->streams[1].entries, (std::vector<LeafIndex>{mark.position, trail.position}));
  ASSERT_EQ(proved->earlier.size(), 2U);
  EXPECT_EQ(proved->earlier[0].state, EntryState::kErased);
  EXPECT_TRUE(VerifyHandle(proved->earlier[1], before, proved->streams[1].salt).ok());
  // A second erasure reaches what came since, and what is still under the old name.
  Erase(kAino, {later}, true);
  EXPECT_EQ(StateOf(later), State::kErased);
  EXPECT_EQ(writer.parts.vault->FindHandles(tests::PersonId(kAino)).value().size(), 3U);
  writer.Check(writer.View()->size());
}

TEST_F(ErasureTest, WhatIsErasedIsBarredAndEverythingElseStaysADuplicate) {
  const Sent taken = Mark(kAino, 1);
  const Sent kept = Mark(kAino, 2);
  Erase(kAino, {taken});
  EXPECT_EQ(SendAgain(taken), events::ErrorCode::kRepublicationBarred);
  EXPECT_EQ(SendAgain(kept), events::ErrorCode::kNone);
  writer.Restart();
  EXPECT_EQ(SendAgain(taken), events::ErrorCode::kRepublicationBarred);
  writer.Check(writer.View()->size());
}

TEST_F(ErasureTest, ThePerformingOfARecordAgainChangesNothing) {
  const Sent taken = Mark(kAino, 1);
  const Sent shared = Shared(2);
  Mark(kAino, 3);
  const ErasureRecord record = Erase(kAino, {taken, shared}).record;
  EXPECT_EQ(ErasuresPerformed(writer.parts.log_store).value(), 1U);
  const Rows log = AllRows(writer.parts.log_store);
  const Rows vault = AllRows(writer.parts.vault_store);
  Perform(record, tests::PersonId(kAino), writer.parts.log_store);
  EXPECT_EQ(AllRows(writer.parts.log_store), log);
  EXPECT_EQ(AllRows(writer.parts.vault_store), vault);
}

TEST_F(ErasureTest, AnOlderCopyOfTheStoreComesToTheSameRowsOfWhatItHas) {
  const Sent taken = Mark(kAino, 1);
  const Sent kept = Mark(kAino, 2);
  const auto older = CopyOf(writer.parts.log_store);
  const Sent taken_later = Mark(kAino, 3);
  const ErasureRecord first = Erase(kAino, {taken, taken_later}).record;
  const ErasureRecord second = Erase(kAino, {}).record;  // nothing
  const Sent third_taken = Mark(kAino, 4);
  const ErasureRecord third = Erase(kAino, {third_taken}).record;  // rotates the same class again
  Perform(first, tests::PersonId(kAino), *older);
  EXPECT_EQ(ErasuresPerformed(*older).value(), 1U);
  Perform(second, tests::PersonId(kAino), *older);
  Perform(third, tests::PersonId(kAino), *older);
  EXPECT_EQ(ErasuresPerformed(*older).value(), 3U);
  const Rows then = AllRows(*older);
  const Rows now = AllRows(writer.parts.log_store);
  for (const Sent* sent : {&taken, &kept}) {
    const auto place = std::pair(Table::kBodies, BigEndian(sent->position.value()));
    EXPECT_EQ(then.at(place), now.at(place));
  }
  for (const Sent* sent : {&taken_later, &third_taken}) {
    EXPECT_EQ(then.count({Table::kBodies, BigEndian(sent->position.value())}), 0U);
    const DedupRow row = DecodeDedup(then.at({Table::kDedup, DedupKey(*writer.parts.vault, sent->event.source, sent->event.id)})).value();
    EXPECT_TRUE(row.barred);
  }
  EXPECT_EQ(StateOf(DecodeBody(then.at({Table::kBodies, BigEndian(kept.position.value())})).value()), State::kOpen);
}

TEST_F(ErasureTest, ThePlanChangesNothingAndNamesTheRootOfWhatItCovers) {
  const Sent first = Mark(kAino, 1);
  const Sent second = Mark(kAino, 2);
  const Rows log = AllRows(writer.parts.log_store);
  const Rows vault = AllRows(writer.parts.vault_store);
  const PlannedErasure plan = Plan(OrderOf(kAino, {first, second}));
  EXPECT_EQ(AllRows(writer.parts.log_store), log);
  EXPECT_EQ(AllRows(writer.parts.vault_store), vault);
  const NodeHash root = HashChildren(HashLeaf(BigEndian(first.position.value())), HashLeaf(BigEndian(second.position.value())));
  EXPECT_EQ(plan.covered_root.view(), root.view());
  EXPECT_EQ(plan.record.wraps.size(), 2U);
  EXPECT_LT(plan.record.wraps[0].index, plan.record.wraps[1].index);
  EXPECT_EQ(plan.record.barred.size(), 2U);
}

TEST_F(ErasureTest, IsNotPlannedForNobodyNorOverWhatIsLost) {
  const Sent taken = Mark(kAino, 1);
  const Sent kept = Mark(kAino, 2);
  const auto plan = [&](const ErasureOrder& order) {
    return PlanErasure(writer.parts.log_store, *writer.parts.vault, writer.parts.entropy, order);
  };
  EXPECT_EQ(plan({tests::PersonId(77), {}, true}).error().code, Code::kNotFound);
  // What is to stay does not open: to rotate its key would turn an incident into an erasure.
  Body damaged = BodyAt(kept.position);
  damaged.wraps[0].sealed_key.back() = static_cast<char>(damaged.wraps[0].sealed_key.back() ^ 1);
  WriteBatch rows;
  rows.Put(Table::kBodies, BigEndian(kept.position.value()), EncodeBody(damaged));
  ASSERT_TRUE(writer.parts.log_rows.Apply(rows, Durability::kSynced).ok());
  EXPECT_EQ(plan(OrderOf(kAino, {taken})).error().code, Code::kDataLoss);
  // The whole ring is lost.
  KeyRing none;
  none.handle = HandleOf(kAino);
  WriteBatch lost;
  writer.parts.vault->PutRing(none, lost);
  ASSERT_TRUE(writer.parts.vault_rows.Apply(lost, Durability::kSynced).ok());
  writer.Restart();
  EXPECT_EQ(plan(OrderOf(kAino, {taken})).error().code, Code::kDataLoss);
}

TEST_F(ErasureTest, PlansRowsForEachGenerationThatIsInUse) {
  const Sent taken = Mark(kAino, 1);
  ASSERT_TRUE(writer.parts.vault->BeginGeneration().ok());
  const PlannedErasure plan = Plan(OrderOf(kAino, {taken}));
  EXPECT_EQ(plan.record.vault.size(), 2U);
  EXPECT_EQ(plan.record.view_keys.size(), 2U);
}

// The codec of records.

ErasureRecord FullRecord() {
  ErasureRecord record;
  record.number = 7;
  record.size = TreeSize(1234);
  Handle one;
  one.bytes.fill(1);
  Handle two;
  two.bytes.fill(2);
  record.handles = {one, two};
  record.execution = Bytes(300, 'e');
  record.wraps = {{LeafIndex(3), one, {}}, {LeafIndex(3), two, Bytes(72, 'w')}, {LeafIndex(9), one, Bytes(72, 'v')}};
  record.barred = {Bytes(24, 'b'), Bytes(24, 'c')};
  record.documents = {{Bytes(32, 'd'), {}}, {Bytes(32, 'e'), Bytes(72, 'f')}};
  record.vault = {{Bytes(21, 'k'), Bytes(400, 'r')}, {Bytes(21, 'l'), {}}};
  record.view_keys = {{Bytes(21, 'm'), Bytes(400, 's')}};
  return record;
}

TEST(ErasureRecord, RoundTrips) {
  ErasureRecord small;
  small.number = 1;
  small.handles = {Handle{}};
  for (const ErasureRecord& record : {FullRecord(), small}) {
    const auto decoded = DecodeErasureRecord(EncodeErasureRecord(record));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, record);
  }
}

TEST(ErasureRecord, RefusesEveryCutAndAnythingBehindIt) {
  const Bytes bytes = EncodeErasureRecord(FullRecord());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(DecodeErasureRecord(ByteView(bytes).substr(0, size)).ok()) << size;
  EXPECT_FALSE(DecodeErasureRecord(bytes + '\0').ok());
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const int with : {0x00, 0x01, 0x7f, 0xff}) {
      Bytes changed = bytes;
      changed[at] = static_cast<char>(with);
      const auto decoded = DecodeErasureRecord(changed);
      if (!decoded.ok()) continue;
      ASSERT_EQ(EncodeErasureRecord(*decoded), changed) << at;
    }
}

TEST(ErasureRecord, RefusesWhatNoPlanMakes) {
  ErasureRecord record = FullRecord();
  record.number = 0;
  EXPECT_FALSE(DecodeErasureRecord(EncodeErasureRecord(record)).ok());
  record = FullRecord();
  record.handles.clear();
  EXPECT_FALSE(DecodeErasureRecord(EncodeErasureRecord(record)).ok());
  record = FullRecord();
  std::swap(record.wraps[0], record.wraps[2]);
  EXPECT_FALSE(DecodeErasureRecord(EncodeErasureRecord(record)).ok());
  Bytes version = EncodeErasureRecord(FullRecord());
  version[0] = 2;
  EXPECT_FALSE(DecodeErasureRecord(version).ok());
}

}  // namespace
}  // namespace oppi::ledger
