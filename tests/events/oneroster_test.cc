#include "events/codec/oneroster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/shared_data.h"

namespace oppi::events {
namespace {

using tests::DataPath;
using tests::ExpectPublishable;
using tests::ReadStored;
using tests::TestPublisher;

std::size_t Count(const RosterEvents& roster, EventType type) {
  return static_cast<std::size_t>(std::count_if(roster.events.begin(), roster.events.end(),
                                                [type](const Event& e) { return e.type == type; }));
}

RosterEvents TranslateFolder(const std::string& folder) {
  std::vector<tests::StoredFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(DataPath(folder)))
    files.push_back({entry.path().filename().string(), ReadStored(entry.path()).at(0).bytes});
  std::vector<RosterFile> lent;
  for (const auto& file : files) lent.push_back({file.name, file.bytes});
  const RosterEvents roster = TranslateRoster(lent, TestPublisher());
  std::reverse(lent.begin(), lent.end());  // in whatever order the files come
  EXPECT_EQ(TranslateRoster(lent, TestPublisher()).events, roster.events);
  return roster;
}

TEST(OneRoster, TranslatesTheSampleOfSchoolDataSync2) {
  const std::string folder = "oneroster-sds/csv/sds-v2.1";
  OPPI_NEEDS_DATA(folder);
  const RosterEvents roster = TranslateFolder(folder);
  for (const Refused& refused : roster.refused) ADD_FAILURE() << Describe(refused);
  ExpectPublishable(roster.events);
  EXPECT_EQ(Count(roster, EventType::kIdentityLearnerRegistered), 4u);
  EXPECT_EQ(Count(roster, EventType::kGuardianshipEstablished), 2u);
  EXPECT_EQ(Count(roster, EventType::kTeachingGroupDefined), 2u);
  EXPECT_EQ(Count(roster, EventType::kTeachingMembershipSet), 6u);
  EXPECT_EQ(roster.unmapped_rows, 1u);  // a relative
}

TEST(OneRoster, TranslatesTheSampleOfSchoolDataSync1) {
  const std::string folder = "oneroster-sds/csv/sds-v1-100users";
  OPPI_NEEDS_DATA(folder);
  const RosterEvents roster = TranslateFolder(folder);
  for (const Refused& refused : roster.refused) ADD_FAILURE() << Describe(refused);
  ExpectPublishable(roster.events);
  EXPECT_EQ(Count(roster, EventType::kIdentityLearnerRegistered), 86u);
  EXPECT_EQ(Count(roster, EventType::kTeachingGroupDefined), 28u);
  EXPECT_EQ(Count(roster, EventType::kTeachingMembershipSet), 602u + 28u);
}

/// OneRoster 1.1 as its specification lays the files out.
struct Files {
  std::string sessions =
      "sourcedId,status,dateLastModified,title,type,startDate,endDate\n"
      "t1,active,2025-08-01T09:00:00Z,2025-2026,schoolYear,2025-08-11,2026-05-30\n";
  std::string users =
      "sourcedId,status,dateLastModified,role,givenName,familyName,password,agentSourcedIds\n"
      "s1,active,2025-08-02T09:00:00Z,student,Aino,Esimerkki,secret1,\"g1,x9\"\n"
      "g1,active,2025-08-02T09:00:00Z,guardian,Eeva,Esimerkki,secret2,s1\n"
      "p1,active,2025-08-02T09:00:00Z,teacher,Otto,Opettaja,secret3,\n";
  std::string demographics =
      "sourcedId,status,dateLastModified,birthDate,sex\n"
      "s1,active,2025-08-02T09:00:00Z,2013-05-10,female\n";
  std::string classes =
      "sourcedId,status,dateLastModified,title,courseSourcedId,schoolSourcedId,termSourcedIds,"
      "subjectCodes\n"
      "7B-MA,active,2025-08-03T09:00:00Z,Maths,c1,1.2.246.562.10.34648391018,t1,MA\n";
  std::string enrollments =
      "sourcedId,status,dateLastModified,classSourcedId,userSourcedId,role,beginDate,endDate\n"
      "e1,active,2025-08-04T09:00:00Z,7B-MA,s1,student,2025-08-20,2025-12-19\n"
      "e2,tobedeleted,2025-08-04T09:00:00Z,7B-MA,p1,teacher,,\n"
      "e3,active,2025-08-04T09:00:00Z,7B-MA,p1,proctor,,\n";

