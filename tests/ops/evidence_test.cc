#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "events/ids.h"
#include "ledger/tlog_policy.h"
#include "projections/evidence_file.h"
#include "projections/verifier.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/evidence_mutants.h"
#include "tests/support/sample_events.h"
#include "tests/support/sealed_claim.h"

/// Evidence from end to end, over a real ledger: every kind of answer holds and shows that nothing is
/// left out; whatever is altered is refused; and a server that lies with everything it has - the log,
/// its keys, the map - is found out, by name.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using Json = nlohmann::ordered_json;
using projections::Ask;
using projections::Asker;
using projections::Evidence;
using projections::EvidenceEntry;
using projections::Question;

constexpr std::uint64_t kAino = 4711;
constexpr std::uint64_t kEero = 4712;
constexpr std::uint64_t kOther = 4713;  // another identifier of Aino's
constexpr std::uint64_t kNobody = 4999;
const Asker kOfficer{"dpo@example.fi", "DPO", "*", "EDU"};

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("dvv", "IDENTITY");
    ledger.Register("anna", "DPO");
    ledger.Register("bertta", "DPO");
    Take(SchoolEvent(EventType::kIdentityLearnerRegistered, kAino, 1));
    Take(SchoolEvent(EventType::kIdentityLearnerRegistered, kEero, 2));
    Take(Grade(kAino, 3, "7"));
    size_before_ = ledger.Size();
    for (std::uint64_t n = 4; n < 7; ++n)
      Take(SchoolEvent(EventType::kAttendanceMarked, kAino, n).SetText("lesson", "CANARY"));
    Take(SchoolEvent(EventType::kConsentChildInformed, kAino, 7));
    Take(Grade(kOther, 8, "9"));
    Event link = SchoolEvent(EventType::kIdentityPseudonymsLinked, kAino, 9);
    link.other_subjects = {tests::PersonId(kOther)};
    link.SetText("kept", tests::PersonId(kAino)).SetText("merged", tests::PersonId(kOther));
    const auto linked = ledger.Publish("dvv", {link});
    EXPECT_EQ(linked.Count(events::Outcome::kAccepted), 1U) << ReportJson(linked);
    // Somebody looks: an entry of the audit trail.
    EXPECT_TRUE(ledger.node().desk().Answer(About(Ask::kRecord), kOfficer).ok());
  }

  static Event Grade(std::uint64_t learner, std::uint64_t number, const char* grade) {
    return SchoolEvent(EventType::kGradeCourseAssessed, learner, number).SetText("grade", grade).SetText("course", "MA1");
  }
  void Take(const Event& event) {
    const auto report = ledger.Publish("sis", {event});
    ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
  }
  static Question About(Ask ask, std::uint64_t learner = kAino) {
    Question question;
    question.ask = ask;
    question.learner = tests::PersonId(learner);
    return question;
  }
  std::string EvidenceOf(Question question, const Asker& asker = kOfficer) {
    question.evidence = true;
    const auto answer = ledger.node().desk().Answer(question, asker);
    EXPECT_TRUE(answer.ok()) << AskName(question.ask) << ": " << answer.error().message;
    return answer.ok() ? Json::parse(*answer)["evidence"].dump() : std::string();
  }
  Result<projections::Proved> Verify(const std::string& evidence, bool complete = true) {
    return projections::VerifyEvidence(evidence, ledger::PolicyOf(ledger.node().LogKey()), {complete});
  }
  static bool Says(const projections::Proved& proved, const std::string& words) {
    return std::any_of(proved.begin(), proved.end(), [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }
  /// What the verifier says of a file that does not hold.
  std::string Refusal(const Evidence& evidence) {
    const auto proved = Verify(projections::EncodeEvidence(evidence));
    EXPECT_FALSE(proved.ok());
    return proved.ok() ? "it holds" : proved.error().message;
  }
  std::string Erased(const std::string& class_name) {
    const auto state = ledger.node().erasures().Request({tests::PersonId(kAino), {}, {class_name}, {}, "REQUEST", false}, {"anna", nullptr});
    EXPECT_TRUE(state.ok()) << state.error().message;
    const std::string id = Json::parse(*state)["request"];
    EXPECT_TRUE(ledger.node().erasures().Decide(id, true, "GDPR 17", {"bertta", nullptr}).ok());
    EXPECT_TRUE(ledger.node().erasures().Run().ok());
    return id;
  }
  /// One of each kind.
  std::map<std::string, Question> Questions() {
    Question decide = About(Ask::kDecide);
    decide.controller = events::OrganisationOid(7);
    decide.purpose = "ADAPT";
    decide.recipient = "V1";
    decide.categories = {"LRN"};
    Question past = About(Ask::kRecord);
    past.known_size = TreeSize(size_before_);
    Question moment = About(Ask::kAudit);
    moment.known_at = ledger.node().clock().Now();
    return {{"record", About(Ask::kRecord)},
            {"consents", About(Ask::kConsents)},
            {"timeline", About(Ask::kTimeline)},
            {"audit", About(Ask::kAudit)},
            {"obligations", About(Ask::kObligations)},
            {"findings", About(Ask::kFindings)},
            {"holds", About(Ask::kHolds)},
            {"decide", decide},
            {"as known at a size", past},
            {"as known at a moment", moment},
            {"absence", About(Ask::kRecord, kNobody)},
            {"absence of a consent", About(Ask::kConsents, kEero)}};
  }
  static Question Certificate(const std::string& request) {
    Question question;
    question.ask = Ask::kErasure;
    question.request = request;
    return question;
  }

  // A server that lies has the whole log.

  void Prove(Evidence& evidence) {
    const auto view = ledger.node().View();
    const auto checkpoint = ledger::OpenCheckpoint(evidence.checkpoint, ledger.node().LogKey());
    ASSERT_TRUE(checkpoint.ok());
    std::vector<std::uint64_t> wanted;
    for (const EvidenceEntry& entry : evidence.entries) wanted.push_back(entry.index.value());
    const auto then = view->As(*checkpoint, evidence.checkpoint);
    auto nodes = then->InclusionOfMany(wanted);
    ASSERT_TRUE(nodes.ok()) << nodes.error().message;
    evidence.nodes = std::move(nodes).value();
  }
  static void Hide(Evidence& evidence, LeafIndex index) {
    std::erase_if(evidence.entries, [&](const EvidenceEntry& entry) { return entry.index == index; });
    for (auto& identifier : evidence.identifiers)
      for (auto& stream : identifier.streams) std::erase(stream.entries, index);
  }
  static std::string TypeOf(const EvidenceEntry& entry) {
    if (!entry.opened) return entry.part ? std::string(*events::TypeShown(*entry.part)) : "";
    const auto decoded = events::Decode(entry.opened->bytes, entry.opened->encoding, {});
    return decoded.type == nullptr ? "" : std::string(decoded.type->full_name);
  }
  /// The entry with the first event of this type that is opened in full.
  static LeafIndex First(const Evidence& evidence, const std::string& type) {
    for (const EvidenceEntry& entry : evidence.entries)
      if (entry.opened && TypeOf(entry).find(type) != std::string::npos) return entry.index;
    ADD_FAILURE() << "no event of type " << type;
    return LeafIndex(0);
  }
  static EvidenceEntry& At(Evidence& evidence, LeafIndex index) {
    return *std::find_if(evidence.entries.begin(), evidence.entries.end(), [&](const EvidenceEntry& entry) { return entry.index == index; });
  }
  Evidence Decoded(const Question& question) { return projections::DecodeEvidence(EvidenceOf(question)).value(); }

  TempLedger ledger{true, 0};
  std::uint64_t size_before_ = 0;
};

TEST_F(EvidenceTest, EveryAnswerHoldsAndShowsThatNothingIsLeftOut) {
  for (const auto& [name, question] : Questions()) {
    const std::string file = EvidenceOf(question);
    const auto proved = Verify(file);
    ASSERT_TRUE(proved.ok()) << name << ": " << proved.error().message;
    EXPECT_TRUE(Says(*proved, name == "absence" ? "the log has nothing about this learner, and never had" : "nothing is left out")) << name;
    EXPECT_EQ(projections::EncodeEvidence(projections::DecodeEvidence(file).value()), file);
  }
  // Under another log's key nothing of it holds.
  const auto stranger = NamedSigningKey{"road.test/log", SigningKey::Generate(ledger.node().entropy())};
  const auto proved = projections::VerifyEvidence(EvidenceOf(About(Ask::kRecord)), ledger::PolicyOf(stranger.verifier()));
  ASSERT_FALSE(proved.ok());
  EXPECT_NE(proved.error().message.find("checkpoint"), std::string::npos);
}

TEST_F(EvidenceTest, WhatTheQuestionDoesNotNeedIsShownByItsTypeAlone) {
  const std::string file = EvidenceOf(About(Ask::kConsents));
  EXPECT_EQ(file.find("CANARY"), std::string::npos) << "attendance is no matter of consent";
  const Evidence evidence = projections::DecodeEvidence(file).value();
  std::map<std::string, std::size_t> parts;
  for (const EvidenceEntry& entry : evidence.entries)
    if (entry.part) ++parts[TypeOf(entry)];
  EXPECT_EQ(parts["fi.oppiloki.attendance.marked.v1"], 3U);
  EXPECT_EQ(parts["fi.oppiloki.grade.course_assessed.v1"], 2U) << "of both identifiers";
  EXPECT_EQ(evidence.identifiers.size(), 2U);
  EXPECT_NE(EvidenceOf(About(Ask::kRecord)).find("CANARY"), std::string::npos);
}

TEST_F(EvidenceTest, WhatIsErasedIsCoveredByItsErasure) {
  const std::string request = Erased("S2");
  for (const Question& question : {About(Ask::kRecord), About(Ask::kConsents), Certificate(request)}) {
    const auto proved = Verify(EvidenceOf(question));
    ASSERT_TRUE(proved.ok()) << AskName(question.ask) << ": " << proved.error().message;
    EXPECT_TRUE(Says(*proved, "erased: their place in the log is proved"));
    Evidence evidence = Decoded(question);
    ASSERT_EQ(evidence.erasures.size(), 1U);
    evidence.erasures.clear();
    const std::string refusal = Refusal(evidence);
    EXPECT_TRUE(refusal.find("is closed, and no erasure took it") != std::string::npos || refusal.find("for nothing") != std::string::npos) << refusal;
  }
}

TEST_F(EvidenceTest, WhoMayNotSeeAllOfALearnerGetsNoStreamAndIsToldSo) {
  Question actor;
  actor.ask = Ask::kAudit;
  actor.actor = kOfficer.principal;
  const Asker school{"d", "DPO", events::OrganisationOid(7), "EDU"};
  for (const std::string& file : {EvidenceOf(actor), EvidenceOf(About(Ask::kRecord), school)}) {
    const auto refused = Verify(file);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("does not show that nothing is left out"), std::string::npos);
    const auto proved = Verify(file, false);
    ASSERT_TRUE(proved.ok()) << proved.error().message;
    EXPECT_TRUE(Says(*proved, "NOT shown: that nothing is left out"));
  }
}

