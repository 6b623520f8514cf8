#include "projections/retention_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "projections/corrections.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::Story;
using tests::T;
using Kind = RetentionStep::Kind;

constexpr const char* kPack = R"({
 "policy": "p", "version": 1, "jurisdiction": "FI", "timezone": "Europe/Helsinki",
 "iss_age": 13, "self_age": 15, "majority_age": 18, "leap_birthday": "MAR_1",
 "on_iss_age": {"mode": "KEEP_AND_INFORM", "days": 30}, "on_authority_end": "KEEP",
 "late_limit_hours": {"online": 72, "paper": 336}, "max_staleness_ms": 5000, "stop_ack_hours": 24,
 "review_days": 7, "emergency": {"max_minutes": 240, "review_hours": 24},
 "erasure": {"statutory_types": ["grade.course_assessed"], "after_release_days": 7},
 "protection": {"categories": ["LOC"], "cleared_recipients": ["POLICE"]}, "categories": {"LOC": null},
 "purposes": {"EDU": {"iss": false, "rule": "ONE", "purpose_class": "SCHOOL", "ttl_days": 365, "on_majority": "KEEP"}}})";

RetentionTable TableOf(const std::string& trigger, std::int64_t days,
                       const std::string& type = "activity.xapi_statement") {
  auto table =
      ParseRetentionTable(R"({"retention":"t","version":3,"rules":[{"class":"S2","types":[")" +
                          type + R"("],"trigger":")" + trigger + R"(","days":)" +
                          std::to_string(days) + R"(,"law_ref":"x"}]})");
  OPPI_CHECK(table.ok());
  return std::move(table).value();
}

/// A story, folded once.
class Folded {
 public:
  explicit Folded(const Story& story, std::string_view learner = "L1",
                  LeapBirthday leap = LeapBirthday::kMarch1) {
    auto pack = ParsePolicyPack(kPack);
    OPPI_CHECK(pack.ok());
    pack->leap_birthday = leap;
    registry_.AddPolicy(std::move(pack).value(), kInstantMin);
    history_.emplace(learner, registry_, story.facts(), TreeSize(story.facts().size()));
  }
  [[nodiscard]] const History& history() const { return *history_; }
  [[nodiscard]] bool Due(const RetentionTable& table, std::string_view now) const {
    return !DueRules(*history_, table, T(now)).empty();
  }
  /// Not due the microsecond before.
  void ExpectDueFrom(const RetentionTable& table, std::string_view instant) const {
    EXPECT_TRUE(DueRules(*history_, table, Instant{T(instant).micros - 1}).empty()) << instant;
    const auto due = DueRules(*history_, table, T(instant));
    ASSERT_EQ(due.size(), 1U) << instant;
    EXPECT_EQ(due[0].due, T(instant));
  }
  [[nodiscard]] std::vector<RetentionStep> Steps(const RetentionTable& table,
                                                 std::string_view now) const {
    return StepsFor(*history_, table, "anna", T(now));
  }

 private:
  Registry registry_{Publishers()};
  std::optional<History> history_;
};

void TellState(Story& story, std::string_view id, const char* right, const char* state,
               std::string_view from) {
  story.Tell(id, "studyright.state_changed", {{"studyright", right}, {"state", state}}).From(from);
}
void TellGrant(Story& story, std::string_view id, const char* right, std::string_view from) {
  story.Tell(id, "studyright.granted", {{"studyright", right}}).From(from);
}
void TellActivity(Story& story, std::string_view id, std::string_view at) {
  story.Tell(id, "activity.xapi_statement", {{"statement_id", std::string(id)}}).Happened(at);
}

