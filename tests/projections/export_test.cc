#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "projections/consent_atoms.h"
#include "projections/export/consent_record.h"
#include "projections/export/export_answer.h"
#include "projections/export/fhir_text.h"
#include "projections/export/identifiers.h"
#include "projections/rehearsal_ledger.h"
#include "projections/verifier.h"
#include "tests/projections/export_stories.h"
#include "tests/projections/random_story.h"

namespace oppi::projections {
namespace {

using nlohmann::json;
using tests::AskFor;
using tests::ExportStories;
using tests::ExportStory;
using tests::HostileNames;
using tests::MaySeeAll;
using tests::MaySeeRedacted;
using tests::PlainNames;

constexpr const char* kFormats[] = {"ts27560", "kantara", "fhir"};

Answer Export(const ExportStory& story, const Question& question,
              const Access& access = MaySeeAll()) {
  return ExportConsents(question, access, story.stream.facts(), *story.built, story.view());
}
json Document(const ExportStory& story, const std::string& format,
              const std::string& consent = "") {
  return json::parse(Export(story, AskFor(format, consent)).result);
}

ExportStory Find(const std::string& name, const tests::Names& names = PlainNames()) {
  for (ExportStory& story : ExportStories(names))
    if (story.name == name) return std::move(story);
  ADD_FAILURE() << "no story " << name;
  return {};
}

TEST(ExportIdentifiers, AreUrisWhateverTheTextHolds) {
  EXPECT_EQ(OppilokiUri("purpose", "ADAPT"), "urn:oppiloki:purpose:ADAPT");
  EXPECT_EQ(OppilokiUri("purpose", "a b/\xc3\xa4:"), "urn:oppiloki:purpose:a%20b%2F%C3%A4%3A");
  EXPECT_EQ(EventUri("019b1c00-0000-7000-8000-000000000001"),
            "urn:uuid:019b1c00-0000-7000-8000-000000000001");
  EXPECT_EQ(EventUri("019B1C00-0000-7000-8000-000000000001").substr(0, 19), "urn:oppiloki:event:");
  EXPECT_EQ(EventUri("c1"), "urn:oppiloki:event:c1");
  EXPECT_EQ(PersonUri("urn:oid:1.2.246.562.24.10482013375"), "urn:oid:1.2.246.562.24.10482013375");
  EXPECT_EQ(PersonUri("urn:oid:1.02"), "urn:oppiloki:person:urn%3Aoid%3A1.02");
  EXPECT_EQ(PersonUri("urn:oid:1.2\"x"), "urn:oppiloki:person:urn%3Aoid%3A1.2%22x");
  EXPECT_EQ(OrganisationUri("1.2.246.562.10.1"), "urn:oid:1.2.246.562.10.1");
  EXPECT_EQ(OrganisationUri("1..2"), "urn:oppiloki:organisation:1..2");
  EXPECT_EQ(OrganisationUri(""), "urn:oppiloki:organisation:");
  EXPECT_EQ(NoticeUri("N 1", "2"), "urn:oppiloki:notice:N%201:2");
  EXPECT_EQ(HashUri("sha256:" + std::string(64, '0')), "ni:///sha-256;" + std::string(43, 'A'));
  EXPECT_EQ(HashUri("sha256:12"), "");
  EXPECT_EQ(LanguageTag("sv"), "sv");
  EXPECT_EQ(LanguageTag("other"), "und");
  EXPECT_EQ(LanguageTag(""), "und");
}

TEST(ExportFhirText, KeepsToWhatThePrimitivesAllow) {
  EXPECT_EQ(FhirString("a\tb\n\"\xc3\xa4\""), "a\tb\n\"\xc3\xa4\"");
  EXPECT_EQ(FhirString("a\x01"), "a\xef\xbf\xbd");
  EXPECT_EQ(FhirString(" \xe2\x80\x83\xc2\xa0\t"), "");
  EXPECT_TRUE(IsFhirCode("two words"));
  for (const char* text : {"", " a", "a ", "a  b", "a\tb", "a\xc2\xa0", "\x7f"})
    EXPECT_FALSE(IsFhirCode(text)) << text;
  EXPECT_TRUE(IsFhirId("019b1c00-0000-7000-8000-000000000001"));
  EXPECT_FALSE(IsFhirId(std::string(65, 'a')));
  EXPECT_FALSE(IsFhirId("a_b"));
}

TEST(ConsentRecords, TellEveryStateWithItsReason) {
  for (const tests::Names& names : {PlainNames(), HostileNames()})
    for (const ExportStory& story : ExportStories(names)) {
      SCOPED_TRACE(story.name);
      const History history(tests::kLearner, *story.built, story.stream.facts(), story.view().size);
      const std::vector<ConsentRecord> records =
          RecordsOf(history, AskFor("fhir", story.consent), MaySeeAll(), story.view());
      if (story.consent.empty()) {
        EXPECT_TRUE(records.empty());
        continue;
      }
      ASSERT_EQ(records.size(), 1U);
      EXPECT_EQ(records[0].id(), story.consent);
      const ConsentPortion& portion = LeadingPortion(records[0]);
      EXPECT_EQ(ConsentStatusName(portion.status), ConsentStatusName(story.status));
      EXPECT_EQ(portion.reason, story.reason);
      EXPECT_TRUE(!InForce(portion.status) || portion.began.has_value());
    }
}

TEST(ConsentRecords, AConsentThatEndedInPartHasOnePortionForEachFate) {
  const ExportStory story = Find("partly-withdrawn");
  const History history(tests::kLearner, *story.built, story.stream.facts(), story.view().size);
  const auto records = RecordsOf(history, AskFor("fhir"), MaySeeAll(), story.view());
  ASSERT_EQ(records.size(), 1U);
  ASSERT_EQ(records[0].portions.size(), 3U);
  std::map<ConsentStatus, int> atoms;
  for (const ConsentPortion& portion : records[0].portions)
    atoms[portion.status] +=
        static_cast<int>(portion.recipients.size() * portion.categories.size());
  EXPECT_EQ(atoms[ConsentStatus::kWithdrawn], 1);
  EXPECT_EQ(atoms[ConsentStatus::kGiven], 3);
}

/// For histories that nobody thought of: the records say of every atom what the fold says.
TEST(ConsentRecords, PermitExactlyWhatTheFoldPermits) {
  int in_force = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    tests::RandomStory random(seed);
    const auto played = RehearsalLedger::Play(random.story());
    ASSERT_TRUE(played.ok()) << played.error().message;
    const RehearsalLedger& ledger = **played;
    const TreeSize size(ledger.log().size());
    const Facts stream = ledger.StreamOf("C1", size);
    const View view{random.SomeInstant(), size};
    const History history("C1", ledger.registry(), stream, size);
    Question question = AskFor("fhir");
    question.learner = "C1";
    const auto records = RecordsOf(history, question, MaySeeAll(), view);
    std::multiset<AtomKey> told;
    std::set<std::string> ids;
    for (const ConsentRecord& record : records) {
      EXPECT_TRUE(ids.insert(record.id()).second) << "one record for each consent";
      std::set<AtomKey> own;
      const std::string purpose(record.act->event.text("purpose"));
      for (const ConsentPortion& portion : record.portions)
        for (const std::string& recipient : portion.recipients)
          for (const std::string& category : portion.categories) {
            const AtomKey key{record.act->event.controller, purpose, recipient, category};
            EXPECT_TRUE(own.insert(key).second) << "an atom has one fate";
            if (!InForce(portion.status)) continue;
            const ConsentState state = StateOf(history, AtomOf(key), view.at);
            EXPECT_TRUE(InForce(state.status)) << ConsentStatusName(state.status);
            if (state.consent == record.grant) told.insert(key);
          }
      for (const AtomKey& key : AtomsNamedBy(*record.act, history, question, MaySeeAll(), view))
        EXPECT_TRUE(own.contains(key) || record.grant == nullptr);
    }
    for (const AtomKey& key : AtomsOf(history, question, MaySeeAll(), view)) {
      if (!InForce(StateOf(history, AtomOf(key), view.at).status)) continue;
      EXPECT_EQ(told.count(key), 1U) << "what is permitted is told by the consent that it rests on";
      ++in_force;
    }
  }
  EXPECT_GT(in_force, 100);
}

TEST(ExportConsents, OfFhirHasTheStatusOfEachState) {
  const std::map<std::string, std::string> expected = {
      {"requested", "draft"},      {"deferred", "draft"},
      {"pending", "draft"},        {"given", "active"},
      {"given-by-both", "active"}, {"renewed", "active"},
      {"replaced", "inactive"},    {"refused", "not-done"},
      {"withdrawn", "inactive"},   {"partly-withdrawn", "active"},
      {"revoked", "inactive"},     {"expired", "inactive"},
      {"superseded", "inactive"},  {"invalidated-from-the-start", "entered-in-error"},
      {"invalidated", "inactive"}, {"authority-ended", "inactive"},
      {"quarantined", "draft"},    {"released", "active"},
      {"suspect", "draft"},        {"stale-request", "not-done"},
      {"erased", "unknown"}};
  for (const ExportStory& story : ExportStories(PlainNames())) {
    if (story.consent.empty()) continue;
    const json consent = Document(story, "fhir", story.consent);
    EXPECT_EQ(consent.at("status"), expected.at(story.name)) << story.name;
    EXPECT_EQ(consent.at("decision"), "deny") << "what is not listed is not permitted";
    const std::string status = consent.at("status");
    EXPECT_EQ(consent.contains("provision"),
              status == "active" || status == "inactive" || status == "draft")
        << story.name;
  }
}

TEST(ExportConsents, OfFhirPermitsWhatWasGivenForAsLongAsItHolds) {
  const json given = Document(Find("given"), "fhir", tests::IdOf("given"));
  EXPECT_EQ(given.at("date"), "2026-01-07");
  EXPECT_EQ(given.at("period"),
            json::parse(R"({"start":"2026-01-07T08:00:00Z","end":"2027-01-07T08:00:00Z"})"));
  EXPECT_EQ(given.at("provision").size(), 1U);
  EXPECT_EQ(given.at("provision")[0].at("purpose")[0].at("code"), "ADAPT");
  EXPECT_EQ(given.at("provision")[0].at("code").size(), 2U);
  EXPECT_EQ(given.at("grantor")[0].at("type"), "RelatedPerson");
  EXPECT_EQ(given.at("grantor")[0].at("identifier").at("value"), tests::kGuardian);
  EXPECT_EQ(given.at("controller")[0].at("identifier").at("value"),
            "urn:oid:" + tests::kController);
  EXPECT_EQ(given.at("regulatoryBasis")[0].at("coding")[0].at("code"), "A6-1-a");
  const json withdrawn = Document(Find("withdrawn"), "fhir", tests::IdOf("given"));
  EXPECT_EQ(withdrawn.at("period").at("end"), "2026-01-08T08:00:00Z");
  EXPECT_EQ(withdrawn.at("meta").at("tag")[1].at("code"), "ConsentWithdrawn");
}

TEST(ExportConsents, OfTs27560TellsTheStatesAndWhoSaidSo) {
  const json receipt = Document(Find("withdrawn"), "ts27560", tests::IdOf("given"));
  EXPECT_EQ(receipt.at("@type"), "dpv:ConsentReceipt");
  const json& record = receipt.at("dpv:hasRecordOfActivity");
  EXPECT_EQ(record.at("@id"), "urn:uuid:" + tests::IdOf("given"));
  EXPECT_EQ(record.at("dpv:hasDataSubject").at("@id"), tests::kLearner);
  EXPECT_EQ(record.at("dpv:hasLegalBasis").at("@id"), "eu-gdpr:A6-1-a");
  EXPECT_EQ(record.at("dpv:hasJurisdiction").at("@id"), "loc:FI");
  EXPECT_EQ(record.at("dpv:hasNotice").at("dct:language").at("@value"), "fi");
  EXPECT_EQ(record.at("dpv:hasProcess")[0].at("dpv:hasConsentStatus").at("@type"),
            "dpv:ConsentWithdrawn");
  const json& events = record.at("dpv:hasConsentStatus");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].at("@type"), json::parse(R"(["dpv:ConsentGiven","dpv:ExpressedConsent"])"));
  EXPECT_EQ(events[1].at("@type"), "dpv:ConsentWithdrawn");
  EXPECT_EQ(events[1].at("dpv:isIndicatedBy").at("@type"), "dpv:GuardianOfDataSubject");
  EXPECT_EQ(events[1].at("dpv:hasIndicationMethod").at("@value"), "SPOKEN");
  EXPECT_EQ(events[1].at("dct:identifier").at("@value"), tests::IdOf("out"));
}

