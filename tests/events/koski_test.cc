#include "events/codec/koski.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "events/digest.h"
#include "tests/support/shared_data.h"

namespace oppi::events {
namespace {

using tests::DataPath;
using tests::ExpectPublishable;
using tests::ExpectSame;
using tests::ReadStored;
using tests::TestPublisher;

const Event* FindEvent(const Translated& translated, EventType type, std::size_t nth = 0) {
  for (const Event& event : translated.events)
    if (event.type == type && nth-- == 0) return &event;
  return nullptr;
}

std::size_t Count(const Translated& translated, EventType type) {
  return static_cast<std::size_t>(
      std::count_if(translated.events.begin(), translated.events.end(),
                    [type](const Event& event) { return event.type == type; }));
}

void ExpectKept(const Translated& translated, const Bytes& document) {
  const std::string digest = HashOf(document).hex();
  ASSERT_EQ(translated.attachments.size(), 1u);
  EXPECT_EQ(translated.attachments[0].bytes, document);
  for (const Event& event : translated.events) {
    EXPECT_EQ(event.correlation, digest);
    EXPECT_EQ(event.subject, translated.attachments[0].subject);
  }
}

TEST(Koski, TranslatesEveryDocumentOfSixYears) {
  const std::string name = "koski/koski-backwardcompatibility-656.tar.xz";
  OPPI_NEEDS_DATA(name);
  const auto files = ReadStored(DataPath(name));
  ASSERT_EQ(files.size(), 656u);
  std::map<Bytes, std::string> seen;
  std::vector<Event> events;
  std::map<EventType, std::size_t> types;
  for (const auto& [file, bytes] : files) {
    const Translated translated = TranslateKoski(bytes, 0, TestPublisher());
    ASSERT_FALSE(translated.refused) << file << ": " << Describe(*translated.refused);
    EXPECT_GE(translated.events.size(), 1u) << file;
    ExpectKept(translated, bytes);
    ExpectSame(translated, TranslateKoski(bytes, 9, TestPublisher()));
    if (!seen.emplace(bytes, file).second) continue;  // the same version under a second date
    events.insert(events.end(), translated.events.begin(), translated.events.end());
    for (const Event& event : translated.events) ++types[event.type];
  }
  ExpectPublishable(events);
  for (const EventType type : {EventType::kIdentityLearnerRegistered, EventType::kStudyrightGranted,
                               EventType::kStudyrightStateChanged,
                               EventType::kStudyrightClassPlaced, EventType::kStudyrightYearDecided,
                               EventType::kTeachingMembershipSet, EventType::kGradeSubjectFinal,
                               EventType::kGradeCourseAssessed, EventType::kGradeVerbalAssessed,
                               EventType::kGradeCreditRecognised, EventType::kCertificateIssued})
    EXPECT_GT(types[type], 0u) << InfoOf(type).name;
}

TEST(Koski, TranslatesEveryNewestExample) {
  OPPI_NEEDS_DATA("koski/examples");
  std::size_t documents = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DataPath("koski/examples"))) {
    const auto files = ReadStored(entry.path());
    ASSERT_EQ(files.size(), 1u);
    const Translated translated = TranslateKoski(files[0].bytes, 0, TestPublisher());
    ASSERT_FALSE(translated.refused) << entry.path() << ": " << Describe(*translated.refused);
    EXPECT_GE(translated.events.size(), 1u) << entry.path();
    ExpectKept(translated, files[0].bytes);
    ExpectPublishable(translated.events);
    std::set<std::string_view> certificates;
    for (const Event& event : translated.events) {
      if (event.type != EventType::kCertificateIssued) continue;
      EXPECT_TRUE(certificates.insert(event.text("certificate")).second)
          << entry.path() << ' ' << event.text("certificate");
    }
    ++documents;
  }
  EXPECT_EQ(documents, 77u);
}