TEST(RetentionRules, ThePeriodIsWholeDaysAfterTheDayOfTheTrigger) {
  // In winter a day begins at 22:00 UTC, in summer at 21:00.
  EXPECT_EQ(DueAfter(T("2026-01-10T12:00:00Z"), 1), T("2026-01-11T22:00:00Z"));
  EXPECT_EQ(DueAfter(T("2026-01-10T21:59:59.999999Z"), 1), T("2026-01-11T22:00:00Z"));
  EXPECT_EQ(DueAfter(T("2026-01-10T22:00:00Z"), 1), T("2026-01-12T22:00:00Z"));
  // The last Sundays of March and October 2026: 23 and 25 hours.
  EXPECT_EQ(DueAfter(T("2026-03-28T12:00:00Z"), 1), T("2026-03-29T21:00:00Z"));
  EXPECT_EQ(DueAfter(T("2026-03-27T12:00:00Z"), 1), T("2026-03-28T22:00:00Z"));
  EXPECT_EQ(DueAfter(T("2026-10-24T12:00:00Z"), 1), T("2026-10-25T22:00:00Z"));
  EXPECT_EQ(DueAfter(T("2026-10-23T12:00:00Z"), 1), T("2026-10-24T21:00:00Z"));
  // Over a leap day.
  EXPECT_EQ(DueAfter(T("2028-02-27T12:00:00Z"), 2), T("2028-02-29T22:00:00Z"));
}

TEST(RetentionRules, AStudyRightEndsWithTheStateThatEndsIt) {
  for (const char* state : {"eronnut", "katsotaaneronneeksi", "keskeytynyt", "peruutettu",
                            "valmistunut", "paattynyt", "hyvaksytystisuoritettu", "mitatoity"}) {
    Story story;
    TellGrant(story, "g", "r1", "2020-08-01T00:00:00Z");
    TellState(story, "a", "r1", "lasna", "2020-08-01T00:00:00Z");
    TellState(story, "z", "r1", state, "2026-06-01T10:00:00Z");
    Folded(story).ExpectDueFrom(TableOf("STUDYRIGHT_ENDED", 365), "2027-06-01T21:00:00Z");
  }
  for (const char* state : {"lasna", "loma", "valiaikaisestikeskeytynyt"}) {
    Story story;
    TellState(story, "z", "r1", state, "2020-06-01T10:00:00Z");
    EXPECT_FALSE(Folded(story).Due(TableOf("STUDYRIGHT_ENDED", 1), "2040-01-01T00:00:00Z"))
        << state;
  }
}

TEST(RetentionRules, AStudyRightEndsWithTheEndOfItsLastState) {
  Story story;
  story.Tell("a", "studyright.state_changed", {{"studyright", "r1"}, {"state", "lasna"}})
      .From("2020-08-01T00:00:00Z")
      .Until("2026-05-31T21:00:00Z");
  const Folded folded(story);
  folded.ExpectDueFrom(TableOf("STUDYRIGHT_ENDED", 1), "2026-06-02T21:00:00Z");
  EXPECT_EQ(StudyRightsEnded(folded.history(), T("2026-05-31T20:59:59.999999Z")), std::nullopt);
}

TEST(RetentionRules, TheLastOfSeveralStudyRightsCounts) {
  Story story;
  TellState(story, "a", "r1", "valmistunut", "2022-06-01T10:00:00Z");
  TellState(story, "b", "r2", "eronnut", "2024-06-01T10:00:00Z");
  EXPECT_EQ(StudyRightsEnded(Folded(story).history(), T("2026-01-01T00:00:00Z")),
            T("2024-06-01T10:00:00Z"));
  TellGrant(story, "g", "r3", "2024-08-01T00:00:00Z");
  EXPECT_EQ(StudyRightsEnded(Folded(story).history(), T("2026-01-01T00:00:00Z")), std::nullopt);
}

TEST(RetentionRules, ALearnerWhoIsExpectedBackHasNotLeft) {
  Story granted;
  TellState(granted, "a", "r1", "valmistunut", "2022-06-01T10:00:00Z");
  TellGrant(granted, "g", "r2", "2030-08-01T00:00:00Z");
  EXPECT_FALSE(Folded(granted).Due(TableOf("STUDYRIGHT_ENDED", 1), "2029-01-01T00:00:00Z"));
  Story announced;
  TellState(announced, "a", "r1", "eronnut", "2022-06-01T10:00:00Z");
  TellState(announced, "b", "r1", "lasna", "2030-08-01T00:00:00Z");
  EXPECT_FALSE(Folded(announced).Due(TableOf("STUDYRIGHT_ENDED", 1), "2029-01-01T00:00:00Z"));
  TellState(announced, "c", "r1", "eronnut", "2030-09-01T00:00:00Z");
  Folded(announced).ExpectDueFrom(TableOf("STUDYRIGHT_ENDED", 1), "2030-09-02T21:00:00Z");
}