TEST_F(EvidenceTest, WhereTheEventsAreNotTheAskersToOpenThereIsNoAnswerInTheirPlace) {
  Question question;
  question.ask = Ask::kAudit;
  question.publisher = "sis";
  const std::uint64_t before = ledger.Size();
  question.evidence = true;
  const auto answer = ledger.node().desk().Answer(question, kOfficer);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kPermissionDenied);
  EXPECT_EQ(answer.error().message.rfind("EVIDENCE_NOT_ALLOWED", 0), 0U);
  EXPECT_EQ(ledger.Size(), before);
}

// A server that lies.

TEST_F(EvidenceTest, AHiddenEventIsMissed) {
  Evidence evidence = Decoded(About(Ask::kRecord));
  const std::size_t shown = evidence.identifiers[0].streams[0].entries.size();
  const LeafIndex grade = First(evidence, "attendance.marked");
  Hide(evidence, grade);
  Prove(evidence);
  EXPECT_EQ(Refusal(evidence).find("an event of the learner is left out: the log's stream has " + std::to_string(shown) +
                                   " entries, the file shows " + std::to_string(shown - 1)),
            0U)
      << Refusal(evidence);
  // Out of the entries alone.
  evidence = Decoded(About(Ask::kRecord));
  std::erase_if(evidence.entries, [&](const EvidenceEntry& entry) { return entry.index == grade; });
  Prove(evidence);
  EXPECT_FALSE(Refusal(evidence).empty());
  // Closed.
  evidence = Decoded(About(Ask::kRecord));
  At(evidence, grade).opened.reset();
  EXPECT_NE(Refusal(evidence).find("is closed, and no erasure took it"), std::string::npos);
}

