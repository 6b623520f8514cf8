#include "projections/rehearsal.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

namespace oppi::projections {
namespace {

constexpr const char* kPack = R"({"policy":"p","version":1,"jurisdiction":"FI",
 "timezone":"Europe/Helsinki","iss_age":13,"self_age":15,"majority_age":18,"leap_birthday":"MAR_1",
 "on_iss_age":{"mode":"KEEP_AND_INFORM","days":30},"on_authority_end":"INVALIDATE_EX_NUNC",
 "late_limit_hours":{"online":72,"paper":336},"max_staleness_ms":5000,"stop_ack_hours":24,
 "review_days":7,"emergency":{"max_minutes":240,"review_hours":24},
 "erasure":{"statutory_types":[],"after_release_days":7},
 "protection":{"categories":[],"cleared_recipients":[]},"categories":{"LRN":null},
 "purposes":{"ADAPT":{"iss":true,"rule":"ONE","purpose_class":"DIGITAL","ttl_days":365,
  "on_majority":"EXPIRE"}}})";

constexpr const char* kEvents = R"([
 {"id":"p1","recorded_at":"2026-01-01T00:00:00Z","publisher":"registrar",
  "type":"fi.oppiloki.registry.publisher_registered.v1",
  "data":{"publisher":"school","role":"PROVIDER"}},
 {"id":"c1","recorded_at":"2026-01-01T00:01:00Z","publisher":"school",
  "type":"fi.oppiloki.identity.learner_registered.v1","subject":"C",
  "data":{"birth_date":"2010-01-01"}}])";

constexpr const char* kHolders = R"({"id":"q1","ask":"authority_holders","learner":"C",
 "purpose":"ADAPT","at":"2026-01-02T00:00:00Z","expect":{"holders":["C"]}})";

std::string File(const std::string& events, const std::string& questions,
                 const std::string& more = "") {
  return R"({"format":"oppiloki-rehearsal/1","why":"x","policy":)" + std::string(kPack) + more +
         R"(,"events":)" + events + R"(,"questions":[)" + questions + "]}";
}

struct Told {
  RehearsalReport report;
  std::string text;
};

Told RehearseText(const std::map<std::string, std::string>& files,
                  const std::string& path = "story.json") {
  Told run;
  std::ostringstream out;
  const FileReader read = [&](const std::string& name) -> Result<std::string> {
    const auto found = files.find(name);
    if (found == files.end()) return NotFound("cannot be read");
    return found->second;
  };
  run.report = Rehearse(path, read, out);
  PrintTotals(run.report, out);
  run.text = out.str();
  return run;
}

Told RehearseOne(const std::string& text) { return RehearseText({{"story.json", text}}); }

/// The reason on the BAD line; empty when the file was good.
std::string WhyBad(const std::string& text) {
  const Told run = RehearseOne(text);
  const std::string start = "BAD  story.json: ";
  return run.text.starts_with(start) ? run.text.substr(start.size()) : "";
}

TEST(Rehearsal, PrintsALineForEachQuestionAndTheTotals) {
  const Told run = RehearseOne(File(kEvents, kHolders));
  EXPECT_EQ(run.text, "ok   story.json q1 authority_holders\n1 passed, 0 failed\n");
  EXPECT_EQ(run.report.ExitCode(), 0);
}

TEST(Rehearsal, PrintsWhatWasExpectedAndWhatWasFound) {
  const Told run = RehearseOne(File(kEvents, R"({"id":"q1","ask":"authority_holders","learner":"C",
   "purpose":"ADAPT","at":"2020-01-02T00:00:00Z",
   "expect":{"holders":["C"],"rule":"ONE","colour":null}})"));
  EXPECT_EQ(run.text,
            "FAIL story.json q1 authority_holders\n"
            "  holders: expected [\"C\"], got []\n"
            "  colour: expected null, got nothing\n"
            "0 passed, 1 failed\n");
  EXPECT_EQ(run.report.ExitCode(), 1);
}