/// A small document with one of everything; the people in it are invented.
std::string Document(const std::string& person =
                         R"({"hetu":"010101-123N","kutsumanimi":"Aino","sukunimi":"Esimerkki"})",
                     const std::string& head = "") {
  return R"({"henkilö":)" + person + R"(,"opiskeluoikeudet":[{)" + head +
         R"("oppilaitos":{"oid":"1.2.246.562.10.14613773812"},"alkamispäivä":"2014-08-15",
  "tyyppi":{"koodiarvo":"perusopetus"},
  "tila":{"opiskeluoikeusjaksot":[{"alku":"2014-08-15","tila":{"koodiarvo":"lasna"}},
                                  {"alku":"2015-06-01","tila":{"koodiarvo":"valmistunut"}}]},
  "suoritukset":[{"tyyppi":{"koodiarvo":"perusopetuksenvuosiluokka"},"luokka":"8C","jääLuokalle":false,
    "alkamispäivä":"2014-08-15","koulutusmoduuli":{"tunniste":{"koodiarvo":"8","koodistoUri":"perusopetuksenluokkaaste"}},
    "vahvistus":{"päivä":"2015-05-30","myöntäjäHenkilöt":[{"nimi":"Reijo Reksi"}]},
    "osasuoritukset":[
      {"tyyppi":{"koodiarvo":"perusopetuksenoppiaine"},"yksilöllistettyOppimäärä":true,
       "koulutusmoduuli":{"tunniste":{"koodiarvo":"MA","koodistoUri":"koskioppiaineetyleissivistava"}},
       "arviointi":[{"arvosana":{"koodiarvo":"9","koodistoUri":"arviointiasteikkoyleissivistava"},
                     "kuvaus":{"fi":"Laskee varmasti."}}]},
      {"tyyppi":{"koodiarvo":"lukionkurssi"},
       "koulutusmoduuli":{"tunniste":{"koodiarvo":"MAA1"},"laajuus":{"arvo":1.50}},
       "arviointi":[{"päivä":"2015-02-01","arvosana":{"koodiarvo":"10","koodistoUri":"arviointiasteikkoyleissivistava"}}]},
      {"tyyppi":{"koodiarvo":"lukionkurssi"},
       "koulutusmoduuli":{"tunniste":{"koodiarvo":"MAA2"}},
       "tunnustettu":{"selite":{"fi":"Suoritettu toisessa lukiossa"}},
       "arviointi":[{"arvosana":{"koodiarvo":"8","koodistoUri":"arviointiasteikkoyleissivistava"}}]},
      {"tyyppi":{"koodiarvo":"iboppiaine"},
       "koulutusmoduuli":{"tunniste":{"koodiarvo":"A"}},
       "arviointi":[{"arvosana":{"koodiarvo":"7","koodistoUri":"arviointiasteikkoib"}}]}]}]}]})";
}

TEST(Koski, TellsTheFactsOfADocument) {
  const std::string document = Document();
  const Translated translated = TranslateKoski(document, 0, TestPublisher());
  ASSERT_FALSE(translated.refused) << Describe(*translated.refused);
  ExpectPublishable(translated.events);
  ExpectKept(translated, document);

  const Event* person = FindEvent(translated, EventType::kIdentityLearnerRegistered);
  ASSERT_NE(person, nullptr);
  EXPECT_EQ(FormatDate({static_cast<std::int32_t>(person->number("birth_date"))}), "1901-01-01");
  EXPECT_EQ(person->text("given_name"), "Aino");
  EXPECT_EQ(FormatInstant(person->time), "2015-05-31T21:00:00Z");

  const Event* granted = FindEvent(translated, EventType::kStudyrightGranted);
  ASSERT_NE(granted, nullptr);
  EXPECT_EQ(granted->text("kind"), "perusopetus");
  EXPECT_EQ(granted->controller, "1.2.246.562.10.14613773812");

  ASSERT_EQ(Count(translated, EventType::kStudyrightStateChanged), 2u);
  const Event* state = FindEvent(translated, EventType::kStudyrightStateChanged, 1);
  EXPECT_EQ(state->text("state"), "valmistunut");
  EXPECT_EQ(FormatInstant(state->V()), "2015-05-31T21:00:00Z");

  const Event* placed = FindEvent(translated, EventType::kStudyrightClassPlaced);
  ASSERT_NE(placed, nullptr);
  EXPECT_EQ(placed->text("school_year"), "2014-2015");
  EXPECT_EQ(placed->number("grade_level"), 8);
  EXPECT_EQ(placed->text("class_name"), "8C");

  const Event* year = FindEvent(translated, EventType::kStudyrightYearDecided);
  ASSERT_NE(year, nullptr);
  EXPECT_EQ(year->text("outcome"), "PROMOTED");

  const Event* subject = FindEvent(translated, EventType::kGradeSubjectFinal);
  ASSERT_NE(subject, nullptr);
  EXPECT_EQ(subject->text("subject"), "MA");
  EXPECT_EQ(subject->text("grade"), "9");
  EXPECT_EQ(subject->number("individualised"), 1);
  EXPECT_EQ(FormatInstant(subject->V()), "2015-05-29T21:00:00Z");
  EXPECT_EQ(FindEvent(translated, EventType::kGradeVerbalAssessed)->text("text"),
            "Laskee varmasti.");

  ASSERT_EQ(Count(translated, EventType::kGradeCourseAssessed), 1u);
  const Event* course = FindEvent(translated, EventType::kGradeCourseAssessed);
  EXPECT_EQ(course->text("course"), "MAA1");
  EXPECT_EQ(course->text("scope"), "1.5");
  EXPECT_EQ(FormatInstant(course->V()), "2015-01-31T22:00:00Z");

  const Event* credit = FindEvent(translated, EventType::kGradeCreditRecognised);
  ASSERT_NE(credit, nullptr);
  EXPECT_EQ(credit->text("course"), "MAA2");
  EXPECT_EQ(credit->text("grade"), "8");
  EXPECT_EQ(credit->text("origin"), "Suoritettu toisessa lukiossa");

  const Event* certificate = FindEvent(translated, EventType::kCertificateIssued);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(certificate->text("kind"), "YEAR");
  EXPECT_EQ(certificate->text("document_hash"), HashText(HashOf(document)));
  EXPECT_EQ(certificate->list("basis_events"),
            (std::vector<std::string>{subject->id, course->id, credit->id}));
}