  [[nodiscard]] RosterEvents Translate(const TranslateOptions& options = TestPublisher()) const {
    return TranslateRoster({{"academicSessions.csv", sessions},
                            {"users.csv", users},
                            {"in/Demographics.csv", demographics},
                            {"classes.csv", classes},
                            {"enrollments.csv", enrollments}},
                           options);
  }
};

const Event& First(const RosterEvents& roster, EventType type, std::size_t nth = 0) {
  for (const Event& event : roster.events)
    if (event.type == type && nth-- == 0) return event;
  ADD_FAILURE() << "no " << InfoOf(type).name;
  static const Event kNone = MakeEvent(EventType::kIdentityLearnerRegistered);
  return kNone;
}

TEST(OneRoster, TellsWhoIsWhereAndWhen) {
  const RosterEvents roster = Files().Translate();
  for (const Refused& refused : roster.refused) ADD_FAILURE() << Describe(refused);
  ExpectPublishable(roster.events);

  const Event& learner = First(roster, EventType::kIdentityLearnerRegistered);
  EXPECT_EQ(learner.text("given_name"), "Aino");
  EXPECT_EQ(learner.number("birth_date"), ParseDate("2013-05-10")->days);
  EXPECT_EQ(FormatInstant(learner.time), "2025-08-02T09:00:00Z");

  const Event& guardianship = First(roster, EventType::kGuardianshipEstablished);
  EXPECT_EQ(guardianship.subject, learner.subject);
  EXPECT_EQ(guardianship.text("right"), "INFO");
  EXPECT_EQ(Count(roster, EventType::kGuardianshipEstablished), 1u);

  const Event& group = First(roster, EventType::kTeachingGroupDefined);
  EXPECT_EQ(group.text("group"), "7B-MA");
  EXPECT_EQ(group.text("subject_code"), "MA");
  EXPECT_EQ(group.text("school"), "1.2.246.562.10.34648391018");
  EXPECT_EQ(FormatInstant(group.V()), "2025-08-10T21:00:00Z");
  EXPECT_EQ(FormatInstant(*group.valid_to), "2026-05-30T21:00:00Z");

  const Event& pupil = First(roster, EventType::kTeachingMembershipSet);
  EXPECT_EQ(pupil.subject, learner.subject);
  EXPECT_EQ(pupil.text("role"), "LEARNER");
  EXPECT_EQ(FormatInstant(pupil.V()), "2025-08-19T21:00:00Z");
  EXPECT_EQ(FormatInstant(*pupil.valid_to), "2025-12-19T22:00:00Z");
  const Event& teacher = First(roster, EventType::kTeachingMembershipSet, 1);
  EXPECT_EQ(teacher.text("status"), "REMOVED");
  EXPECT_EQ(FormatInstant(teacher.V()), "2025-08-10T21:00:00Z");
  EXPECT_EQ(roster.unmapped_rows, 1u);  // a proctor

  for (const Event& event : roster.events)
    for (const std::string secret : {"secret1", "secret2", "secret3"})
      EXPECT_EQ(EncodeJson(event).find(secret), std::string::npos);
}

TEST(OneRoster, LetsOnlyTheControllerSayThatGuardiansDecide) {
  TranslateOptions options = TestPublisher();
  options.guardian_right = "DECIDE";
  EXPECT_EQ(First(Files().Translate(options), EventType::kGuardianshipEstablished).text("right"),
            "DECIDE");
}

TEST(OneRoster, NamesARowByItsIdAndTheDateOfItsLastChange) {
  const auto learner = [](const Files& files) {
    return First(files.Translate(), EventType::kIdentityLearnerRegistered);
  };
  const Event before = learner(Files());
  Files silent;
  silent.users.replace(silent.users.find("Aino"), 4, "Aina");
  EXPECT_EQ(learner(silent).id, before.id);
  EXPECT_NE(learner(silent), before);
  Files open;
  open.users.replace(open.users.find("2025-08-02"), 10, "2025-09-02");
  EXPECT_NE(learner(open).id, before.id);
}

TEST(OneRoster, KeepsPersonIdsThatAreOurs) {
  Files files;
  for (std::string* text : {&files.users, &files.demographics, &files.enrollments})
    for (std::size_t at = 0; (at = text->find("s1,", at)) != std::string::npos; at += 3)
      text->replace(at, 2, "urn:oid:1.2.246.562.24.10482013375");
  EXPECT_EQ(First(files.Translate(), EventType::kIdentityLearnerRegistered).subject,
            "urn:oid:1.2.246.562.24.10482013375");
}

TEST(OneRoster, RefusesRowsOneByOne) {
  Files files;
  files.users += ",active,,student,No,Id,,\ns2,active,,student,Bad,Date,,\n";
  files.demographics += "s2,active,,10.5.2013,\n";
  files.enrollments += "e4,active,2025-08-04T09:00:00Z,7B-MA,,student,,\n";
  const RosterEvents roster = files.Translate();
  EXPECT_EQ(roster.refused, (std::vector<Refused>{
                                {ErrorCode::kFieldType, 4, "users.csv: birthDate"},
                                {ErrorCode::kFieldMissing, 3, "enrollments.csv: userSourcedId"}}));
  EXPECT_EQ(roster.events, Files().Translate().events);
  files.classes = "sourcedId\n\"";
  EXPECT_EQ(files.Translate().refused.front(), (Refused{ErrorCode::kMalformed, 0, "classes.csv"}));
}

}  // namespace
}  // namespace oppi::events