TEST(ExportConsents, NeverCallsGivenWhatNeverTookEffect) {
  for (const char* name : {"pending", "quarantined", "suspect", "stale-request",
                           "invalidated-from-the-start", "refused", "erased"}) {
    const ExportStory story = Find(name);
    EXPECT_EQ(Export(story, AskFor("ts27560")).result.find("ConsentGiven"), std::string::npos)
        << name;
  }
}

TEST(ExportConsents, OfKantaraIsAReceiptForWhoGave) {
  const json receipt = Document(Find("given"), "kantara", tests::IdOf("given"));
  EXPECT_EQ(receipt.at("version"), "KI-CR-v1.1.0");
  EXPECT_EQ(receipt.at("jurisdiction"), "FI");
  EXPECT_EQ(receipt.at("consentTimestamp"), 1767772800);
  EXPECT_EQ(receipt.at("consentReceiptID"), tests::IdOf("given"));
  EXPECT_EQ(receipt.at("piiPrincipalId"), tests::kLearner);
  EXPECT_EQ(receipt.at("language"), "fi");
  EXPECT_EQ(receipt.at("sensitive"), true);
  EXPECT_EQ(receipt.at("spiCat"), json::parse(R"(["LOC"])"));
  const json& purpose = receipt.at("services")[0].at("purposes")[0];
  EXPECT_EQ(purpose.at("termination"), "2027-01-07T08:00:00Z");
  EXPECT_EQ(purpose.at("thirdPartyName"), "V1, V2");
  EXPECT_EQ(Document(Find("refused"), "kantara"), json::array());
  EXPECT_EQ(Document(Find("refused"), "kantara", tests::IdOf("no")), json());
  const json over = Document(Find("withdrawn"), "kantara");
  EXPECT_EQ(over[0].at("services")[0].at("purposes")[0].at("termination"),
            "WITHDRAWN 2026-01-08T08:00:00Z");
}

