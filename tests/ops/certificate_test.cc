#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "events/ids.h"
#include "ledger/tlog_policy.h"
#include "projections/verifier.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"
#include "tests/support/sealed_claim.h"

/// The certificate of erasure: what it proves, and that no part of it can be dropped or changed.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using Json = nlohmann::ordered_json;
using projections::Asker;
using projections::Question;

constexpr std::uint64_t kAino = 4711;
constexpr std::uint64_t kEero = 4712;
const Asker kOfficer{"dpo@example.fi", "DPO", "*", "EDU"};

class CertificateTest : public ::testing::Test {
 protected:
  CertificateTest() {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("anna", "DPO");
    ledger.Register("bertta", "DPO");
    Take(SchoolEvent(EventType::kIdentityLearnerRegistered, kAino, 1));
    for (std::uint64_t n = 2; n < 6; ++n)
      Take(SchoolEvent(EventType::kAttendanceMarked, kAino, n).SetText("lesson", "CANARY"));
    Take(SchoolEvent(EventType::kSupportConductNoted, kAino, 6));
    Take(SchoolEvent(EventType::kAttendanceMarked, kEero, 7));
  }
  void Take(const Event& event) {
    const auto report = ledger.Publish("sis", {event});
    ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
  }
  std::string Requested(const std::string& class_name) {
    const auto state = ledger.node().erasures().Request(
        {tests::PersonId(kAino), {}, {class_name}, {}, "REQUEST", false}, {"anna", nullptr});
    EXPECT_TRUE(state.ok()) << state.error().message;
    return state.ok() ? Json::parse(*state)["request"].get<std::string>() : std::string();
  }
  std::string Erased(const std::string& class_name) {
    const std::string id = Requested(class_name);
    const auto decided = ledger.node().erasures().Decide(id, true, "GDPR 17", {"bertta", nullptr});
    EXPECT_TRUE(decided.ok()) << decided.error().message;
    const auto run = ledger.node().erasures().Run();
    EXPECT_TRUE(run.ok()) << run.error().message;
    return id;
  }
  static Question About(const std::string& request) {
    Question question;
    question.ask = projections::Ask::kErasure;
    question.request = request;
    question.evidence = true;
    return question;
  }
  Json Certificate(const std::string& request, const Asker& asker = kOfficer) {
    const auto answer = ledger.node().desk().Answer(About(request), asker);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? Json::parse(*answer)["evidence"] : Json();
  }
  Result<projections::Proved> Verify(const Json& evidence, bool complete = true) {
    return projections::VerifyEvidence(tests::Sealed(evidence),
                                       ledger::PolicyOf(ledger.node().LogKey()), {complete});
  }
  static bool Says(const projections::Proved& proved, const std::string& words) {
    return std::any_of(proved.begin(), proved.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }

  TempLedger ledger{true, 0};
};

TEST_F(CertificateTest, SaysWhatWasErasedWhenAndByWhom) {
  const Json certificate = Certificate(Erased("S2"));
  const auto proved = Verify(certificate);
  ASSERT_TRUE(proved.ok()) << proved.error().message;
  EXPECT_TRUE(
      Says(*proved, "events of classes S2 of this learner, 4 entries at these positions: "));
  EXPECT_TRUE(Says(*proved, "by order of anna decided by bertta"));
  EXPECT_TRUE(Says(*proved, "4 of them are erased: their place in the log is proved"));
  EXPECT_TRUE(Says(*proved, "the ledger says that it looked at its stores again"));
  EXPECT_EQ(certificate.dump().find("CANARY"), std::string::npos);
  const Json result = Json::parse(certificate["claim"]["result"].get<std::string>());
  EXPECT_EQ(result["positions"].size(), 4U);
  EXPECT_EQ(result["keys"], Json::parse(R"(["S2 rotated"])")) << "who the learner is stays";
}

TEST_F(CertificateTest, EachOfSeveralErasuresHasItsOwnEntries) {
  const std::string first = Erased("S2");
  const std::string second = Erased("S3");
  for (const auto& [id, words] : {std::pair{first, "of classes S2 of this learner, 4 entries"},
                                  {second, "of classes S3 of this learner, 1 entries"}}) {
    const auto proved = Verify(Certificate(id));
    ASSERT_TRUE(proved.ok()) << proved.error().message;
    EXPECT_TRUE(Says(*proved, words)) << words;
  }
}

TEST_F(CertificateTest, ARequestThatIsNotCarriedOutSaysSo) {
  const auto proved = Verify(Certificate(Requested("S2")));
  ASSERT_TRUE(proved.ok()) << proved.error().message;
  EXPECT_TRUE(Says(*proved, "not carried out: its status is REQUESTED"));
}

TEST_F(CertificateTest, WithoutAnyOneOfItsEntriesItDoesNotHold) {
  const Json whole = Certificate(Erased("S2"));
  ASSERT_TRUE(Verify(whole).ok());
  // Beside these there are public events of the registry, and of those only the keys that signed
  // are needed.
  const std::vector<std::uint64_t> positions =
      Json::parse(whole["claim"]["result"].get<std::string>())["positions"];
  std::size_t needed = 0;
  for (std::size_t i = 0; i < whole["entries"].size(); ++i) {
    const Json& entry = whole["entries"][i];
    const std::string type =
        entry.contains("event")
            ? Json::parse(entry["event"].get<std::string>())["type"].get<std::string>()
            : "";
    const bool covered =
        std::count(positions.begin(), positions.end(), entry["index"].get<std::uint64_t>()) == 1;
    if (!covered && !type.starts_with("fi.oppiloki.erasure.")) continue;
    ++needed;
    Json less = whole;
    less["entries"].erase(i);
    EXPECT_FALSE(Verify(less).ok()) << type << " at " << entry["index"];
  }
  EXPECT_EQ(needed, 4U + 4U);  // covered; requested, decided, executed, verified
}

TEST_F(CertificateTest, WithAnyPartAlteredItDoesNotHold) {
  const std::string id = Erased("S2");
  const std::string other = Erased("S3");
  const Json whole = Certificate(id);
  ASSERT_TRUE(Verify(whole).ok());
  const auto refused = [&](const char* what, auto&& alter) {
    Json altered = whole;
    alter(altered);
    ASSERT_NE(altered, whole) << what;
    EXPECT_FALSE(Verify(altered).ok()) << what;
  };
  // Each member of the result.
  const Json stated = Json::parse(whole["claim"]["result"].get<std::string>());
  for (const auto& [name, value] : stated.items()) {
    const std::string member = name;
    refused(member.c_str(), [&](Json& c) {
      Json result = Json::parse(c["claim"]["result"].get<std::string>());
      result[member] = "another";
      c["claim"]["result"] = result.dump();
    });
    refused(member.c_str(), [&](Json& c) {
      Json result = Json::parse(c["claim"]["result"].get<std::string>());
      result.erase(member);
      c["claim"]["result"] = result.dump();
    });
  }
  refused("count", [](Json& c) { c["claim"]["count"] = 3; });
  refused("request", [&](Json& c) { c["claim"]["inputs"]["request"] = other; });
  refused("learner", [](Json& c) { c["claim"]["inputs"]["learner"] = tests::PersonId(kEero); });
  refused("no learner", [](Json& c) { c["claim"]["inputs"].erase("learner"); });
  refused("view", [](Json& c) { c["claim"]["view"]["size"] = 5; });
  refused("controller", [](Json& c) { c["claim"]["access"]["controller"] = events::OrganisationOid(88); });
  refused("checkpoint",
          [](Json& c) { c["checkpoint"] = c["checkpoint"].get<std::string>() + "x"; });
  refused("node", [](Json& c) { c["nodes"].erase(0); });
  refused("no covered", [](Json& c) { c["erasures"] = Json::array(); });
  refused("fewer covered", [](Json& c) { c["erasures"][0]["covered"].erase(0); });
  refused("another execution", [](Json& c) {
    c["erasures"][0]["execution"] = c["erasures"][0]["execution"].get<std::uint64_t>() - 1;
  });
  // Each entry: its bytes, itself, its event.
  for (std::size_t i = 0; i < whole["entries"].size(); ++i) {
    refused("leaf", [&](Json& c) {
      std::string leaf = c["entries"][i]["leaf"];
      leaf[10] = leaf[10] == 'A' ? 'B' : 'A';
      c["entries"][i]["leaf"] = leaf;
    });
    refused("entry", [&](Json& c) { c["entries"].erase(i); });
    if (!whole["entries"][i].contains("event")) continue;
    refused("event", [&](Json& c) {
      c["entries"][i]["event"] = c["entries"][i]["event"].get<std::string>() + " ";
    });
    refused("salt", [&](Json& c) {
      c["entries"][i].erase("salt");
      c["entries"][i].erase("event");
    });
  }
  // Entries of the other erasure beside its own.
  refused("entries of another erasure", [&](Json& c) {
    std::map<std::uint64_t, Json> entries;
    for (const Json& more : {c, Certificate(other)})
      for (const Json& entry : more["entries"])
        entries.emplace(entry["index"].get<std::uint64_t>(), entry);
    c["entries"] = Json::array();
    for (const auto& [index, entry] : entries) c["entries"].push_back(entry);
  });
}

/// Two learners share an event; one is erased. The other still reads it, and the certificate does
/// not.
TEST_F(CertificateTest, WhatOthersStillReadIsNotOpenedInIt) {
  Event shared = SchoolEvent(EventType::kGuardianshipEstablished, kAino, 8);
  shared.other_subjects = {tests::PersonId(kEero)};
  shared.valid_from = Instant{shared.time.micros - 2 * kMicrosPerDay};
  shared.valid_to = Instant{shared.time.micros - kMicrosPerDay};
  shared.correlation = "SHARED-CANARY";
  Take(shared);
  const std::string id = Erased(std::string(events::SensitivityName(shared.sensitivity)));
  const Json certificate = Certificate(id);
  const auto proved = Verify(certificate);
  ASSERT_TRUE(proved.ok()) << proved.error().message;
  EXPECT_EQ(Json::parse(certificate["claim"]["result"].get<std::string>())["shared_remaining"], 1);
  EXPECT_EQ(certificate.dump().find("SHARED-CANARY"), std::string::npos);
  // Nor in any other evidence about the learner.
  Question record;
  record.ask = projections::Ask::kRecord;
  record.learner = tests::PersonId(kAino);
  record.evidence = true;
  const auto answer = ledger.node().desk().Answer(record, kOfficer);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->find("SHARED-CANARY"), std::string::npos);
  EXPECT_TRUE(Verify(Json::parse(*answer)["evidence"]).ok());
  record.learner = tests::PersonId(kEero);
  const auto others = ledger.node().desk().Answer(record, kOfficer);
  ASSERT_TRUE(others.ok());
  EXPECT_NE(others->find("SHARED-CANARY"), std::string::npos);
}