TEST_F(EvidenceTest, AnEventThatBearsOnTheAnswerMustBeOpened) {
  Evidence evidence = Decoded(About(Ask::kConsents));
  const LeafIndex informed = First(evidence, "consent.child_informed");
  EvidenceEntry& entry = At(evidence, informed);
  const events::BatchItem item = *entry.opened;
  entry.part = events::OpenPart(item.bytes, item.encoding, item.salt, *events::TypeSegment(item.bytes, item.encoding));
  entry.opened.reset();
  EXPECT_NE(Refusal(evidence).find("is of a type that bears on the answer (consent.child_informed)"), std::string::npos) << Refusal(evidence);
  // Another member in the place of the type.
  for (std::size_t i = 0; i < events::Segments(item.bytes, item.encoding).size(); ++i) {
    if (i == *events::TypeSegment(item.bytes, item.encoding)) continue;
    entry.part = events::OpenPart(item.bytes, item.encoding, item.salt, i);
    EXPECT_NE(Refusal(evidence).find("does not prove its type"), std::string::npos) << i;
  }
  // A type that the event does not have.
  entry.part = events::OpenPart(item.bytes, item.encoding, item.salt, *events::TypeSegment(item.bytes, item.encoding));
  entry.part->text = "\"type\":\"fi.oppiloki.attendance.marked.v1\",";
  EXPECT_NE(Refusal(evidence).find("is not of the event that the log commits to"), std::string::npos);
}

