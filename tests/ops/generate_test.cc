#include "ops/generate/generate.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/digest.h"
#include "events/vocabulary.h"
#include "ops/generate/people.h"
#include "ops/generate/policy.h"

namespace oppi::ops {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;
using events::Role;

/// The year as published with the default options, told once for all tests that only look at it.
struct Told {
  std::vector<Planned> planned;
  YearSummary summary;
};

Told Tell(const GenerateOptions& options) {
  Told told;
  auto summary = GeneratePlanned(options, [&told](const Planned& planned) {
    told.planned.push_back(planned);
    return Status();
  });
  if (!summary.ok())
    ADD_FAILURE() << summary.error().message;
  else
    told.summary = *summary;
  return told;
}

const Told& DefaultYear() {
  static const Told told = Tell({});
  return told;
}

/// A smaller municipality, for what does not depend on its size.
const Told& SmallYear() {
  static const Told told = Tell({.pupils = 120, .seed = 6});
  return told;
}

std::string DigestOf(const GenerateOptions& options) {
  Sha256 hasher;
  const Status status = Generate(options, [&hasher](const Event& event) {
    hasher.Update(EncodeJson(event)).Update("\n");
    return Status();
  });
  EXPECT_TRUE(status.ok());
  return hasher.Final<Sha256Digest>().hex();
}

Role RoleOf(const std::string& publisher) {
  static const std::map<std::string, Role> roles = {
      {"sis", Role::kProvider},        {"dvv", Role::kIdentity},    {"portal", Role::kPortal},
      {"vendor-one", Role::kVendor},   {"gateway", Role::kGateway}, {"dpo", Role::kDpo},
      {"registrar", Role::kRegistrar}, {"ledger", Role::kLedger}};
  const auto found = roles.find(publisher);
  return found == roles.end() ? Role::kNone : found->second;
}

TEST(GeneratedYear, HasEveryTypeOfTheVocabularyOrProvokesIt) {
  std::set<EventType> seen;
  for (const Planned& planned : DefaultYear().planned) {
    seen.insert(planned.event.type);
    // What the ledger itself writes about a refusal or a conflict.
    if (planned.code == ErrorCode::kIdConflict)
      seen.insert(EventType::kLedgerIngestConflict);
    else if (planned.expected == Outcome::kRejected)
      seen.insert(EventType::kLedgerIntakeRefused);
  }
  for (const events::TypeInfo& info : events::AllTypes())
    EXPECT_TRUE(seen.contains(info.type)) << info.name;
}

TEST(GeneratedYear, HasEveryTypeWhateverTheSeed) {
  for (const std::uint64_t seed : {2U, 3U, 4U}) {
    std::set<EventType> seen;
    const Status status = Generate({.seed = seed}, [&seen](const Event& event) {
      seen.insert(event.type);
      return Status();
    });
    ASSERT_TRUE(status.ok());
    EXPECT_EQ(seen.size(), events::kEventTypes - 2) << "seed " << seed;  // all but the two provoked
  }
}

TEST(GeneratedYear, DecodesEventByEventToWhatWasMeant) {
  for (const Planned& planned : DefaultYear().planned) {
    const events::Decoded decoded = Decode(EncodeJson(planned.event), events::Encoding::kJson);
    ASSERT_EQ(decoded.error, ErrorCode::kNone)
        << planned.event.info().name << " " << ErrorName(decoded.error) << " " << decoded.member;
    ASSERT_EQ(decoded.event, planned.event) << planned.event.info().name;
  }
}

TEST(GeneratedYear, IsPublishedByThoseWhoMay) {
  for (const Planned& planned : SmallYear().planned) {
    ASSERT_EQ(PublisherOf(planned.event), planned.publisher);
    ASSERT_TRUE(RoleMayPublish(RoleOf(planned.publisher), planned.event.type))
        << planned.publisher << " " << planned.event.info().name;
  }
}

TEST(GeneratedYear, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const GenerateOptions small{.pupils = 60, .days = 12, .seed = 7};
  const std::string once = DigestOf(small);
  EXPECT_EQ(once, DigestOf(small));
  GenerateOptions other = small;
  other.seed = 8;
  EXPECT_NE(once, DigestOf(other));
}

TEST(GeneratedYear, IsTheSameWhateverCompilerBuiltIt) {
  // A change of this value changes every generated year: say so in the changelog.
  EXPECT_EQ(DigestOf({.pupils = 60, .days = 12, .seed = 7}),
            "45290bcec7829278ac0be86f809b75190b467f2f5e3e4b35085e54afa930858a");
}

TEST(GeneratedYear, RefersOnlyToWhatWasToldBefore) {
  std::set<std::string, std::less<>> told;
  for (const Planned& planned : SmallYear().planned) {
    const Event& event = planned.event;
    for (const std::string* reference : {&event.corrects, &event.annuls, &event.causation})
      ASSERT_TRUE(reference->empty() || told.contains(*reference)) << event.info().name;
    const auto fields = event.info().fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].type == events::FieldType::kRef && event.fields[i].present) {
        ASSERT_TRUE(told.contains(event.fields[i].text)) << event.info().name;
      } else if (fields[i].type == events::FieldType::kRefList) {
        for (const std::string& reference : event.fields[i].list)
          ASSERT_TRUE(told.contains(reference)) << event.info().name;
      }
    }
    told.insert(event.id);
  }
}

