#include "events/codec/varda_audit.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "tests/support/shared_data.h"

namespace oppi::events {
namespace {

using tests::DataPath;
using tests::ExpectPublishable;
using tests::ExpectSame;
using tests::TestPublisher;

std::string Line(const std::string& target, const std::string& sequence = "237961") {
  return R"({"version": 1, "logSeq": )" + sequence +
         R"(, "type": "log", "hostname": "localhost", "timestamp": "1574860543750", )"
         R"("environment": "testing", "serviceName": "varda", "applicationType": "backend", )"
         R"("operation": "GET", "target": ")" +
         target + R"(", "user": "virkailija-f"})";
}

Event Read(const std::string& target) {
  const Translated translated = TranslateAudit(Line(target), 0, TestPublisher());
  EXPECT_FALSE(translated.refused) << Describe(translated.refused.value_or(Refused{}));
  return translated.events.empty() ? MakeEvent(EventType::kAccessRead) : translated.events.front();
}

TEST(VardaAudit, TranslatesEveryLineOfARealLog) {
  const std::string name = "audit-log/varda-audit-log-events.jsonl";
  OPPI_NEEDS_DATA(name);
  std::ifstream in(DataPath(name));
  std::vector<Event> events;
  std::set<std::string_view> actors;
  for (std::string line; std::getline(in, line);) {
    const Translated translated = TranslateAudit(line, events.size(), TestPublisher());
    ASSERT_FALSE(translated.refused) << Describe(*translated.refused);
    ASSERT_EQ(translated.events.size(), 1u);
    ExpectSame(translated, TranslateAudit(line, 0, TestPublisher()));
    events.push_back(translated.events[0]);
  }
  EXPECT_EQ(events.size(), 1'246u);
  for (const Event& event : events) {
    actors.insert(event.text("actor"));
    EXPECT_TRUE(event.has("reason_text"));
    // Names and numbers of the children and adults of the log's searches.
    for (const std::string_view hidden : {"jossu", "jaatinen", "240337", "lapset/1", "lapset/2"})
      EXPECT_EQ(EncodeJson(event).find(hidden), std::string::npos);
  }
  EXPECT_EQ(actors.size(), 18u);
  ExpectPublishable(events);
}

TEST(VardaAudit, TellsWhoReadWhatAndWhen) {
  const Event event = Read("/api/v1/lapset/240337/");
  EXPECT_EQ(event.text("actor"), "virkailija-f");
  EXPECT_EQ(FormatInstant(event.time), "2019-11-27T13:15:43.750Z");
  EXPECT_EQ(event.text("query"), "LEARNER_RECORD");
  EXPECT_EQ(event.text("reason_text"), "GET /api/v1/lapset/{id}/");
  EXPECT_EQ(event.number("result_count"), 1);
  EXPECT_TRUE(event.subject.starts_with("urn:uuid:"));
}

TEST(VardaAudit, GathersTheReadsOfOneChildUnderOneSubject) {
  const std::string child = Read("/api/v1/lapset/240337/").subject;
  EXPECT_EQ(Read("/api/v1/lapset/240337/maksutiedot/").subject, child);
  EXPECT_NE(Read("/api/v1/lapset/240338/").subject, child);
  EXPECT_NE(Read("/api/v1/henkilot/240337/").subject, child);
  EXPECT_EQ(Read("/api/v1/hae-henkilo/id=240337/").subject,
            Read("/api/v1/henkilot/240337/").subject);
}

TEST(VardaAudit, LeavesTheSubjectOutWhereTheLogDoesNotTell) {
  for (const std::string target :
       {"/api/v1/toimipaikat/4494/lapset/", "/api/v1/varhaiskasvatussuhteet/1234/",
        "/api/ui/vakajarjestajat/300/toimipaikat/", "/api/v1/lapset/"}) {
    const Event event = Read(target);
    EXPECT_EQ(event.subject, "") << target;
    ExpectPublishable({event});
  }
  EXPECT_EQ(Read("/api/v1/toimipaikat/4494/lapset/").text("query"), "BULK");
  EXPECT_EQ(Read("/api/v1/toimipaikat/4494/lapset/").number("result_count"), -1);
  EXPECT_EQ(Read("/api/v1/varhaiskasvatussuhteet/1234/").number("result_count"), 1);
}

TEST(VardaAudit, ShowsOrganisationsAndHidesWhatCouldNameAChild) {
  const auto shown = [](const std::string& target) {
    return std::string(Read(target).text("reason_text"));
  };
  EXPECT_EQ(shown("/api/ui/vakajarjestajat/300/toimipaikat/"),
            "GET /api/ui/vakajarjestajat/300/toimipaikat/");
  EXPECT_EQ(shown("/api/v1/toimipaikat/4494/lapset/?page=3&sukunimi=jaatinen&etunimet="),
            "GET /api/v1/toimipaikat/4494/lapset/?page=3&sukunimi={text}&etunimet=");
  EXPECT_EQ(shown("/api/v1/Aino Esimerkki/010101-123N"), "GET /api/v1/{text}/{text}");
  EXPECT_EQ(shown("/api/v1/lapset/12/toimipaikat/34/"), "GET /api/v1/lapset/{id}/toimipaikat/34/");
  EXPECT_EQ(shown("/api/v1/hae-henkilo/id=7/"), "GET /api/v1/hae-henkilo/id={id}/");
}

TEST(VardaAudit, NamesALineByItsPlaceInTheLog) {
  const auto id = [](const std::string& line) {
    return TranslateAudit(line, 0, TestPublisher()).events.at(0).id;
  };
  EXPECT_EQ(id(Line("/api/v1/lapset/1/")), id(Line("/api/v1/lapset/2/")));
  EXPECT_NE(id(Line("/api/v1/lapset/1/")), id(Line("/api/v1/lapset/1/", "237962")));
}

TEST(VardaAudit, RefusesWhatIsNoRead) {
  const auto refused = [](std::string line, const std::string& from, const std::string& to) {
    line.replace(line.find(from), from.size(), to);
    return TranslateAudit(line, 4, TestPublisher()).refused.value_or(Refused{});
  };
  const std::string line = Line("/api/v1/lapset/1/");
  EXPECT_EQ(refused(line, "\"log\"", "\"alive\""), (Refused{ErrorCode::kTypeUnknown, 4, "type"}));
  EXPECT_EQ(refused(line, "GET", "PUT"), (Refused{ErrorCode::kTypeUnknown, 4, "operation"}));
  EXPECT_EQ(refused(line, "\"user\"", "\"usr\""), (Refused{ErrorCode::kFieldMissing, 4, "user"}));
  EXPECT_EQ(refused(line, "237961", "\"x\""), (Refused{ErrorCode::kFieldType, 4, "logSeq"}));
  EXPECT_EQ(refused(line, "1574860543750", "now"),
            (Refused{ErrorCode::kFieldType, 4, "timestamp"}));
  EXPECT_EQ(refused(line, "virkailija-f", "010101-123N"),
            (Refused{ErrorCode::kFieldType, 4, "user"}));
  EXPECT_EQ(refused(line, "}", ""), (Refused{ErrorCode::kMalformed, 4, ""}));
}

}  // namespace
}  // namespace oppi::events
