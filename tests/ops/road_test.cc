#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "consumers/ingest.h"
#include "events/ids.h"
#include "events/limits.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// The road end to end, over a real ledger: what is refused, with which code, at which item - and
/// that neighbours get in and nothing about a learner gets out.

namespace oppi::ops {
namespace {

using consumers::BatchReport;
using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;

constexpr std::uint64_t kAino = 4711;
constexpr std::uint64_t kEero = 4712;
constexpr const char* kSecretName = "Tuntematon-Salanimi";

Event Absent(std::uint64_t number, std::uint64_t learner = kAino) {
  Event event = SchoolEvent(EventType::kAttendanceMarked, learner, number);
  event.SetText("lesson", "7B-MA").SetText("code", "ABSENT");
  event.at("minutes_late") = {};
  return event;
}

Bytes Replaced(Bytes text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, Bytes::npos) << what;
  return at == Bytes::npos ? text : text.replace(at, what.size(), with);
}

/// Neither persons nor values of an event stand in anything the road says.
void ExpectNothingAboutLearners(const BatchReport& report) {
  const std::string said = consumers::ReportJson(report);
  EXPECT_EQ(said.find("1.2.246.562.24"), std::string::npos) << said;
  EXPECT_EQ(said.find(kSecretName), std::string::npos) << said;
  EXPECT_EQ(said.find("131052"), std::string::npos) << said;
}

class RoadTest : public ::testing::Test {
 protected:
  RoadTest() { ledger.Register("sis", "PROVIDER"); }
  TempLedger ledger;
};

TEST_F(RoadTest, RefusesEachBadEventByItsOwnCodeAndKeepsItsNeighbours) {
  struct Case {
    const char* what;
    Bytes bytes;
    ErrorCode code;
    const char* member;
  };
  const Bytes good = EncodeJson(Absent(1));
  const Event future = [] {
    Event e = Absent(20);
    e.time = Instant{SystemClock().Now().micros + 3600 * kMicrosPerSecond};
    return e;
  }();
  const std::string person = tests::PersonId(kAino);
  std::string wrong_digit = person;
  wrong_digit.back() = wrong_digit.back() == '0' ? '1' : '0';
  const Event named = [] {
    Event e = SchoolEvent(EventType::kIdentityLearnerRegistered, kAino, 1);
    return e.SetText("given_name", kSecretName);
  }();
  Event consent_by_school = SchoolEvent(EventType::kLedgerReattested, kAino, 1);
  std::string huge = EncodeJson(Absent(21));
  huge.insert(1, std::string(kEventBytesMax, ' '));
  const std::vector<Case> cases = {
      {"cut short", good.substr(0, good.size() / 2), ErrorCode::kMalformed, ""},
      {"not JSON", Bytes(kSecretName), ErrorCode::kMalformed, ""},
      {"larger than 64 KiB", huge, ErrorCode::kTooLarge, ""},
      {"repeated member",
       Replaced(EncodeJson(named), "\"given_name\"", "\"given_name\":\"x\",\"given_name\""),
       ErrorCode::kMalformed, ""},
      {"member nobody knows", Replaced(EncodeJson(named), "\"given_name\"", "\"nickname\""),
       ErrorCode::kUnknownField, "nickname"},
      {"field left out", Replaced(EncodeJson(Absent(22)), ",\"code\":\"ABSENT\"", ""),
       ErrorCode::kFieldMissing, "code"},
      {"code nobody knows", Replaced(EncodeJson(Absent(23)), "ABSENT", kSecretName),
       ErrorCode::kCodeUnknown, "code"},
      {"number where text belongs", Replaced(EncodeJson(Absent(24)), "\"7B-MA\"", "7"),
       ErrorCode::kFieldType, "lesson"},
      {"wrong check digit", Replaced(EncodeJson(Absent(25)), person, wrong_digit),
       ErrorCode::kIdCheckDigit, "subject"},
      {"no person at all", Replaced(EncodeJson(Absent(26)), person, kSecretName),
       ErrorCode::kEnvelopeInvalid, "subject"},
      {"personal identity code", Replaced(EncodeJson(named), kSecretName, "131052-308T"),
       ErrorCode::kPersonalCodePresent, ""},
      {"class too low", Replaced(EncodeJson(Absent(27)), "\"S2\"", "\"S1\""),
       ErrorCode::kClassTooLow, "sensitivity"},
      {"no subject", Replaced(EncodeJson(Absent(28)), "\"subject\":\"" + person + "\",", ""),
       ErrorCode::kSubjectMissing, "subject"},
      {"an hour from now", EncodeJson(future), ErrorCode::kTimeInFuture, ""},
      {"type nobody knows",
       Replaced(EncodeJson(Absent(29)), "attendance.marked", "attendance.sung"),
       ErrorCode::kTypeUnknown, ""},
      {"type of another role", EncodeJson(consent_by_school), ErrorCode::kTypeNotAllowed, ""},
  };
  // Good, bad, good, bad, ... good.
  std::vector<Bytes> items{EncodeJson(Absent(1'000))};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    items.push_back(cases[i].bytes);
    items.push_back(EncodeJson(Absent(1'001 + i)));
  }
  const BatchReport report = ledger.Publish("sis", items);
  ASSERT_EQ(report.error, ErrorCode::kNone) << report.message;
  ASSERT_EQ(report.items.size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const consumers::ItemReport& item = report.items[i];
    EXPECT_EQ(item.item, i);
    if (i % 2 == 0) {
      EXPECT_EQ(item.outcome, Outcome::kAccepted)
          << "neighbour " << i << ": " << ErrorName(item.code);
      EXPECT_TRUE(item.position);
      continue;
    }
    const Case& expected = cases[i / 2];
    EXPECT_EQ(item.outcome, Outcome::kRejected) << expected.what;
    EXPECT_EQ(ErrorName(item.code), ErrorName(expected.code))
        << expected.what << " " << item.member;
    if (*expected.member != '\0') {
      EXPECT_EQ(item.member, expected.member) << expected.what;
    }
    EXPECT_FALSE(item.position) << expected.what;
  }
  ExpectNothingAboutLearners(report);
}

TEST_F(RoadTest, TellsTwiceTheSameInOneBatchFromTwoThingsUnderOneId) {
  const Event first = Absent(1);
  Event second = first;
  second.SetText("lesson", "other");
  const BatchReport report = ledger.Publish("sis", {first, first, second, Absent(2)});
  ASSERT_EQ(report.items.size(), 4U);
  EXPECT_EQ(report.items[0].outcome, Outcome::kAccepted);
  EXPECT_EQ(report.items[1].outcome, Outcome::kDuplicate);
  EXPECT_EQ(report.items[1].position, report.items[0].position);
  EXPECT_EQ(report.items[1].recorded, report.items[0].recorded);
  EXPECT_EQ(report.items[2].outcome, Outcome::kRejected);
  EXPECT_EQ(report.items[2].code, ErrorCode::kIdConflict);
  EXPECT_EQ(report.items[3].outcome, Outcome::kAccepted);
  const auto all = ledger.Events();
  EXPECT_EQ(
      std::count_if(all.begin(), all.end(),
                    [](const auto& e) { return e.event.type == EventType::kLedgerIngestConflict; }),
      1);
  EXPECT_EQ(
      std::count_if(all.begin(), all.end(), [&](const auto& e) { return e.event.id == first.id; }),
      1);
  ExpectNothingAboutLearners(report);
}

TEST_F(RoadTest, RefusesAWholeBatchOnlyForWhatIsWrongWithTheWhole) {
  const std::uint64_t before = ledger.Size();
  const std::vector<Bytes> items{EncodeJson(Absent(1)), EncodeJson(Absent(2))};
  const auto refused = [&](events::SignedBatch batch, ErrorCode code, const char* what) {
    const BatchReport report = ledger.Ingest(std::move(batch));
    EXPECT_EQ(ErrorName(report.error), ErrorName(code)) << what << ": " << report.message;
    EXPECT_TRUE(report.items.empty()) << what;
    ExpectNothingAboutLearners(report);
    EXPECT_EQ(ledger.Size(), before) << what;
  };
  events::SignedBatch batch = ledger.Sign("sis", items);
  batch.signature[7] ^= 1;
  refused(std::move(batch), ErrorCode::kBadSignature, "a flipped bit in the signature");
  batch = ledger.Sign("sis", items);
  batch.items[1].bytes = EncodeJson(Absent(3));
  refused(std::move(batch), ErrorCode::kBadSignature, "an event that was not signed");
  batch = ledger.Sign("sis", items);
  batch.items[0].salt[0] ^= 1;
  refused(std::move(batch), ErrorCode::kBadSignature, "another salt");
  batch = ledger.Sign("sis", items);
  std::swap(batch.items[0], batch.items[1]);
  refused(std::move(batch), ErrorCode::kBadSignature, "events in another order");
  batch = ledger.Sign("sis", items);
  batch.header.anchor_size = 1;
  refused(std::move(batch), ErrorCode::kBadSignature, "another anchor than was signed");
  batch = ledger.Sign("stranger", items);
  refused(std::move(batch), ErrorCode::kKeyUnknown, "a key nobody registered");
  // A key speaks for the publisher it was registered for, and for nobody else.
  ledger.Register("vendor", "VENDOR");
  batch = ledger.Sign("vendor", items);
  batch.header.publisher = "sis";
  const std::uint64_t registered = ledger.Size();
  const BatchReport report = ledger.Ingest(std::move(batch));
  EXPECT_TRUE(report.error == ErrorCode::kKeyUnknown || report.error == ErrorCode::kBadSignature);
  EXPECT_EQ(ledger.Size(), registered);
}

TEST_F(RoadTest, RefusesBatchesOverTheLimits) {
  std::vector<Bytes> items;
  for (std::uint64_t i = 0; i < kBatchEventsMax; ++i) items.push_back(EncodeJson(Absent(i)));
  events::SignedBatch over = ledger.Sign("sis", items);
  over.items.push_back(over.items.front());
  over.header.count = kBatchEventsMax + 1;
  EXPECT_EQ(ledger.Ingest(std::move(over)).error, ErrorCode::kBatchTooLarge);
  EXPECT_EQ(ledger.Publish("sis", items).Count(Outcome::kAccepted), kBatchEventsMax);

  consumers::RawMessage message;
  message.bytes = Bytes(kBatchBytesMax + 1, 'x');
  const auto large = ledger.node().road().Ingest(std::move(message));
  ASSERT_TRUE(large.ok());
  EXPECT_EQ(large->error, ErrorCode::kBatchTooLarge);
}

TEST_F(RoadTest, TakesBothWireFormsAndRefusesBytesThatAreNeither) {
  for (const auto form :
       {consumers::RawMessage::Form::kFlatBuffers, consumers::RawMessage::Form::kJson}) {
    const bool json = form == consumers::RawMessage::Form::kJson;
    const events::SignedBatch batch = ledger.Sign("sis", {EncodeJson(Absent(json ? 1 : 2))});
    const Bytes bytes = json ? Bytes(EncodeBatchJson(batch)) : EncodeBatch(batch);
    auto report = ledger.node().road().Ingest(consumers::RawMessage{form, bytes});
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->Count(Outcome::kAccepted), 1U) << report->message;
    report =
        ledger.node().road().Ingest(consumers::RawMessage{form, bytes.substr(0, bytes.size() - 3)});
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->error, ErrorCode::kMalformed);
    ExpectNothingAboutLearners(*report);
  }
}

TEST_F(RoadTest, ABatchForAnotherLedgerIsNotTakenHere) {
  const NamedSigningKey& key = ledger.KeyOf("sis");
  events::SignedBatch batch = ledger.Sign("sis", {EncodeJson(Absent(1))});
  batch.header.origin = "other.test/log";
  batch = events::SignBatch(batch.header, batch.items, key.key);
  const BatchReport report = ledger.Ingest(std::move(batch));
  EXPECT_NE(report.error, ErrorCode::kNone);
  EXPECT_TRUE(report.items.empty());
}

TEST_F(RoadTest, AnAnchorMustBeACheckpointOfThisLog) {
  const auto view = ledger.node().View();
  const auto anchored = [&](std::uint64_t size, RootHash root) {
    events::SignedBatch batch = ledger.Sign("sis", {EncodeJson(Absent(size))});
    batch.header.anchor_size = size;
    batch.header.anchor_root = root;
    return ledger.Ingest(events::SignBatch(batch.header, batch.items, ledger.KeyOf("sis").key));
  };
  EXPECT_EQ(anchored(view->size().value(), *view->Root(view->size())).Count(Outcome::kAccepted),
            1U);
  EXPECT_NE(anchored(2, RootHash{}).error, ErrorCode::kNone);
  EXPECT_NE(anchored(1'000'000, RootHash{}).error, ErrorCode::kNone);
}

TEST_F(RoadTest, ARevokedKeySaysNothingNewAndMayRepeatWhatWasAccepted) {
  const Event early = Absent(1);
  const BatchReport first = ledger.Publish("sis", {early});
  ASSERT_EQ(first.Count(Outcome::kAccepted), 1U);
  ledger.Revoke("sis");
  Event other = early;
  other.SetText("lesson", "another");
  const BatchReport report = ledger.Publish("sis", {early, Absent(2), other});
  ASSERT_EQ(report.items.size(), 3U) << report.message;
  EXPECT_EQ(report.items[0].outcome, Outcome::kDuplicate);
  EXPECT_EQ(report.items[0].position, first.items[0].position);
  EXPECT_EQ(report.items[1].code, ErrorCode::kKeyRevoked);
  EXPECT_EQ(report.items[2].code, ErrorCode::kIdConflict);
}

TEST_F(RoadTest, ANarrowedKeyAndItsSourcesBoundWhatItMaySay) {
  const Event mine = Absent(1);
  ledger.Register("gym", "PROVIDER", {"attendance.marked"}, {mine.source});
  Event elsewhere = Absent(2);
  elsewhere.source += "-2";
  const BatchReport report = ledger.Publish(
      "gym", {mine, SchoolEvent(EventType::kGradeCourseAssessed, kAino, 3), elsewhere});
  ASSERT_EQ(report.items.size(), 3U);
  EXPECT_EQ(report.items[0].outcome, Outcome::kAccepted);
  EXPECT_EQ(report.items[1].code, ErrorCode::kTypeNotAllowed);
  EXPECT_EQ(report.items[2].code, ErrorCode::kSourceNotYours);
}

TEST_F(RoadTest, UnsignedEventsAreAttestedByTheGatewayAndNeverSignedByThePublisher) {
  events::BatchItem item;
  item.bytes = EncodeJson(Absent(1));
  ledger.node().entropy().Fill(item.salt);
  const auto report = ledger.node().Attest("sis", {item});
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->Count(Outcome::kAccepted), 1U) << report->message;
  const auto view = ledger.node().View();
  const auto leaf = view->ReadLeaf(*report->items[0].position);
  ASSERT_TRUE(leaf.ok());
  const auto batch = view->ReadLeaf(std::get<ledger::EventLeaf>(leaf->body).batch);
  ASSERT_TRUE(batch.ok());
  const auto& kept = std::get<ledger::BatchLeaf>(batch->body);
  const auto header = events::DecodeHeader(kept.header);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->publisher, "sis");
  EXPECT_EQ(header->attested_by, "ledger");
  EXPECT_TRUE(
      VerifySignature(ledger.KeyOf("ledger").key.public_key(), kept.header, kept.signature));
  EXPECT_FALSE(VerifySignature(ledger.KeyOf("sis").key.public_key(), kept.header, kept.signature));
  // A gateway vouches for publishers that there are.
  item.bytes = EncodeJson(Absent(2));
  const auto nobody = ledger.node().Attest("nobody", {item});
  ASSERT_TRUE(nobody.ok());
  EXPECT_EQ(nobody->Count(Outcome::kAccepted), 0U);
  // A publisher's own key is not a gateway's.
  events::SignedBatch forged = ledger.Sign("sis", {EncodeJson(Absent(3))});
  forged.header.attested_by = "sis";
  ledger.Register("portal", "PORTAL");
  forged.header.publisher = "portal";
  const BatchReport refused =
      ledger.Ingest(events::SignBatch(forged.header, forged.items, ledger.KeyOf("sis").key));
  EXPECT_EQ(refused.Count(Outcome::kAccepted), 0U);
}

class CorrectionTest : public RoadTest {
 protected:
  CorrectionTest() { ledger.Register("other-school", "PROVIDER"); }
  ErrorCode CodeOf(const Event& event, const char* publisher = "sis") {
    const BatchReport report = ledger.Publish(publisher, {event});
    EXPECT_EQ(report.items.size(), 1U);
    if (report.items.size() != 1) return ErrorCode::kNone;
    ExpectNothingAboutLearners(report);
    return report.items[0].code;
  }
  static Event Grade(std::uint64_t number, const char* grade, const std::string& corrects = {}) {
    Event event = SchoolEvent(EventType::kGradeCourseAssessed, kAino, number);
    event.SetText("grade", grade).SetText("course", "MA1");
    event.corrects = corrects;
    return event;
  }
  static Event Annul(std::uint64_t number, const Event& target) {
    Event event = SchoolEvent(EventType::kLedgerFactAnnulled, kAino, number);
    event.annuls = target.id;
    event.subject = target.subject;
    event.sensitivity = target.sensitivity;
    event.SetText("reason", "SENT_IN_ERROR");
    return event;
  }
};

TEST_F(CorrectionTest, OnlyTheNewestOfAChainIsCorrected) {
  const Event first = Grade(1, "7");
  const Event second = Grade(2, "8", first.id);
  EXPECT_EQ(CodeOf(first), ErrorCode::kNone);
  EXPECT_EQ(CodeOf(second), ErrorCode::kNone);
  EXPECT_EQ(CodeOf(Grade(3, "9", first.id)), ErrorCode::kCorrectsNotLatest);
  EXPECT_EQ(CodeOf(Grade(4, "9", second.id)), ErrorCode::kNone);
}

TEST_F(CorrectionTest, ATargetMustBeThereOfTheSameLearnerControllerAndType) {
  const Event first = Grade(1, "7");
  ASSERT_EQ(CodeOf(first), ErrorCode::kNone);
  EXPECT_EQ(CodeOf(Grade(2, "8", events::UuidV7FromName("nothing", "there"))),
            ErrorCode::kTargetUnknown);
  Event of_another = Grade(3, "8", first.id);
  of_another.subject = tests::PersonId(kEero);
  EXPECT_EQ(CodeOf(of_another), ErrorCode::kSubjectMismatch);
  Event by_another = Grade(4, "8", first.id);
  by_another.controller = events::OrganisationOid(99);
  EXPECT_EQ(CodeOf(by_another, "other-school"), ErrorCode::kNotOwnFact);
  Event of_another_type = Absent(5);
  of_another_type.corrects = first.id;
  EXPECT_EQ(CodeOf(of_another_type), ErrorCode::kTypeMismatch);
}

TEST_F(CorrectionTest, AnAnnulmentIsFinal) {
  const Event first = Grade(1, "7");
  ASSERT_EQ(CodeOf(first), ErrorCode::kNone);
  const Event annulment = Annul(2, first);
  EXPECT_EQ(CodeOf(annulment), ErrorCode::kNone);
  EXPECT_EQ(CodeOf(Annul(3, first)), ErrorCode::kTargetAnnulled);
  EXPECT_EQ(CodeOf(Annul(4, annulment)), ErrorCode::kAnnulOfAnnulment);
  EXPECT_EQ(CodeOf(Grade(5, "8", first.id)), ErrorCode::kTargetAnnulled);
}

TEST_F(CorrectionTest, WithinOneBatchACorrectionSeesWhatStandsBeforeIt) {
  const Event first = Grade(1, "7");
  const Event second = Grade(2, "8", first.id);
  const BatchReport report = ledger.Publish("sis", {first, second, Grade(3, "9", first.id)});
  ASSERT_EQ(report.items.size(), 3U);
  EXPECT_EQ(report.items[1].outcome, Outcome::kAccepted) << ErrorName(report.items[1].code);
  EXPECT_EQ(report.items[2].code, ErrorCode::kCorrectsNotLatest);
}

TEST_F(CorrectionTest, AStreamThatMovedIsNotWrittenTo) {
  Event first = Absent(1);
  first.expected_count = 0;
  EXPECT_EQ(CodeOf(first), ErrorCode::kNone);
  Event late = Absent(2);
  late.expected_count = 0;
  EXPECT_EQ(CodeOf(late), ErrorCode::kStreamMoved);
  late.expected_count = 1;
  EXPECT_EQ(CodeOf(late), ErrorCode::kNone);
}

TEST_F(RoadTest, ARefusedConsentLeavesATraceInTheLearnersStream) {
  Event consent = SchoolEvent(EventType::kConsentGiven, kAino, 1);
  consent.at("hindrance") = {};
  const BatchReport report = ledger.Publish("sis", {consent});
  ASSERT_EQ(report.items.size(), 1U);
  ASSERT_EQ(report.items[0].outcome, Outcome::kRejected);
  const auto all = ledger.Events();
  const auto trace = std::find_if(all.begin(), all.end(), [](const auto& e) {
    return e.event.type == EventType::kLedgerIntakeRefused;
  });
  ASSERT_NE(trace, all.end());
  EXPECT_EQ(trace->event.subject, consent.subject);
  EXPECT_EQ(trace->event.text("code"), ErrorName(report.items[0].code));
  EXPECT_EQ(trace->publisher, "ledger");
}

TEST_F(RoadTest, DocumentsAreKeptSealedAndOnlyIfAnAcceptedEventRefersToThem) {
  const auto rows = [&] {
    std::vector<Bytes> all;
    const Status scanned = ledger.node().log_store().Scan(
        ledger::Table::kDocuments, {}, {}, [&](ByteView key, ByteView value) {
          all.push_back(Bytes(key) + Bytes(value));
          return true;
        });
    EXPECT_TRUE(scanned.ok());
    return all;
  };
  const Bytes text = R"({"oppilas":")" + std::string(kSecretName) + "\"}";
  Event refers = Absent(1);
  refers.correlation = HashOf(text).hex();
  const auto publish = [&](const Event& event, const events::Attachment& document) {
    return ledger.Ingest(ledger.Sign("sis", {EncodeJson(event)}, {document}));
  };
  // Another learner's, or another document: nobody refers to it.
  publish(refers, {tests::PersonId(kEero), "application/json", text});
  EXPECT_TRUE(rows().empty());
  Event second = Absent(2);
  second.correlation = HashOf("something else").hex();
  publish(second, {second.subject, "application/json", text});
  EXPECT_TRUE(rows().empty());
  Event refused = Absent(3);
  refused.correlation = HashOf(text).hex();
  refused.SetText("code", "LATE");
  refused.subject.back() = refused.subject.back() == '0' ? '1' : '0';
  publish(refused, {refused.subject, "application/json", text});
  EXPECT_TRUE(rows().empty());
  Event third = Absent(4);
  third.correlation = HashOf(text).hex();
  publish(third, {third.subject, "application/json", text});
  const std::vector<Bytes> kept = rows();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].find(kSecretName), Bytes::npos);
  EXPECT_EQ(kept[0].find("1.2.246.562.24"), Bytes::npos);
}