TEST_F(EvidenceTest, AnOmittedEntryOfTheAuditTrailIsMissed) {
  Evidence evidence = Decoded(About(Ask::kAudit));
  Hide(evidence, First(evidence, "access.read"));
  Prove(evidence);
  EXPECT_NE(Refusal(evidence).find("an event of the learner is left out"), std::string::npos);
}

TEST_F(EvidenceTest, AnAnswerFromAnOldRootIsFound) {
  const Evidence old = Decoded(About(Ask::kRecord));
  Take(Grade(kAino, 20, "5"));
  // The old answer under the new checkpoint.
  Evidence evidence = Decoded(About(Ask::kRecord));
  Evidence passed = evidence;
  passed.claim = old.claim;
  EXPECT_NE(Refusal(passed).find("the newest was asked for, and the answer is of an older state"), std::string::npos) << Refusal(passed);
  // The old map under the new checkpoint, for an answer that claims to know all.
  passed = old;
  passed.checkpoint = evidence.checkpoint;
  passed.claim.view.size = evidence.claim.view.size;
  Prove(passed);
  EXPECT_NE(Refusal(passed).find("what came between is not shown"), std::string::npos) << Refusal(passed);
  // The new map's key with the old map.
  passed = evidence;
  passed.identifiers = old.identifiers;
  EXPECT_NE(Refusal(passed).find("is not proved"), std::string::npos) << Refusal(passed);
  // As a question about the past it is true, and says so.
  Evidence past = old;
  past.claim.question.known_size = past.claim.view.size;
  EXPECT_TRUE(Verify(projections::EncodeEvidence(past)).ok());
}