TEST(RetentionRules, ASecondEndDoesNotBeginThePeriodAgain) {
  Story story;
  TellState(story, "a", "r1", "lasna", "2020-08-01T00:00:00Z");
  TellState(story, "b", "r1", "eronnut", "2022-06-01T10:00:00Z");
  TellState(story, "c", "r1", "mitatoity", "2025-06-01T10:00:00Z");
  EXPECT_EQ(StudyRightsEnded(Folded(story).history(), T("2026-01-01T00:00:00Z")),
            T("2022-06-01T10:00:00Z"));
}

TEST(RetentionRules, AnEndThatIsAnnulledIsNone) {
  Story story;
  TellState(story, "a", "r1", "lasna", "2020-08-01T00:00:00Z");
  TellState(story, "b", "r1", "eronnut", "2022-06-01T10:00:00Z");
  story.Tell("x", "ledger.fact_annulled", {{"reason", "MISTAKE"}}).Annuls("b");
  EXPECT_EQ(StudyRightsEnded(Folded(story).history(), T("2026-01-01T00:00:00Z")), std::nullopt);
}

TEST(RetentionRules, NobodyHasLeftOfWhomNoStudyRightIsKnown) {
  Story story;
  TellActivity(story, "s", "2001-01-01T00:00:00Z");
  EXPECT_FALSE(Folded(story).Due(TableOf("STUDYRIGHT_ENDED", 1), "2040-01-01T00:00:00Z"));
}

Story Born(const char* date) {
  Story story;
  story.Tell("b", "identity.learner_registered", {{"birth_date", date}, {"language", "fi"}});
  return story;
}

TEST(RetentionRules, MajorityIsTheBirthdayByThePolicy) {
  Folded(Born("2008-05-10")).ExpectDueFrom(TableOf("MAJORITY", 1), "2026-05-11T21:00:00Z");
  // Born on a leap day: comes of age in a year that has none.
  Folded(Born("2008-02-29")).ExpectDueFrom(TableOf("MAJORITY", 1), "2026-03-02T22:00:00Z");
  Folded(Born("2008-02-29"), "L1", LeapBirthday::kFebruary28)
      .ExpectDueFrom(TableOf("MAJORITY", 1), "2026-03-01T22:00:00Z");
  // Birthdays on the days on which clocks change.
  Folded(Born("2008-03-29")).ExpectDueFrom(TableOf("MAJORITY", 1), "2026-03-30T21:00:00Z");
  Folded(Born("2008-10-25")).ExpectDueFrom(TableOf("MAJORITY", 1), "2026-10-26T22:00:00Z");
  EXPECT_FALSE(Folded(Story()).Due(TableOf("MAJORITY", 1), "2040-01-01T00:00:00Z"));
}

TEST(RetentionRules, TheNewestEventOfTheTypesCounts) {
  Story story;
  TellActivity(story, "s1", "2026-01-10T12:00:00Z");
  TellActivity(story, "s2", "2026-02-10T12:00:00Z");
  TellActivity(story, "s3", "2026-01-20T12:00:00Z");
  story.Tell("m", "attendance.marked", {{"lesson", "l"}, {"code", "LATE"}})
      .Happened("2027-01-01T00:00:00Z");
  Folded(story).ExpectDueFrom(TableOf("LAST_EVENT", 10), "2026-02-20T22:00:00Z");
  story.facts()[1].event.sensitivity = events::Sensitivity::kS3;  // another class
  Folded(story).ExpectDueFrom(TableOf("LAST_EVENT", 10), "2026-01-30T22:00:00Z");
}

TEST(RetentionRules, APeriodCountsUntilItsEnd) {
  Story story;
  story.Tell("l", "studyright.class_placed", {{"studyright", "r"}})
      .From("2026-01-10T12:00:00Z")
      .Until("2026-03-01T12:00:00Z");
  Folded(story).ExpectDueFrom(TableOf("LAST_EVENT", 1, "studyright.class_placed"),
                              "2026-03-02T22:00:00Z");
}

// ---- against a naive reading

struct Naive {
  const Facts& facts;
  const Corrections standing;
  Instant now;

  Naive(const Story& story, Instant at)
      : facts(story.facts()), standing("L1", facts, TreeSize(facts.size())), now(at) {}