TEST(GeneratedYear, UsesAnIdTwiceOnlyForTheConflictItProvokes) {
  std::set<std::string> ids;
  for (const Planned& planned : SmallYear().planned) {
    const bool fresh = ids.insert(planned.event.id).second;
    EXPECT_EQ(fresh, planned.code != ErrorCode::kIdConflict);
  }
}

TEST(GeneratedYear, CorrectsOnlyTheNewestOfAChainOfTheSameTypeAndPerson) {
  std::unordered_map<std::string, const Event*> newest;
  for (const Planned& planned : SmallYear().planned) {
    const Event& event = planned.event;
    const std::string& target = event.corrects.empty() ? event.annuls : event.corrects;
    if (!target.empty()) {
      const auto found = newest.find(target);
      ASSERT_NE(found, newest.end()) << "not the newest, or unknown: " << event.info().name;
      EXPECT_EQ(found->second->subject, event.subject);
      EXPECT_EQ(found->second->controller, event.controller);
      if (!event.corrects.empty()) {
        EXPECT_EQ(found->second->type, event.type);
        EXPECT_EQ(found->second->V(), event.V()) << event.info().name;
        EXPECT_TRUE(event.info().kinds & events::kSup);
      } else {
        EXPECT_TRUE(found->second->info().kinds & events::kAnn);
        EXPECT_EQ(found->second->sensitivity, event.sensitivity);
      }
      newest.erase(found);
    }
    newest[event.id] = &event;
  }
}

TEST(GeneratedYear, SaysNothingOfTheFuture) {
  const Instant now = SmallYear().summary.now;
  for (const Planned& planned : SmallYear().planned) {
    EXPECT_LE(planned.event.time, now);
    const auto group = planned.event.info().group;
    if (group == "consent" || group == "access" || group == "attendance") {
      EXPECT_LE(planned.event.V(), now);
    }
  }
}

TEST(GeneratedYear, AsksBeforeItIsGivenAndLetsOnlyHoldersGive) {
  std::map<std::string, const Event*> requests;
  std::map<std::string, std::set<std::string>> guardians;  // by learner
  std::map<std::string, Instant> births;
  std::size_t online = 0;
  for (const Planned& planned : SmallYear().planned) {
    const Event& event = planned.event;
    switch (event.type) {
      case EventType::kIdentityLearnerRegistered:
        births[event.subject] =
            ReachesAge({static_cast<std::int32_t>(event.number("birth_date"))}, 0);
        break;
      case EventType::kGuardianshipEstablished:
        if (event.text("right") == "DECIDE")
          guardians[event.subject].insert(std::string(event.text("guardian")));
        break;
      case EventType::kGuardianshipEnded:
        guardians[event.subject].erase(event.other_subjects.front());
        break;
      case EventType::kConsentRequested:
        requests[event.id] = &event;
        break;
      case EventType::kConsentGiven: {
        if (planned.expected == Outcome::kRejected) break;
        const std::string by(event.text("by"));
        const bool learner = event.text("by_role") == "LEARNER";
        EXPECT_EQ(learner, by == event.subject);
        EXPECT_TRUE(learner || guardians[event.subject].contains(by));
        if (event.text("evidence") == "PAPER") {
          EXPECT_TRUE(event.has("paper_hash"));
          break;
        }
        ++online;
        const auto request = requests.find(std::string(event.text("request")));
        ASSERT_NE(request, requests.end());
        EXPECT_LE(request->second->V(), event.V());
        for (const char* field : {"recipients", "data_categories"})
          EXPECT_EQ(request->second->list(field), event.list(field));
        for (const char* field : {"purpose", "notice", "notice_version"})
          EXPECT_EQ(request->second->text(field), event.text(field));
        EXPECT_EQ(request->second->subject, event.subject);
        break;
      }
      default:
        break;
    }
  }
  EXPECT_GT(online, 30U);
}