TEST_F(EvidenceTest, ABackDatedEventIsNotInTheLog) {
  Evidence evidence = Decoded(About(Ask::kRecord));
  EvidenceEntry& entry = At(evidence, First(evidence, "grade.course_assessed"));
  ledger::Leaf leaf = ledger::DecodeLeaf(entry.leaf).value();
  leaf.recorded = Instant{leaf.recorded.micros - kMicrosPerDay};
  entry.leaf = ledger::EncodeLeaf(leaf);
  EXPECT_EQ(Refusal(evidence), "the entries are not those of the log that the checkpoint signs");
}

TEST_F(EvidenceTest, AnotherIdentifierOfTheLearnerMustBeThere) {
  Evidence evidence = Decoded(About(Ask::kRecord));
  ASSERT_EQ(evidence.identifiers.size(), 2U);
  std::set<LeafIndex> first(evidence.identifiers[0].streams[0].entries.begin(), evidence.identifiers[0].streams[0].entries.end());
  for (const LeafIndex index : evidence.identifiers[1].streams[0].entries)
    if (!first.contains(index)) Hide(evidence, index);
  evidence.identifiers.pop_back();
  // What only the hidden stream needed goes too.
  for (;;) {
    Prove(evidence);
    const std::string refusal = Refusal(evidence);
    const auto end = refusal.find(" is in the file for nothing");
    const auto batch = refusal.find("is no batch that events of the file name");
    if (end == std::string::npos && batch == std::string::npos) {
      EXPECT_EQ(refusal, "the learner has another identifier, whose stream is left out");
      break;
    }
    Hide(evidence, LeafIndex(std::stoull(refusal.substr(6))));
  }
}

TEST_F(EvidenceTest, AbsenceCannotBeBorrowed) {
  const Evidence nobody = Decoded(About(Ask::kRecord, kNobody));
  Evidence evidence = nobody;
  evidence.claim.question.learner = evidence.identifiers[0].name = tests::PersonId(kEero);
  EXPECT_NE(Refusal(evidence).find("what the log's map says of the learner is not proved"), std::string::npos);
  evidence = nobody;
  evidence.claim.question.learner = tests::PersonId(kEero);
  EXPECT_NE(Refusal(evidence).find("is not the learner that was asked about"), std::string::npos);
  // A stream that is somebody else's.
  evidence = Decoded(About(Ask::kRecord, kEero));
  evidence.identifiers[0].streams = Decoded(About(Ask::kRecord)).identifiers[0].streams;
  EXPECT_NE(Refusal(evidence).find("a stream in the file is not of the learner"), std::string::npos);
  evidence.identifiers[0].streams.clear();
  EXPECT_NE(Refusal(evidence).find("a stream of the learner is left out"), std::string::npos);
}

TEST_F(EvidenceTest, NothingIsThereForNothing) {
  Evidence evidence = Decoded(About(Ask::kRecord));
  const Evidence eero = Decoded(About(Ask::kRecord, kEero));
  for (const EvidenceEntry& entry : eero.entries) {
    if (!entry.opened) continue;
    Evidence more = evidence;
    more.entries.push_back(entry);
    std::sort(more.entries.begin(), more.entries.end(), [](const EvidenceEntry& a, const EvidenceEntry& b) { return a.index < b.index; });
    Prove(more);
    EXPECT_FALSE(Refusal(more).empty());
  }
}

TEST_F(EvidenceTest, WhatIsNoEvidenceIsRefusedWithoutReadingIt) {
  for (const std::string text : {"", "{", "[]", "null", "{}", "{\"format\":\"oppiloki-evidence/1\"}", "\xff\xfe"}) {
    const auto proved = Verify(text);
    ASSERT_FALSE(proved.ok()) << text;
    EXPECT_EQ(proved.error().code, Code::kInvalidArgument);
  }
}