TEST_F(RoadTest, NothingPersonalLiesOpenInTheStores) {
  Event named = SchoolEvent(EventType::kIdentityLearnerRegistered, kAino, 1);
  named.SetText("given_name", kSecretName);
  ASSERT_EQ(ledger.Publish("sis", {named}).Count(Outcome::kAccepted), 1U);
  ASSERT_TRUE(ledger.node().runner().WaitFor(ledger.node().View()->size()).ok());
  for (const ledger::Store* store : {&ledger.node().log_store(), &ledger.node().view_store()})
    for (std::size_t table = 0; table < ledger::kTables; ++table) {
      const Status scanned =
          store->Scan(static_cast<ledger::Table>(table), {}, {}, [&](ByteView key, ByteView value) {
            for (const ByteView part : {key, value})
              for (const std::string& secret :
                   {std::string(kSecretName), named.subject.substr(8), named.id, named.source})
                EXPECT_EQ(part.find(secret), ByteView::npos) << "table " << table;
            return true;
          });
      EXPECT_TRUE(scanned.ok());
    }
}

TEST_F(RoadTest, WhatWasAcceptedIsThereAfterARestart) {
  const Event event = Absent(1);
  const BatchReport before = ledger.Publish("sis", {event});
  const std::uint64_t size = ledger.Size();
  ledger.Close();
  ledger.Open();
  EXPECT_EQ(ledger.Size(), size);
  const BatchReport after = ledger.Publish("sis", {event, Absent(2)});
  ASSERT_EQ(after.items.size(), 2U);
  EXPECT_EQ(after.items[0].outcome, Outcome::kDuplicate);
  EXPECT_EQ(after.items[0].position, before.items[0].position);
  EXPECT_EQ(after.items[0].recorded, before.items[0].recorded);
  EXPECT_GT(*after.items[1].recorded, *before.items[0].recorded);
}

}  // namespace
}  // namespace oppi::ops