  [[nodiscard]] bool Stands(const Fact& fact) const {
    const auto& all = standing.standing();
    return std::find(all.begin(), all.end(), &fact) != all.end();
  }
  /// Forwards through time, one right after the other.
  [[nodiscard]] std::optional<Instant> Left() const {
    std::map<std::string, std::vector<const Fact*>> rights;
    for (const Fact& fact : facts)
      if (Stands(fact) && fact.event.info().group == "studyright")
        rights[std::string(fact.event.text("studyright"))].push_back(&fact);
    std::optional<Instant> left;
    for (const auto& [id, told] : rights) {
      std::set<Instant> instants{now};
      for (const Fact* fact : told) {
        if (fact->event.V() <= now) instants.insert(fact->event.V());
        if (fact->event.valid_to && *fact->event.valid_to <= now)
          instants.insert(*fact->event.valid_to);
      }
      std::optional<Instant> since;
      for (const Instant t : instants) {
        std::string state = "never told";
        std::optional<Instant> from;
        for (const Fact* fact : told) {
          if (fact->event.type != events::EventType::kStudyrightStateChanged || t < fact->event.V())
            continue;
          if (state == "never told") state = "over";
          if (fact->event.valid_to && *fact->event.valid_to <= t) continue;
          if (from && fact->event.V() < *from) continue;
          from = fact->event.V();
          state = fact->event.text("state");
        }
        const bool open = state == "never told" || state == "lasna" || state == "loma" ||
                          state == "valiaikaisestikeskeytynyt";
        if (open)
          since.reset();
        else if (!since)
          since = t;
      }
      for (const Fact* fact : told) {
        const bool opens = fact->event.type == events::EventType::kStudyrightGranted ||
                           fact->event.text("state") == "lasna" ||
                           fact->event.text("state") == "loma";
        if (now < fact->event.V() && opens) since.reset();
      }
      if (!since) return std::nullopt;
      if (!left || *left < *since) left = since;
    }
    return left;
  }
  [[nodiscard]] bool LongAgo(std::optional<Instant> trigger, std::int64_t days) const {
    return trigger && HelsinkiDate(now).days - HelsinkiDate(*trigger).days > days;
  }
};

TEST(RetentionRules, AgreeWithANaiveReadingOfRandomLives) {
  std::mt19937 random(20261123);
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const char* states[] = {"lasna", "loma", "eronnut", "valmistunut", "mitatoity"};
  int due_ever = 0;
  int left_ever = 0;
  for (int round = 0; round < 2000; ++round) {
    Story story;
    const auto some_time = [&] {
      return FormatInstant(T("2025-01-01T00:00:00Z") + upto(800) * (kMicrosPerDay / 2));
    };
    const int events = 1 + upto(7);
    for (int i = 0; i < events; ++i) {
      const std::string id = "e" + std::to_string(i);
      const std::string right = upto(3) == 0 ? "r2" : "r1";
      switch (upto(6)) {
        case 0:
          story.Tell(id, "studyright.granted", {{"studyright", right}}).From(some_time());
          break;
        case 1:
          TellActivity(story, id, some_time());
          break;
        case 2:
          if (i > 0) {
            story.Tell(id, "ledger.fact_annulled", {{"reason", "MISTAKE"}})
                .Annuls("e" + std::to_string(upto(i)));
            break;
          }
          [[fallthrough]];
        default: {
          const std::string from = some_time();
          auto told = story.Tell(id, "studyright.state_changed",
                                 {{"studyright", right}, {"state", states[upto(5)]}});
          told.From(from);
          if (upto(3) == 0) told.Until(FormatInstant(T(from) + (1 + upto(200)) * kMicrosPerDay));
        }
      }
    }
    const Instant now = T(some_time());
    const std::int64_t days = 1 + upto(120);
    const Folded folded(story);
    const Naive naive(story, now);
    const bool due = !DueRules(folded.history(), TableOf("STUDYRIGHT_ENDED", days), now).empty();
    EXPECT_EQ(StudyRightsEnded(folded.history(), now), naive.Left()) << round;
    EXPECT_EQ(due, naive.LongAgo(naive.Left(), days)) << round;
    std::optional<Instant> last;
    for (const Fact& fact : story.facts())
      if (fact.event.type == events::EventType::kActivityXapiStatement &&
          (!last || *last < fact.event.V()))
        last = fact.event.V();
    EXPECT_EQ(!DueRules(folded.history(), TableOf("LAST_EVENT", days), now).empty(),
              naive.LongAgo(last, days))
        << round;
    due_ever += due ? 1 : 0;
    left_ever += naive.Left() ? 1 : 0;
  }
  EXPECT_GT(due_ever, 100);
  EXPECT_GT(left_ever, due_ever);
}