TEST(Rehearsal, ABadFileAnswersNothingAndOthersStillRun) {
  const std::string bad = File(kEvents, std::string(kHolders) + R"(,{"id":"q2","ask":"stream_count",
   "learner":"C","asked_after":"never","expect":{}})");
  Told run = RehearseOne(bad);
  EXPECT_EQ(run.text.find("ok "), std::string::npos);
  EXPECT_EQ(run.report.ExitCode(), 2);
  RehearsalReport total = run.report;
  total += RehearseOne(File(kEvents, kHolders)).report;
  EXPECT_EQ(total.passed, 1U);
  EXPECT_EQ(total.ExitCode(), 2);
}

TEST(Rehearsal, RefusesUnknownMembersEverywhere) {
  const std::string good = File(kEvents, kHolders);
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string text = good;
    text.replace(text.find(what), what.size(), instead);
    return WhyBad(text);
  };
  EXPECT_EQ(WhyBad(good), "");
  EXPECT_NE(with(R"("why":"x")", R"("why":"x","colour":1)").find("`colour`"), std::string::npos);
  EXPECT_NE(with(R"("subject":"C")", R"("subject":"C","colour":1)").find("`colour`"),
            std::string::npos);
  EXPECT_NE(with(R"("learner":"C")", R"("learner":"C","colour":1)").find("`colour`"),
            std::string::npos);
  EXPECT_NE(with(R"("learner":"C")", R"("learner":"C","recipient":"V")").find("`recipient`"),
            std::string::npos);
  EXPECT_NE(with(R"("version":1)", R"("version":1,"colour":1)").find("`colour`"),
            std::string::npos);
  EXPECT_NE(with(R"("version":1)", R"("version":1,"version":1)").find("repeated"),
            std::string::npos);
}

TEST(Rehearsal, RefusesFilesThatContradictThemselves) {
  const std::string event = R"({"id":"c2","recorded_at":"2026-01-01T00:02:00Z",
   "publisher":"school","type":"fi.oppiloki.identity.learner_registered.v1","subject":"D",
   "data":{"birth_date":"2010-01-01"}})";
  const auto bad = [&](const std::string& what, const std::string& instead) {
    std::string text = File(
        "[" + std::string(kEvents).substr(1, std::string(kEvents).size() - 2) + "," + event + "]",
        kHolders, R"(,"acts":[{"id":"a1","after":"c2","act":"restore",
                            "store_as_of":"c1"}])");
    text = text.replace(text.find(what), what.size(), instead);
    // Holders are asked of a node that is not ready, so a good file still answers.
    return WhyBad(text);
  };
  EXPECT_EQ(bad(R"("why":"x")", R"("why":"y")"), "");
  EXPECT_NE(bad("\"id\":\"c2\"", "\"id\":\"c1\""), "");        // a label twice
  EXPECT_NE(bad("\"id\":\"a1\"", "\"id\":\"c1\""), "");        // also of an act
  EXPECT_NE(bad("00:02:00Z", "00:01:00Z"), "");                // time stands still
  EXPECT_NE(bad("\"after\":\"c2\"", "\"after\":\"c9\""), "");  // after nothing
  EXPECT_NE(bad("\"store_as_of\":\"c1\"", "\"store_as_of\":\"c9\""), "");
  EXPECT_NE(bad("\"act\":\"restore\"", "\"act\":\"explode\""), "");
  EXPECT_NE(bad("oppiloki-rehearsal/1", "oppiloki-rehearsal/2"), "");
  EXPECT_NE(bad("\"ask\":\"authority_holders\"", "\"ask\":\"everything\""), "");
  EXPECT_NE(bad("2026-01-02T00:00:00Z", "2026-01-02T00:00:00+02:00"), "");
  EXPECT_NE(bad("\"expect\":{\"holders\":[\"C\"]}", "\"expect\":[]"), "");
  EXPECT_NE(bad("\"purpose\":\"ADAPT\",\"at\"", "\"at\""), "");  // an input is missing
  EXPECT_NE(bad("\"iss_age\":13", "\"iss_age\":33"), "");        // the pack
  EXPECT_NE(bad("\"iss_age\":13,", ""), "");                     // not complete
}