TEST_F(CertificateTest, RecipientsAcknowledge) {
  Event disclosed = SchoolEvent(EventType::kAccessDisclosed, kAino, 9);
  disclosed.SetText("recipient", "V1");
  const auto sent = ledger.Publish("sis", {disclosed});
  ASSERT_EQ(sent.Count(events::Outcome::kAccepted), 1U) << ReportJson(sent);
  const std::string id = Erased("S2");
  const auto recipients = [&] {
    return Json::parse(Certificate(id)["claim"]["result"].get<std::string>())["recipients"];
  };
  ASSERT_EQ(recipients().size(), 1U);
  EXPECT_EQ(recipients()[0]["status"], "TO_TELL");
  const std::string execution =
      Json::parse(Certificate(id)["claim"]["result"].get<std::string>())["execution"];
  ledger.Register("v1", "VENDOR");
  for (const char* who : {"V2", "V1"}) {
    Event told = SchoolEvent(EventType::kAccessStopAcknowledged, kAino,
                             *who == 'V' && who[1] == '1' ? 11 : 10);
    told.time = ledger.node().clock().Now();
    told.SetText("withdrawal", execution).SetText("recipient", who);
    const auto report = ledger.Publish("v1", {told});
    ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U) << ReportJson(report);
    EXPECT_EQ(recipients()[0]["status"], who[1] == '1' ? "ACKNOWLEDGED" : "TO_TELL");
  }
  const auto proved = Verify(Certificate(id));
  ASSERT_TRUE(proved.ok()) << proved.error().message;
  EXPECT_TRUE(Says(*proved, "V1, acknowledged on "));
}