// ---- what a run does

constexpr std::string_view kNow = "2026-06-01T00:00:00Z";

Story Old() {
  Story story;
  TellActivity(story, "s1", "2020-01-10T12:00:00Z");
  TellActivity(story, "s2", "2020-01-11T12:00:00Z");
  return story;
}
void TellRequest(Story& story, std::string_view id, const char* publisher,
                 const char* ground = "RETENTION",
                 std::vector<std::string> types = {"activity.xapi_statement"}) {
  story
      .Tell(id, "erasure.requested",
            {{"classes", std::vector<std::string>{"S2"}}, {"ground", ground}})
      .At("2026-05-01T00:00:00Z")
      .By(publisher);
  if (!types.empty()) story.facts().back().event.SetList("types", std::move(types));
}
void TellDecision(Story& story, std::string_view id, const char* request, const char* outcome,
                  const std::string& law_ref) {
  story
      .Tell(id, "erasure.decided",
            {{"request", request}, {"outcome", outcome}, {"law_ref", law_ref}})
      .At("2026-05-01T00:00:01Z")
      .By("bertta");
}
const RetentionTable& kTable() {
  static const RetentionTable table = TableOf("LAST_EVENT", 365);
  return table;
}
/// The kinds of what a run does now.
std::vector<Kind> KindsOf(const Story& story, std::string_view learner = "L1") {
  std::vector<Kind> kinds;
  for (const RetentionStep& step : Folded(story, learner).Steps(kTable(), kNow))
    kinds.push_back(step.kind);
  return kinds;
}
using Kinds = std::vector<Kind>;

TEST(RetentionSteps, WhatIsDueIsRequestedWithWhatItTakes) {
  Story story = Old();
  story.Tell("s3", "activity.xapi_statement", {{"statement_id", "s3"}})
      .Happened("2020-02-01T00:00:00Z")
      .Others({"L2"});
  const auto steps = Folded(story).Steps(kTable(), kNow);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].kind, Kind::kRequest);
  EXPECT_EQ(steps[0].events, 3U);
  EXPECT_EQ(steps[0].shared, 1U);
  EXPECT_FALSE(steps[0].held);
}

TEST(RetentionSteps, NothingIsRequestedThatWouldTakeNothing) {
  Story story = Old();
  for (Fact& fact : story.facts()) fact = Erased(std::move(fact));
  EXPECT_EQ(KindsOf(story), Kinds{});
  EXPECT_EQ(KindsOf(Born("1990-01-01")), Kinds{});
  Story left;
  TellState(left, "z", "r1", "eronnut", "2020-06-01T10:00:00Z");
  const RetentionTable table = TableOf("STUDYRIGHT_ENDED", 1);
  EXPECT_TRUE(Folded(left).Due(table, kNow));
  EXPECT_TRUE(Folded(left).Steps(table, kNow).empty());
}

TEST(RetentionSteps, TheRequestOfAnotherOfficerIsNotDecidedByARun) {
  Story story = Old();
  TellRequest(story, "q", "cecilia");
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kWaits});
}

TEST(RetentionSteps, WhoIsOnlyNamedBesideOthersIsNoLearner) {
  Story story;
  story.Tell("s", "activity.xapi_statement", {{"statement_id", "s"}})
      .Happened("2020-02-01T00:00:00Z")
      .Others({"L2"});
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kRequest});
  EXPECT_EQ(KindsOf(story, "L2"), Kinds{});
}

TEST(RetentionSteps, AHoldIsCountedAndDoesNotStopTheRequest) {
  Story story = Old();
  story
      .Tell("h", "erasure.hold_set",
            {{"classes", std::vector<std::string>{"S2"}},
             {"ground", "LITIGATION"},
             {"case_ref", "1"}})
      .At("2026-01-01T00:00:00Z");
  const auto steps = Folded(story).Steps(kTable(), kNow);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].kind, Kind::kRequest);
  EXPECT_TRUE(steps[0].held);
}