TEST(ExportConsents, SayNothingOfAConsentThatTheAskerCannotSee) {
  const ExportStory story = Find("given");
  for (const char* format : kFormats) {
    EXPECT_EQ(Export(story, AskFor(format, tests::IdOf("nobody's"))).result, "null");
    Access other = MaySeeAll();
    other.controller = "1.2.246.562.10.1";
    EXPECT_EQ(Export(story, AskFor(format, tests::IdOf("given")), other).result, "null");
    const Answer none = Export(story, AskFor(format), other);
    EXPECT_EQ(none.count, 0U);
    EXPECT_TRUE(none.items.empty());
    EXPECT_EQ(none.result.find(tests::kController), std::string::npos);
  }
}

TEST(ExportConsents, NarrowAsTheQuestionDoes) {
  const ExportStory story = Find("given");
  Question question = AskFor("fhir", tests::IdOf("given"));
  question.recipient = "V2";
  question.categories = {"LOC"};
  const json consent = json::parse(Export(story, question).result);
  EXPECT_EQ(consent.at("provision")[0].at("actor").size(), 1U);
  EXPECT_EQ(consent.at("provision")[0].at("code").size(), 1U);
  question.purpose = "IMG";
  EXPECT_EQ(Export(story, question).result, "null");
}

TEST(ExportConsents, UnderAProtectionOrderTellNoPlace) {
  for (const ExportStory& story : ExportStories(PlainNames()))
    for (const char* format : kFormats)
      for (const std::string& consent : {std::string(), story.consent}) {
        const Answer answer = Export(story, AskFor(format, consent), MaySeeRedacted());
        for (const std::string& place :
             {tests::kController, std::string("N1"), std::string("A6-1-a")})
          EXPECT_EQ(answer.result.find(place), std::string::npos)
              << story.name << " " << format << " tells " << place;
        EXPECT_TRUE(answer.items.empty());
        ASSERT_EQ(answer.redactions.size(), 1U);
        EXPECT_EQ(answer.redactions[0], (Redaction{"PROTECTION", answer.count}));
      }
}