TEST(Rehearsal, RefusesQuestionsAboutWhatHasNotHappenedYet) {
  const auto why = [](const std::string& members) {
    return WhyBad(File(kEvents, R"({"id":"q1","ask":"decide","learner":"C","purpose":"ADAPT",
      "recipient":"V","data_categories":["LRN"],"expect":{})" +
                                    members + "}"));
  };
  EXPECT_EQ(why(R"(,"asked_after":"c1","as_known_after":"p1","min_known":"c1")"), "");
  EXPECT_NE(why(R"(,"asked_after":"p1","as_known_after":"c1")"), "");
  EXPECT_NE(why(R"(,"as_known_after":"c9")"), "");
  EXPECT_NE(why(R"(,"min_known":"c9")"), "");
  EXPECT_NE(why(R"(,"op":"sell")"), "");
  EXPECT_NE(why(R"(,"op":"guardian_view")"), "");  // whose view is not said
  EXPECT_NE(WhyBad(File(kEvents, R"({"id":"q1","ask":"intake_result","event":"c1",
      "asked_after":"p1","expect":{}})")),
            "");
}

TEST(Rehearsal, IncludesComeFirstAndPoliciesAreMergedMemberByMember) {
  const std::string base = R"({"format":"oppiloki-rehearsal/1","why":"b","policy":)" +
                           std::string(kPack) + R"(,"events":)" + kEvents +
                           R"(,"questions":[{"id":"x","ask":"stream_count","learner":"C",
                             "expect":{"count":99}}]})";
  const std::string story = R"({"format":"oppiloki-rehearsal/1","why":"s",
   "include":["sub/base.json"],"policy":{"purposes":{"ADAPT":{"rule":"ALL"}}},"events":[],
   "questions":[{"id":"q1","ask":"authority_holders","learner":"C","purpose":"ADAPT",
    "at":"2026-01-02T00:00:00Z","expect":{"holders":["C"],"rule":"ALL"}}]})";
  const Told run =
      RehearseText({{"dir/story.json", story}, {"dir/sub/base.json", base}}, "dir/story.json");
  EXPECT_EQ(run.text, "ok   dir/story.json q1 authority_holders\n1 passed, 0 failed\n");
}

TEST(Rehearsal, APolicyMayBeAFileOfItsOwn) {
  const std::string story = R"({"format":"oppiloki-rehearsal/1","why":"s","policy":"pack.json",
   "events":)" + std::string(kEvents) +
                            R"(,"questions":[)" + kHolders + "]}";
  EXPECT_EQ(RehearseText({{"story.json", story}, {"pack.json", kPack}}).report.passed, 1U);
  EXPECT_EQ(RehearseText({{"story.json", story}}).report.bad, 1U);
  EXPECT_EQ(RehearseText({{"story.json", story}, {"pack.json", "[]"}}).report.bad, 1U);
}

TEST(Rehearsal, AFileThatIncludesItselfIsBad) {
  const std::string story = R"({"format":"oppiloki-rehearsal/1","why":"s",
   "include":["story.json"],"events":[],"questions":[]})";
  EXPECT_EQ(RehearseOne(story).report.bad, 1U);
}

TEST(Rehearsal, AFileThatCannotBeReadIsBad) {
  EXPECT_EQ(RehearseText({}).text, "BAD  story.json: cannot be read\n0 passed, 0 failed\n");
  EXPECT_EQ(RehearseOne("{").report.bad, 1U);
  EXPECT_EQ(RehearseOne("[]").report.bad, 1U);
}

}  // namespace
}  // namespace oppi::projections
