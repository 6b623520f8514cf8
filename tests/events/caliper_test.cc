#include "events/codec/caliper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "events/codec/caliper_rules.h"
#include "events/codec/json_tree.h"
#include "tests/support/shared_data.h"

namespace oppi::events {
namespace {

using tests::DataPath;
using tests::ExpectPublishable;
using tests::ExpectSame;
using tests::ReadStored;
using tests::TestPublisher;

constexpr const char* kFixtures = "caliper/fixtures/v1p2";

std::vector<tests::StoredFile> FilesOf(const std::string& folder) {
  std::vector<tests::StoredFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(DataPath(folder))) {
    if (!entry.is_regular_file()) continue;
    files.push_back({entry.path().filename().string(), ReadStored(entry.path()).at(0).bytes});
  }
  return files;
}

TEST(Caliper, AcceptsEveryValidFixture) {
  OPPI_NEEDS_DATA(kFixtures);
  const auto files = FilesOf(kFixtures);
  EXPECT_EQ(files.size(), 145u);
  for (const auto& [name, bytes] : files) {
    const auto json = ParseJson(bytes);
    ASSERT_TRUE(json) << name;
    EXPECT_EQ(ValidateCaliper(*json, CaliperStrictness::kCertified).value_or(""), "") << name;
    EXPECT_EQ(ValidateCaliper(*json, CaliperStrictness::kTolerant).value_or(""), "") << name;
  }
}

/// The fixtures say in their names which member is at fault: "...-MalformedMaxScoreNotAnInt".
std::string MemberOf(const std::string& name) {
  std::string rest = name.substr(name.find('-') + 1);
  for (const std::string prefix : {"Malformed", "Malfromed", "No", "Null", "Unknown", "Wrong"})
    if (rest.starts_with(prefix)) {
      rest = rest.substr(prefix.size());
      break;
    }
  std::transform(rest.begin(), rest.end(), rest.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return rest;
}

TEST(Caliper, RefusesEveryInvalidFixtureForTheReasonInItsName) {
  const std::string folder = std::string(kFixtures) + "/commonErrorFixtures";
  OPPI_NEEDS_DATA(folder);
  const auto files = FilesOf(folder);
  EXPECT_EQ(files.size(), 140u);
  for (const auto& [name, bytes] : files) {
    const auto json = ParseJson(bytes);
    if (!json) {
      EXPECT_EQ(name, "caliperEntity-BadJson.json");
      continue;
    }
    const auto fault = ValidateCaliper(*json, CaliperStrictness::kCertified);
    ASSERT_TRUE(fault) << name;
    std::string member = fault->substr(0, fault->find('.'));
    member.erase(std::remove(member.begin(), member.end(), '@'), member.end());
    std::transform(member.begin(), member.end(), member.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::string said = MemberOf(name);
    const bool same = said.starts_with(member) ||
                      (said.starts_with("modifieddate") && member == "datemodified") ||
                      (said.starts_with("eventtype") && member == "type");
    EXPECT_TRUE(same) << name << ": " << *fault;
  }
}

TEST(Caliper, TranslatesEveryEventOfTheValidFixtures) {
  OPPI_NEEDS_DATA(kFixtures);
  std::size_t events = 0;
  std::size_t entities = 0;
  for (const auto& [name, bytes] : FilesOf(kFixtures)) {
    const Translated translated = TranslateCaliper(bytes, 0, TestPublisher());
    ASSERT_FALSE(translated.refused) << name << ": " << Describe(*translated.refused);
    // One envelope of the fixtures gives the same id to all of its events.
    for (const Event& event : translated.events) ExpectPublishable({event});
    ExpectSame(translated, TranslateCaliper(bytes, 1, TestPublisher()));
    events += translated.events.size();
    entities += translated.unmapped_entities;
  }
  EXPECT_EQ(events, 143u);
  EXPECT_EQ(entities, 167u);
}

std::string EventText(const std::string& type, const std::string& action, const std::string& actor,
                      const std::string& object, const std::string& more = "") {
  return R"({"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":"urn:uuid:A50CA17F-5971-47bb-8fca-4e6e6879001d","type":")" +
         type + R"(","action":")" + action + R"(","actor":)" + actor + R"(,"object":)" + object +
         R"(,"eventTime":"2016-11-15T10:57:06.000Z")" + more + "}";
}

const std::string kPerson = R"({"id":"https://example.edu/users/554433","type":"Person"})";
const std::string kPage = R"({"id":"https://example.edu/pages/1","type":"Page"})";
const std::string kView = EventText("ViewEvent", "Viewed", kPerson, kPage);

Event OnlyEvent(const std::string& record, const TranslateOptions& options = TestPublisher()) {
  const Translated translated = TranslateCaliper(record, 0, options);
  EXPECT_FALSE(translated.refused) << Describe(translated.refused.value_or(Refused{}));
  EXPECT_EQ(translated.events.size(), 1u);
  return translated.events.empty() ? MakeEvent(EventType::kActivityCaliperEvent)
                                   : translated.events[0];
}

TEST(Caliper, KeepsTheEventWordForWord) {
  const std::string envelope =
      R"({"sensor":"https://example.edu/sensors/1","sendTime":"2016-11-15T11:05:01.000Z",)"
      R"("dataVersion":"http://purl.imsglobal.org/ctx/caliper/v1p2","data":[ )" +
      kView + " ]}";
  const Event event = OnlyEvent(envelope);
  EXPECT_EQ(event.text("event"), kView);
  EXPECT_EQ(event.text("event_id"), "urn:uuid:a50ca17f-5971-47bb-8fca-4e6e6879001d");
  EXPECT_EQ(FormatInstant(event.time), "2016-11-15T10:57:06Z");
  EXPECT_EQ(event, OnlyEvent(kView));
}

TEST(Caliper, GivesAnAlteredEventTheIdItHadBefore) {
  const Event altered =
      OnlyEvent(EventText("ViewEvent", "Viewed", R"("https://example.edu/users/1")", kPage));
  EXPECT_EQ(altered.id, OnlyEvent(kView).id);
  EXPECT_NE(altered.subject, OnlyEvent(kView).subject);
}

TEST(Caliper, FindsTheLearnerTheEventIsAbout) {
  const std::string learner = OnlyEvent(kView).subject;
  EXPECT_TRUE(learner.starts_with("urn:uuid:"));
  EXPECT_EQ(
      OnlyEvent(EventText("ViewEvent", "Viewed", R"("https://example.edu/users/554433")", kPage))
          .subject,
      learner);
  const std::string attempt =
      R"({"id":"https://example.edu/a/1","type":"Attempt","assignee":)" + kPerson + "}";
  const std::string machine =
      R"({"id":"https://example.edu/autograder","type":"SoftwareApplication"})";
  EXPECT_EQ(OnlyEvent(EventText("GradeEvent", "Graded", machine, attempt)).subject, learner);
  const std::string session =
      R"({"id":"https://example.edu/s/1","type":"Session","user":)" + kPerson + "}";
  EXPECT_EQ(OnlyEvent(EventText("SessionEvent", "TimedOut", machine, session)).subject, learner);
  const std::string uuid = "urn:uuid:f6c5ca7f-9daa-4830-a6a7-887af156e9ce";
  EXPECT_EQ(OnlyEvent(EventText("ViewEvent", "Viewed", "\"" + uuid + "\"", kPage)).subject, uuid);
  TranslateOptions other = TestPublisher();
  other.pseudonym_key = "another secret";
  EXPECT_NE(OnlyEvent(kView, other).subject, learner);
}

TEST(Caliper, NeverBringsAnonymousLearnersTogether) {
  const std::string anonymous =
      R"({"id":"http://purl.imsglobal.org/caliper/Person","type":"Person"})";
  std::string second = EventText("ViewEvent", "Viewed", anonymous, kPage);
  const Event one = OnlyEvent(second);
  second.replace(second.find("A50CA17F"), 8, "b50ca17f");
  EXPECT_NE(OnlyEvent(second).subject, one.subject);
}

TEST(Caliper, IsStricterWithSendersThanWithRecords) {
  const auto fault = [](const std::string& text, CaliperStrictness strictness) {
    const auto json = ParseJson(text);
    return json ? ValidateCaliper(*json, strictness).value_or("") : "not JSON";
  };
  const std::string score =
      R"({"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":"https://e.edu/1","type":"Score","maxScore":15})";
  EXPECT_EQ(fault(score, CaliperStrictness::kCertified), "maxScore");
  EXPECT_EQ(fault(score, CaliperStrictness::kTolerant), "");
  const std::string unknown = EventText("NotificationEvent", "Notified", kPerson,
                                        R"({"id":"https://e.edu/n","type":"Notice"})");
  EXPECT_EQ(fault(unknown, CaliperStrictness::kCertified), "type");
  EXPECT_EQ(fault(unknown, CaliperStrictness::kTolerant), "");
}

TEST(Caliper, RefusesWithTheMemberAndNeverTheValue) {
  const auto refused = [](const std::string& record) {
    return TranslateCaliper(record, 5, TestPublisher()).refused.value_or(Refused{});
  };
  EXPECT_EQ(refused("{"), (Refused{ErrorCode::kMalformed, 5, ""}));
  EXPECT_EQ(refused(EventText("ViewEvent", "Viewed", kPage, kPage)),
            (Refused{ErrorCode::kFieldType, 5, "actor.type"}));
  EXPECT_EQ(refused(EventText("ViewEvent", "Deleted", kPerson, kPage)),
            (Refused{ErrorCode::kFieldType, 5, "action"}));
  EXPECT_EQ(refused(EventText("ViewEvent", "Viewed", kPerson, kPage,
                              R"(,"extensions":{"x":"010101-123N"})")),
            (Refused{ErrorCode::kPersonalCodePresent, 5, "event"}));
  const std::string text(48 * 1024, 'x');
  EXPECT_EQ(refused(EventText("ViewEvent", "Viewed", kPerson, kPage,
                              R"(,"extensions":{"x":")" + text + "\"}")),
            (Refused{ErrorCode::kTooLarge, 5, "event"}));
}

}  // namespace
}  // namespace oppi::events