TEST(ExportConsents, KeepHostileNamesInTheirPlace) {
  const tests::Names names = HostileNames();
  const ExportStory story = Find("given", names);
  const json receipt = Document(story, "kantara", story.consent);
  const json& purpose = receipt.at("services")[0].at("purposes")[0];
  EXPECT_EQ(purpose.at("purpose"), names.purpose);
  EXPECT_EQ(purpose.at("thirdPartyName"), names.recipient + ", " + names.other_recipient);
  const json record = Document(story, "ts27560", story.consent).at("dpv:hasRecordOfActivity");
  EXPECT_EQ(record.at("dpv:hasProcess")[0].at("dpv:hasPurpose").at("dct:identifier").at("@value"),
            names.purpose);
  const json consent = Document(story, "fhir", story.consent);
  for (const json& actor : consent.at("provision")[0].at("actor"))
    EXPECT_EQ(
        actor.at("reference").at("identifier").at("value").get<std::string>().find_first_of(" \"<"),
        std::string::npos);
}

TEST(ExportConsents, AreWhatTheDeskAndTheVerifierCompute) {
  const ExportStory story = Find("withdrawn");
  const auto computed = ComputeAnswer(AskFor("ts27560"), MaySeeAll(), story.stream.facts(),
                                      story.registry.facts(), story.view());
  ASSERT_TRUE(computed.ok());
  const Answer answer = Export(story, AskFor("ts27560"));
  EXPECT_EQ(computed->result, answer.result);
  EXPECT_EQ(computed->count, 1U);
  EXPECT_EQ(computed->items, answer.items);
}