TEST(RetentionSteps, AnInterruptedRequestIsDecidedAndNotMadeAgain) {
  Story story = Old();
  TellRequest(story, "q", "anna");
  const auto steps = Folded(story).Steps(kTable(), kNow);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].kind, Kind::kDecide);
  EXPECT_EQ(steps[0].request, "q");
  TellDecision(story, "d", "q", "ACCEPTED", kTable().Citation());
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kWaits});
}

TEST(RetentionSteps, WhatSomebodyElseRequestedWaits) {
  for (const auto& types : {std::vector<std::string>{},
                            {"activity.xapi_statement"},
                            {"attendance.marked", "activity.xapi_statement"}}) {
    Story story = Old();
    TellRequest(story, "q", "portal", "REQUEST", types);
    EXPECT_EQ(KindsOf(story), Kinds{Kind::kWaits});
    TellDecision(story, "d", "q", "REFUSED", "no");
    EXPECT_EQ(KindsOf(story), Kinds{Kind::kRequest});
  }
  Story narrower = Old();
  TellRequest(narrower, "q", "portal", "REQUEST", {"attendance.marked"});
  EXPECT_EQ(KindsOf(narrower), Kinds{Kind::kRequest});
}

TEST(RetentionSteps, WhatAPersonCalledOffStaysSoUnderTheSameTable) {
  Story story = Old();
  TellRequest(story, "q", "anna");
  TellDecision(story, "d1", "q", "ACCEPTED", kTable().Citation());
  TellDecision(story, "d2", "q", "REFUSED", "the learner asked to keep it");
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kCalledOff});
  Story older = Old();
  TellRequest(older, "q", "anna");
  TellDecision(older, "d1", "q", "ACCEPTED", "retention t v2 sha256:0");
  TellDecision(older, "d2", "q", "REFUSED", "the learner asked to keep it");
  EXPECT_EQ(KindsOf(older), Kinds{Kind::kRequest});
}

TEST(RetentionSteps, WhatIsNotDueAnyMoreIsCalledOffAndMayComeDueAgain) {
  Story story = Old();
  TellRequest(story, "q", "anna");
  TellDecision(story, "d1", "q", "ACCEPTED", kTable().Citation());
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kWaits});
  TellActivity(story, "s3", "2026-05-20T00:00:00Z");
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kCallOff});
  TellDecision(story, "d2", "q", "REFUSED", kTable().Citation() + ", not due any more");
  EXPECT_EQ(KindsOf(story), Kinds{});
  const auto later = Folded(story).Steps(kTable(), "2028-01-01T00:00:00Z");
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].kind, Kind::kRequest);
}

TEST(RetentionSteps, AnErasureOnOtherGroundsIsNeverCalledOffByARun) {
  Story story = Old();
  TellActivity(story, "s3", "2026-05-20T00:00:00Z");
  TellRequest(story, "q", "anna", "REQUEST");
  TellDecision(story, "d1", "q", "ACCEPTED", "art. 17");
  EXPECT_EQ(KindsOf(story), Kinds{});
  Story by_hand = Old();
  TellActivity(by_hand, "s3", "2026-05-20T00:00:00Z");
  TellRequest(by_hand, "q", "anna");
  TellDecision(by_hand, "d1", "q", "ACCEPTED", "decided by hand");
  EXPECT_EQ(KindsOf(by_hand), Kinds{});
}

TEST(RetentionSteps, WhatCameAfterAnExecutionIsRequestedAgain) {
  Story story = Old();
  TellRequest(story, "q", "anna");
  TellDecision(story, "d1", "q", "ACCEPTED", kTable().Citation());
  story
      .Tell("x", "erasure.executed",
            {{"request", "q"}, {"classes", std::vector<std::string>{"S2"}}})
      .At("2026-05-02T00:00:00Z");
  for (Fact& fact : story.facts())
    if (fact.event.type == events::EventType::kActivityXapiStatement)
      fact = Erased(std::move(fact));
  EXPECT_EQ(KindsOf(story), Kinds{});
  TellActivity(story, "s3", "2020-05-20T00:00:00Z");  // came late
  EXPECT_EQ(KindsOf(story), Kinds{Kind::kRequest});
}

}  // namespace
}  // namespace oppi::projections