TEST(Koski, CountsGradesOfOtherScalesInsteadOfBendingThem) {
  const Translated translated = TranslateKoski(Document(), 0, TestPublisher());
  EXPECT_EQ(translated.unmapped_grades, 1u);
  for (const Event& event : translated.events) EXPECT_NE(event.text("grade"), "7");
}

TEST(Koski, KeepsTheIdentityCodeOutOfEveryEvent) {
  const Translated translated = TranslateKoski(Document(), 0, TestPublisher());
  for (const Event& event : translated.events)
    EXPECT_EQ(EncodeJson(event).find("010101-123N"), std::string::npos);
  TranslateOptions other = TestPublisher();
  other.pseudonym_key = "another secret";
  EXPECT_NE(TranslateKoski(Document(), 0, other).events[0].subject, translated.events[0].subject);
}

TEST(Koski, PrefersTheLearnerNumberToTheIdentityCode) {
  const Translated translated =
      TranslateKoski(Document(R"({"oid":"1.2.246.562.24.00000000010","syntymäaika":"2005-03-02"})"),
                     0, TestPublisher());
  ASSERT_FALSE(translated.refused);
  EXPECT_EQ(translated.events[0].subject, "urn:oid:1.2.246.562.24.00000000010");
  EXPECT_EQ(FindEvent(translated, EventType::kIdentityLearnerRegistered)->number("birth_date"),
            ParseDate("2005-03-02")->days);
}

TEST(Koski, NeverBringsTwoChildrenTogetherOverAnUnsoundCode) {
  const std::string person = R"({"hetu":"-","kutsumanimi":"Aino"})";
  const Translated one = TranslateKoski(Document(person), 0, TestPublisher());
  const Translated two =
      TranslateKoski(Document(person, R"("ostettu":false,)"), 0, TestPublisher());
  ASSERT_FALSE(one.refused);
  ASSERT_FALSE(two.refused);
  EXPECT_NE(one.events[0].subject, two.events[0].subject);
  EXPECT_EQ(FindEvent(one, EventType::kIdentityLearnerRegistered), nullptr);
}