Question AuditQuestion(const std::string& learner) {
  Question question = AskFor("fhir");
  question.ask = Ask::kAudit;
  question.learner = learner;
  return question;
}

TEST(ExportAudit, IsOneAuditEventForEachEntry) {
  const ExportStory story = tests::AuditStory(PlainNames());
  const Question question = AuditQuestion(tests::kLearner);
  const Answer answer = ExportAudit(question, MaySeeAll(), story.stream.facts(), story.view());
  const json bundle = json::parse(answer.result);
  ASSERT_EQ(bundle.at("entry").size(), 6U);
  EXPECT_EQ(answer.count, 6U);
  EXPECT_EQ(answer.items.size(), 6U);
  const json& read = bundle.at("entry")[0].at("resource");
  EXPECT_EQ(read.at("meta").at("profile")[0],
            "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead");
  EXPECT_EQ(read.at("agent")[2].at("who").at("identifier").at("value"), "teacher1");
  EXPECT_EQ(read.at("agent")[2].at("requestor"), true);
  EXPECT_EQ(read.at("purposeOfEvent")[0].at("text"), "request 31/2026");
  EXPECT_EQ(read.at("entity")[0].at("what").at("identifier").at("value"), tests::kLearner);
  EXPECT_EQ(answer.result.find(tests::kGuardian), std::string::npos)
      << "the other person of a bulk read";
  const auto computed =
      ComputeAnswer(question, MaySeeAll(), story.stream.facts(), {}, story.view());
  ASSERT_TRUE(computed.ok());
  EXPECT_EQ(computed->result, answer.result);
}

TEST(ExportAudit, OfAnActorHasOneForEachPerson) {
  const ExportStory story = tests::AuditStory(PlainNames());
  Question question = AuditQuestion("");
  question.actor = "teacher1";
  const json bundle =
      json::parse(ExportAudit(question, MaySeeAll(), story.stream.facts(), story.view()).result);
  std::set<std::string> urls;
  std::set<std::string> persons;
  for (const json& entry : bundle.at("entry")) {
    urls.insert(entry.at("fullUrl"));
    persons.insert(entry.at("resource").at("entity")[0].at("what").at("identifier").at("value"));
  }
  EXPECT_EQ(urls.size(), 5U);
  EXPECT_EQ(persons, (std::set<std::string>{tests::kLearner, tests::kGuardian}));
}

TEST(ExportAudit, UnderAProtectionOrderTellsTheDayAndNoMore) {
  const ExportStory story = tests::AuditStory(PlainNames());
  const Answer answer = ExportAudit(AuditQuestion(tests::kLearner), MaySeeRedacted(),
                                    story.stream.facts(), story.view());
  EXPECT_EQ(answer.count, 6U);
  EXPECT_TRUE(answer.items.empty());
  for (const Fact& fact : story.stream.facts()) {
    EXPECT_EQ(answer.result.find(fact.event.id), std::string::npos);
    EXPECT_EQ(answer.result.find(fact.event.source), std::string::npos);
    EXPECT_EQ(answer.result.find(FormatInstant(fact.recorded)), std::string::npos);
  }
  for (const char* told : {"teacher1", "Koulu", "V1", "request 31", "P1", "sha-256"})
    EXPECT_EQ(answer.result.find(told), std::string::npos) << told;
  const json bundle = json::parse(answer.result);
  EXPECT_EQ(bundle.at("entry")[0].at("resource").at("period").at("start"), "2026-01-06");
  EXPECT_FALSE(bundle.at("entry")[0].at("resource").contains("recorded"));
}

}  // namespace
}  // namespace oppi::projections