// Mutants.

/// OPPI_MUTANTS: how many to try, default a few thousand. OPPI_MUTANTS_DIR: where to write them as well, for verifiers in
/// other languages: trust.policy, N.evidence, and expected.json with {"N.evidence": {"holds", "name"}}. In the folder
/// answers/ those that only fail because the answer, computed again, is another.
class Mutants {
 public:
  Mutants() {
    if (const char* limit = std::getenv("OPPI_MUTANTS")) limit_ = std::stoull(limit);
    if (const char* directory = std::getenv("OPPI_MUTANTS_DIR")) directory_ = directory;
    if (!directory_.empty()) std::filesystem::create_directories(directory_ + "/answers");
  }
  ~Mutants() {
    if (!directory_.empty()) std::ofstream(directory_ + "/expected.json") << expected_.dump(1);
  }
  Mutants(const Mutants&) = delete;
  Mutants& operator=(const Mutants&) = delete;
  [[nodiscard]] std::size_t limit() const { return limit_; }
  void Write(const std::string& name, const std::string& text, const Result<projections::Proved>& proved) {
    const std::size_t number = written_++;
    if (directory_.empty()) return;
    const bool answer = !proved.ok() && proved.error().message.starts_with("the answer ") &&
                        (proved.error().message.find("events give") != std::string::npos || proved.error().message.find("cannot be computed") != std::string::npos);
    const std::string file = (answer ? "answers/" : "") + std::to_string(number) + ".evidence";
    std::ofstream(directory_ + "/" + file, std::ios::binary) << text;
    expected_[file] = {{"holds", proved.ok()}, {"name", name}};
  }
  void WritePolicy(const std::string& text) {
    if (!directory_.empty()) std::ofstream(directory_ + "/trust.policy", std::ios::binary) << text;
  }

 private:
  std::size_t limit_ = 3000;
  std::size_t written_ = 0;
  std::string directory_;
  Json expected_ = Json::object();
};

TEST_F(EvidenceTest, EveryMutantIsRefused) {
  Mutants mutants;
  mutants.WritePolicy("log " + FormatVerifierKey(ledger.node().LogKey()) + "\nquorum none\n");
  std::map<std::string, std::string> files;
  for (const auto& [name, question] : Questions()) files[name] = EvidenceOf(question);
  const std::string request = Erased("S2");
  files["erasure"] = EvidenceOf(Certificate(request));
  files["record after an erasure"] = EvidenceOf(About(Ask::kRecord));

  std::size_t refused = 0;
  for (const auto& [name, file] : files) {
    const auto whole = Verify(file);
    ASSERT_TRUE(whole.ok()) << name;
    mutants.Write(name, file, whole);
    const auto check = [&](const tests::Mutant& mutant) {
      const auto proved = Verify(mutant.text);
      EXPECT_FALSE(proved.ok()) << name << ": " << mutant.name;
      EXPECT_TRUE(proved.ok() || !proved.error().message.empty());
      mutants.Write(name + ": " + mutant.name, mutant.text, proved);
      refused += proved.ok() ? 0 : 1;
    };
    for (const tests::Mutant& mutant : tests::Respelled(file)) check(mutant);
    // Every n-th, so that all parts of all files are reached.
    std::size_t total = 0;
    tests::ForEachMutant(file, [&](const tests::Mutant&) { return ++total != 0; });
    const std::size_t share = mutants.limit() / files.size() + 1;
    std::size_t number = 0;
    std::size_t taken = 0;
    tests::ForEachMutant(file, [&](const tests::Mutant& mutant) {
      if (number++ * share / total >= taken && taken < share) {
        ++taken;
        check(mutant);
      }
      return true;
    });
  }
  EXPECT_GE(refused + 500, std::min<std::size_t>(mutants.limit(), 3000));
  RecordProperty("mutants", static_cast<int>(refused));
  std::printf("%zu mutants of %zu files refused\n", refused, files.size());
}

}  // namespace
}  // namespace oppi::ops