TEST(GeneratedYear, LetsPupilsDecideFromTheAgesOfThePolicy) {
  Pupil pupil;
  pupil.birth = *ParseDate("2013-05-10");
  pupil.ties = {{0, true, ""}, {1, false, ""}};
  const Instant before = *ParseInstant("2026-05-09T20:59:59Z");
  const Instant thirteen = *ParseInstant("2026-05-09T21:00:00Z");
  EXPECT_EQ(HoldersAt(pupil, Purpose::kAdapt, before).guardians, std::vector<std::size_t>{0});
  EXPECT_TRUE(HoldersAt(pupil, Purpose::kAdapt, thirteen).learner);
  EXPECT_TRUE(HoldersAt(pupil, Purpose::kAdapt, thirteen).guardians.empty());
  EXPECT_FALSE(HoldersAt(pupil, Purpose::kImages, thirteen).learner);
  pupil.ties[1].decides = true;
  pupil.sole_media_guardian = 1;
  EXPECT_EQ(HoldersAt(pupil, Purpose::kImages, before).guardians, std::vector<std::size_t>{1});
  EXPECT_EQ(HoldersAt(pupil, Purpose::kAdapt, before).guardians.size(), 2U);
}

TEST(GeneratedYear, ExpectsLatePaperInQuarantineAndFreshConsentsAccepted) {
  std::uint64_t quarantined = 0;
  std::uint64_t refused = 0;
  for (const Planned& planned : SmallYear().planned) {
    if (planned.expected == Outcome::kQuarantined) {
      ++quarantined;
      EXPECT_EQ(planned.event.text("evidence"), "PAPER");
    }
    if (planned.expected == Outcome::kRejected) ++refused;
    if (planned.event.type == EventType::kConsentGiven &&
        planned.event.text("evidence") == "ONLINE") {
      EXPECT_GE(planned.event.V() + 48 * 3600 * kMicrosPerSecond, SmallYear().summary.now);
    }
  }
  EXPECT_EQ(quarantined, SmallYear().summary.quarantined);
  EXPECT_EQ(refused, SmallYear().summary.refused);
  EXPECT_GT(quarantined, 80U);
  EXPECT_EQ(refused, 4U);
}

TEST(GeneratedYear, MovesTheFreshConsentsWithNow) {
  const Instant now = *ParseInstant("2026-11-23T10:00:00Z");
  const Told told = Tell({.pupils = 90, .days = 30, .seed = 5, .now = now});
  EXPECT_EQ(told.summary.now, now);
  bool fresh = false;
  for (const Planned& planned : told.planned) {
    EXPECT_LE(planned.event.time, now);
    fresh = fresh || (planned.event.type == EventType::kConsentGiven &&
                      planned.event.V() + 48 * 3600 * kMicrosPerSecond >= now);
  }
  EXPECT_TRUE(fresh);
}

TEST(GeneratedYear, MarksAbsenceAsOftenAsPublishedFiguresSay) {
  std::int64_t possible = 0;
  std::int64_t absent = 0;
  std::int64_t late = 0;
  for (const Planned& planned : DefaultYear().planned) {
    const Event& event = planned.event;
    if (event.type == EventType::kAttendanceRegisterTaken)
      possible += event.number("present_count");
    if (event.type != EventType::kAttendanceMarked || !event.corrects.empty()) continue;
    if (event.text("code") == "ABSENT") ++absent;
    if (event.text("code") == "LATE") ++late;
  }
  possible += absent;
  // DfE 2025/26: 5.3 % of sessions in primary, 8.5 % in secondary; a third of the pupils are in
  // 7-9.
  EXPECT_GT(absent * 1000, possible * 50);
  EXPECT_LT(absent * 1000, possible * 85);
  EXPECT_GT(late * 1000, possible * 5);
  EXPECT_LT(late * 1000, possible * 20);
}

TEST(GeneratedYear, GradesAsPublishedFiguresSay) {
  std::array<std::int64_t, 11> count{};
  std::int64_t all = 0;
  for (const Planned& planned : DefaultYear().planned) {
    if (planned.event.type != EventType::kGradeCourseAssessed) continue;
    ++count[std::stoul(std::string(planned.event.text("grade")))];
    ++all;
  }
  ASSERT_GT(all, 2000);
  std::int64_t sum = 0;
  for (std::size_t grade = 4; grade <= 10; ++grade) {
    sum += static_cast<std::int64_t>(grade) * count[grade];
    EXPECT_GT(count[grade] * 100, all) << grade;  // none under 1 %
  }
  EXPECT_GT(sum * 10, all * 65);
  EXPECT_LT(sum * 10, all * 78);
}