TEST(Koski, TakesVersionedStudyRightsByTheirNumberAndOthersByTheirContent) {
  const auto state = [](const std::string& head) {
    const Translated translated =
        TranslateKoski(Document(R"({"hetu":"010101-123N"})", head), 0, TestPublisher());
    EXPECT_FALSE(translated.refused);
    return *FindEvent(translated, EventType::kStudyrightStateChanged);
  };
  const std::string version = R"("oid":"1.2.246.562.15.63498210010","versionumero":3,)";
  const Event before = state(version);
  const Event altered = state(version + R"("ostettu":true,)");
  EXPECT_EQ(before.id, altered.id);
  EXPECT_EQ(before.text("studyright"), "1.2.246.562.15.63498210010");
  EXPECT_NE(state(R"("oid":"1.2.246.562.15.63498210010","versionumero":4,)").id, before.id);
  EXPECT_NE(state("").id, state(R"("ostettu":true,)").id);
  EXPECT_EQ(state("").text("studyright"), state(R"("ostettu":true,)").text("studyright"));
  EXPECT_EQ(
      state(R"("lähdejärjestelmänId":{"id":"l-1","lähdejärjestelmä":{"koodiarvo":"winnova"}},)")
          .text("studyright"),
      "winnova:l-1");
}

TEST(Koski, TakesTheTimeStampAsLocalTime) {
  const auto time = [](const std::string& stamp) {
    const Translated translated =
        TranslateKoski(Document(R"({"hetu":"010101-123N"})", R"("aikaleima":")" + stamp + "\","), 0,
                       TestPublisher());
    return translated.refused ? Describe(*translated.refused)
                              : FormatInstant(translated.events[0].time);
  };
  EXPECT_EQ(time("2022-01-10T12:00:00.5"), "2022-01-10T10:00:00.500Z");
  EXPECT_EQ(time("2022-03-27T12:00:00"), "2022-03-27T09:00:00Z");
  EXPECT_EQ(time("2022-03-27T02:59:59"), "2022-03-27T00:59:59Z");
  EXPECT_EQ(time("2022-10-30T12:00:00"), "2022-10-30T10:00:00Z");
  EXPECT_EQ(time("2022-07-10T12:00:00Z"), "2022-07-10T12:00:00Z");
  EXPECT_EQ(time("yesterday"), "record 0: FIELD_MISSING: aikaleima");
}

TEST(Koski, RefusesWithTheMember) {
  const auto refused = [](const std::string& document) {
    const Translated translated = TranslateKoski(document, 3, TestPublisher());
    EXPECT_TRUE(translated.events.empty());
    EXPECT_TRUE(translated.attachments.empty());
    return translated.refused.value_or(Refused{});
  };
  EXPECT_EQ(refused("[1"), (Refused{ErrorCode::kMalformed, 3, ""}));
  EXPECT_EQ(refused("{}"), (Refused{ErrorCode::kFieldMissing, 3, "henkilö"}));
  EXPECT_EQ(refused(R"({"henkilö":{}})"),
            (Refused{ErrorCode::kFieldMissing, 3, "opiskeluoikeudet"}));
  std::string unknown = Document();
  unknown.replace(unknown.find("lasna"), 5, "muuta");
  EXPECT_EQ(refused(unknown), (Refused{ErrorCode::kCodeUnknown, 3, "state"}));
  TranslateOptions strict = TestPublisher();
  strict.decode.check_digits = true;
  EXPECT_EQ(
      TranslateKoski(Document(R"({"oid":"1.2.246.562.24.00000000011","syntymäaika":"2005-03-02"})"),
                     0, strict)
          .refused->code,
      ErrorCode::kIdCheckDigit);
}

TEST(Koski, ReadsTheBirthDateOfSoundCodesOnly) {
  EXPECT_EQ(BirthDateOfPersonalCode("010101-123N"), ParseDate("1901-01-01"));
  EXPECT_EQ(BirthDateOfPersonalCode("270504A317P"), ParseDate("2004-05-27"));
  EXPECT_EQ(BirthDateOfPersonalCode("010101+123N"), ParseDate("1801-01-01"));
  EXPECT_EQ(BirthDateOfPersonalCode("010101Y123N"), ParseDate("1901-01-01"));
  EXPECT_FALSE(BirthDateOfPersonalCode("010101-123A"));
  EXPECT_FALSE(BirthDateOfPersonalCode("010101G123N"));
  EXPECT_FALSE(BirthDateOfPersonalCode("310201-1239"));
  EXPECT_FALSE(BirthDateOfPersonalCode(""));
}

}  // namespace
}  // namespace oppi::events