/// An event has room for so many; nobody is left out silently.
TEST_F(CertificateTest, SaysWhenThereAreMoreRecipientsThanItCanName) {
  for (std::uint64_t n = 0; n < 70; ++n) {
    Event disclosed = SchoolEvent(EventType::kAccessDisclosed, kAino, 100 + n);
    disclosed.SetText("recipient", "V" + std::to_string(100 + n));
    ASSERT_EQ(ledger.Publish("sis", {disclosed}).Count(events::Outcome::kAccepted), 1U);
  }
  const Json certificate = Certificate(Erased("S2"));
  ASSERT_TRUE(Verify(certificate).ok());
  const Json recipients = Json::parse(certificate["claim"]["result"].get<std::string>())["recipients"];
  const std::string last = recipients.back()["recipient"];
  EXPECT_EQ(last, std::to_string(70 - (recipients.size() - 1)) + " others, whom the trail names");
}

/// While a hold keeps what is to be erased, it is there for the case and for nothing else.
class HeldTest : public CertificateTest {
 protected:
  Json Ask(const Question& question, const Asker& asker) {
    const auto answer = ledger.node().desk().Answer(question, asker);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  bool Reads(const Asker& asker) {
    return Ask(record, asker).dump().find("CANARY") != std::string::npos;
  }
  /// The hold's id, after which an erasure of the class was requested and accepted.
  std::string Deferred(const std::string& class_name) {
    const auto hold = desk.SetHold(
        {tests::PersonId(kAino), {}, {class_name}, "LITIGATION", "1/2026"}, {"anna", nullptr});
    EXPECT_TRUE(hold.ok()) << hold.error().message;
    request = Requested(class_name);
    EXPECT_TRUE(Reads(teacher)) << "nobody has decided yet";
    EXPECT_TRUE(desk.Decide(request, true, "", {"bertta", nullptr}).ok());
    return Json::parse(*hold)["hold"];
  }
  static Question RecordOfAino() {
    Question question;
    question.ask = projections::Ask::kRecord;
    question.learner = tests::PersonId(kAino);
    return question;
  }

  consumers::ErasureDesk& desk = ledger.node().erasures();
  const Asker teacher{"t", "TEACHER", events::OrganisationOid(7), "TEACHING"};
  Question record = RecordOfAino();
  std::string request;
};

TEST_F(HeldTest, WhatIsHeldIsUnreadableForOtherPurposes) {
  const Json before = Ask(record, teacher);
  const std::uint64_t size_before = before["view"]["size"];
  const std::string hold = Deferred("S2");
  const Json held = Ask(record, teacher);
  EXPECT_EQ(held.dump().find("CANARY"), std::string::npos);
  EXPECT_EQ(held["count"], before["count"]);
  ASSERT_EQ(held["result"]["held"].size(), 4U);
  for (const Json& item : held["result"]["held"]) {
    EXPECT_EQ(item["status"], "HELD");
    EXPECT_EQ(item["by"], hold);
    EXPECT_EQ(item.size(), 4U) << item;
  }
  record.known_size = TreeSize(size_before);
  EXPECT_FALSE(Reads(teacher)) << "asking for an earlier size opens nothing";
  record.known_size.reset();
  EXPECT_TRUE(Reads(kOfficer));
  record.evidence = true;
  const auto evidence = ledger.node().desk().Answer(record, teacher);
  ASSERT_FALSE(evidence.ok());
  EXPECT_EQ(evidence.error().message.rfind("EVIDENCE_NOT_ALLOWED", 0), 0U);
  EXPECT_TRUE(Verify(Ask(record, kOfficer)["evidence"]).ok());
}

TEST_F(HeldTest, WhatAHoldKeptStaysClosedUntilItIsErased) {
  const std::string hold = Deferred("S2");
  ASSERT_TRUE(desk.ReleaseHold(hold, {"anna", nullptr}).ok());
  EXPECT_FALSE(Reads(teacher)) << "it goes in some days";
  // Called off, it is nobody's to be kept any more.
  ASSERT_TRUE(desk.Decide(request, false, "", {"bertta", nullptr}).ok());
  EXPECT_TRUE(Reads(teacher));
}

TEST_F(HeldTest, AHoldAloneClosesNothing) {
  ASSERT_TRUE(
      desk.SetHold({tests::PersonId(kAino), {}, {"S2"}, "LITIGATION", "1/2026"}, {"anna", nullptr})
          .ok());
  EXPECT_TRUE(Reads(teacher));
}

TEST_F(HeldTest, ConsentsThatAreHeldAreForOfficersAlone) {
  Take(SchoolEvent(EventType::kConsentChildInformed, kAino, 12));
  const Asker staff{"s", "STAFF", events::OrganisationOid(7), "EDU"};
  Question consents = record;
  consents.ask = projections::Ask::kConsents;
  consents.controller = events::OrganisationOid(7);
  (void)Ask(consents, staff);
  (void)Deferred("C");
  for (const projections::Ask ask : {projections::Ask::kConsents, projections::Ask::kTimeline}) {
    consents.ask = ask;
    const auto refused = ledger.node().desk().Answer(consents, staff);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
    EXPECT_EQ(refused.error().message.rfind("HELD", 0), 0U) << refused.error().message;
    (void)Ask(consents, kOfficer);
  }
  EXPECT_TRUE(Reads(teacher)) << "another class";
}

TEST_F(CertificateTest, OnlyOfficersOfTheControllerAndAuditorsGetOne) {
  const std::string id = Erased("S2");
  const std::string operators = events::OrganisationOid(1);
  for (const Asker& asker :
       {Asker{"x", "TEACHER", operators, "EDU"}, Asker{"x", "STAFF", operators, "EDU"},
        Asker{"x", "SYSTEM", "*", "EDU"}, Asker{"x", "AUDITOR", "*", "EDU"},
        Asker{"x", "DPO", events::OrganisationOid(88), "EDU"},
        Asker{tests::PersonId(kAino), "LEARNER", operators, "EDU"}}) {
    const auto answer = ledger.node().desk().Answer(About(id), asker);
    ASSERT_FALSE(answer.ok()) << asker.role;
    EXPECT_EQ(answer.error().code, Code::kPermissionDenied) << asker.role;
  }
  const Json bound = Certificate(id, {"d", "DPO", operators, "EDU"});
  EXPECT_TRUE(Verify(bound, false).ok());
  EXPECT_FALSE(Verify(bound).ok()) << "who may see one controller's events sees no whole stream";
  // A controller that holds something on the learner, but is not responsible for this erasure.
  const Asker school{"s", "DPO", events::OrganisationOid(7), "EDU"};
  Question about = About(id);
  EXPECT_EQ(
      ledger.node().desk().Answer(about, school).error().message.rfind("EVIDENCE_NOT_ALLOWED", 0),
      0U);
  about.evidence = false;
  EXPECT_EQ(ledger.node().desk().Answer(about, school).error().message.rfind("REQUEST_UNKNOWN", 0),
            0U);
}

}  // namespace
}  // namespace oppi::ops