TEST(GeneratedYear, HasASchoolYearsWorthOfEvents) {
  std::set<std::string> learners;
  std::set<std::string> days;
  std::set<std::string> publishers;
  for (const Planned& planned : DefaultYear().planned) {
    publishers.insert(planned.publisher);
    if (planned.event.type == EventType::kIdentityLearnerRegistered)
      learners.insert(planned.event.subject);
    if (planned.event.type == EventType::kTeachingLessonSet)
      days.insert(FormatDate(HelsinkiDate({planned.event.number("start")})));
  }
  EXPECT_GE(learners.size(), 500U);
  EXPECT_EQ(days.size(), 190U);
  EXPECT_EQ(publishers.size(), 8U);
  EXPECT_GT(DefaultYear().planned.size(), 80'000U);
  EXPECT_LT(DefaultYear().planned.size(), 200'000U);
  EXPECT_EQ(DefaultYear().planned.size(), DefaultYear().summary.events);
}

TEST(GeneratedYear, IsPublishedInLongRunsOfOnePublisher) {
  std::size_t runs = 0;
  const std::string* last = nullptr;
  for (const Planned& planned : DefaultYear().planned) {
    if (last == nullptr || *last != planned.publisher) ++runs;
    last = &planned.publisher;
  }
  EXPECT_LT(runs * 100, DefaultYear().planned.size());
}

TEST(GeneratedYear, KnowsSomebodyToAskAbout) {
  const Highlights& who = SmallYear().summary.highlights;
  std::set<std::string> given;
  std::set<std::string> withdrawn;
  bool corrected = false;
  for (const Planned& planned : SmallYear().planned) {
    const Event& event = planned.event;
    if (planned.expected == Outcome::kRejected) continue;
    if (event.type == EventType::kConsentGiven && event.text("purpose") == who.purpose &&
        event.text("evidence") == "ONLINE")
      given.insert(event.subject);
    if (event.type == EventType::kConsentWithdrawn &&
        event.V() + 48 * 3600 * kMicrosPerSecond > SmallYear().summary.now)
      withdrawn.insert(event.subject);
    if (event.type == EventType::kGradeCourseAssessed && !event.corrects.empty())
      corrected = corrected || event.subject == who.corrected;
    EXPECT_FALSE(event.info().group == "consent" && event.subject == who.never_asked);
  }
  EXPECT_TRUE(given.contains(who.consenting));
  EXPECT_FALSE(withdrawn.contains(who.consenting));
  EXPECT_TRUE(withdrawn.contains(who.withdrawn));
  EXPECT_TRUE(corrected);
  EXPECT_FALSE(who.guardian.empty());
}

TEST(GeneratedYear, SharesNobodyWithTheYearOfAnotherSeed) {
  std::set<std::string> first;
  ASSERT_TRUE(Generate({.pupils = 60, .days = 2, .seed = 1}, [&](const Event& event) {
                first.insert(event.subject);
                return Status();
              }).ok());
  first.erase("");
  ASSERT_TRUE(Generate({.pupils = 60, .days = 2, .seed = 2}, [&](const Event& event) {
                EXPECT_FALSE(first.contains(event.subject));
                return Status();
              }).ok());
}

TEST(GeneratedYear, RefusesOptionsOutOfBounds) {
  const auto code = [](const GenerateOptions& options) {
    const Status status = Generate(options, [](const Event&) { return Status(); });
    return status.ok() ? std::string("ok") : std::string(CodeName(status.error().code));
  };
  EXPECT_EQ(code({.pupils = 1, .days = 1}), CodeName(Code::kInvalidArgument));
  EXPECT_EQ(code({.pupils = 60, .days = 0}), CodeName(Code::kInvalidArgument));
  EXPECT_EQ(code({.pupils = 60, .days = 191}), CodeName(Code::kInvalidArgument));
  EXPECT_EQ(code({.pupils = 60, .days = 10, .now = ParseInstant("2025-08-20T00:00:00Z")}),
            CodeName(Code::kInvalidArgument));
  EXPECT_EQ(code({.pupils = 45, .days = 1}), "ok");
}

TEST(GeneratedYear, StopsWhenTheSinkFails) {
  int taken = 0;
  const Status status = Generate({.pupils = 60, .days = 2}, [&taken](const Event&) -> Status {
    if (++taken == 10) return Unavailable("full");
    return {};
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_EQ(taken, 10);
}

TEST(GeneratedPolicy, IsHashedAsPublished) {
  for (const Planned& planned : SmallYear().planned) {
    if (planned.event.type != EventType::kRegistryPolicyPublished) continue;
    EXPECT_EQ(planned.event.text("policy_hash"), HashText(HashOf(planned.event.text("body"))));
  }
}

}  // namespace
}  // namespace oppi::ops
