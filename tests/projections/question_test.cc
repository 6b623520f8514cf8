#include "projections/question.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::T;

std::string Refusal(Ask ask, std::string_view json) {
  const Result<Question> question = ParseQuestion(ask, json);
  return question.ok() ? "" : question.error().message;
}

TEST(ParseQuestion, ReadsEveryMember) {
  const Result<Question> record = ParseQuestion(
      Ask::kRecord, R"({"learner":"L1","valid_at":"2026-01-15T08:00:00Z","known_size":12,
                        "reason":"kysymys äidiltä","evidence":true})");
  ASSERT_TRUE(record.ok()) << record.error().message;
  EXPECT_EQ(record->ask, Ask::kRecord);
  EXPECT_EQ(record->learner, "L1");
  EXPECT_EQ(record->valid_at, T("2026-01-15T08:00:00Z"));
  EXPECT_EQ(record->known_size, TreeSize(12));
  EXPECT_EQ(record->reason, "kysymys äidiltä");
  EXPECT_TRUE(record->evidence);

  const Result<Question> decide = ParseQuestion(
      Ask::kDecide, R"({"learner":"L1","controller":"K","purpose":"ADAPT","recipient":"V1",
                        "categories":["LRN","SUP"],"op":"disclose","min_size":7,
                        "known_at":"2026-01-15T08:00:00Z"})");
  ASSERT_TRUE(decide.ok()) << decide.error().message;
  EXPECT_EQ(decide->categories, (std::vector<std::string>{"LRN", "SUP"}));
  EXPECT_EQ(decide->min_size, TreeSize(7));
  EXPECT_EQ(decide->known_at, T("2026-01-15T08:00:00Z"));

  const Result<Question> audit =
      ParseQuestion(Ask::kAudit, R"({"actor":"teacher1","from":"2026-01-01T00:00:00Z",
                       "until":"2026-02-01T00:00:00Z"})");
  ASSERT_TRUE(audit.ok()) << audit.error().message;
  EXPECT_EQ(audit->actor, "teacher1");
}

TEST(ParseQuestion, NamesTheMissingMember) {
  EXPECT_EQ(Refusal(Ask::kRecord, "{}"), "FIELD_MISSING: learner");
  EXPECT_EQ(Refusal(Ask::kAudit, "{}"), "FIELD_MISSING: learner");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1"})"), "FIELD_MISSING: controller");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1","controller":"K"})"),
            "FIELD_MISSING: purpose");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1","controller":"K","purpose":"P"})"),
            "FIELD_MISSING: recipient");
  EXPECT_EQ(
      Refusal(Ask::kDecide, R"({"learner":"L1","controller":"K","purpose":"P","recipient":"V"})"),
      "FIELD_MISSING: categories");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1","op":"guardian_view"})"),
            "FIELD_MISSING: principal");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1","op":"emergency_read","principal":"P"})"),
            "FIELD_MISSING: categories");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1","op":"guardian_view","principal":"P"})"), "");
}

TEST(ParseQuestion, RefusesMembersThatTheQuestionDoesNotHave) {
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","purpose":"P"})"), "UNKNOWN_FIELD: purpose");
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","extra":1})"), "UNKNOWN_FIELD: extra");
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","known_size":1,
                                     "known_at":"2026-01-15T08:00:00Z"})"),
            "UNKNOWN_FIELD: known_at");
  EXPECT_EQ(Refusal(Ask::kDecide,
                    R"({"learner":"L1","controller":"K","purpose":"P","recipient":"V",
                        "categories":["LRN"],"principal":"X"})"),
            "UNKNOWN_FIELD: principal");
}

TEST(ParseQuestion, TakesAFormatWhereThereIsOne) {
  for (const char* format : {"ts27560", "kantara", "fhir"}) {
    const std::string json = std::string(R"({"learner":"L1","format":")") + format + "\"}";
    EXPECT_EQ(Refusal(Ask::kConsents, json), "") << format;
    EXPECT_EQ(Refusal(Ask::kTimeline, json), "UNKNOWN_FIELD: format") << format;
    EXPECT_EQ(Refusal(Ask::kRecord, json), "UNKNOWN_FIELD: format") << format;
  }
  EXPECT_EQ(Refusal(Ask::kAudit, R"({"learner":"L1","format":"fhir"})"), "");
  EXPECT_EQ(Refusal(Ask::kAudit, R"({"actor":"t","format":"fhir"})"), "");
  EXPECT_EQ(Refusal(Ask::kAudit, R"({"learner":"L1","format":"kantara"})"), "CODE_UNKNOWN: format");
  EXPECT_EQ(Refusal(Ask::kAudit, R"({"publisher":"sis","format":"fhir"})"),
            "UNKNOWN_FIELD: format");
  EXPECT_EQ(Refusal(Ask::kConsents, R"({"learner":"L1","format":"xml"})"), "CODE_UNKNOWN: format");
  EXPECT_EQ(Refusal(Ask::kConsents, R"({"learner":"L1","consent":"c1"})"), "FIELD_MISSING: format");
  const auto question =
      ParseQuestion(Ask::kConsents, R"({"learner":"L1","consent":"c1","format":"fhir"})");
  ASSERT_TRUE(question.ok());
  EXPECT_EQ(QuestionJson(*question), R"({"learner":"L1","format":"fhir","consent":"c1"})");
}

TEST(ParseQuestion, NeverRepeatsValuesOrStrangeNames) {
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","urn:oid:1.2.246.562.24.10482013375":1})"),
            "UNKNOWN_FIELD: a member");
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","valid_at":"urn:oid:1.2.246.562.24.1"})"),
            "FIELD_TYPE: valid_at");
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","reason":"koodi 010101-123N"})"),
            "PERSONAL_CODE_PRESENT: reason");
}

TEST(ParseQuestion, RefusesWrongTypes) {
  for (const char* value : {"1", "true", "null", "[]", "[\"a\"]", "{}", "\"\"", "1.5", "-1"}) {
    EXPECT_EQ(Refusal(Ask::kRecord, std::string("{\"learner\":") + value + "}"),
              "FIELD_TYPE: learner")
        << value;
  }
  for (const char* value : {"\"12\"", "-1", "1.0", "1e3", "9007199254740992", "true", "[1]"}) {
    EXPECT_EQ(Refusal(Ask::kRecord, std::string(R"({"learner":"L1","known_size":)") + value + "}"),
              "FIELD_TYPE: known_size")
        << value;
  }
  for (const char* value : {"\"2026-01-15\"", "\"2026-01-15T08:00:00+02:00\"", "1"}) {
    EXPECT_EQ(Refusal(Ask::kRecord, std::string(R"({"learner":"L1","valid_at":)") + value + "}"),
              "FIELD_TYPE: valid_at")
        << value;
  }
  for (const char* value : {"\"LRN\"", "[]", "[1]", "[\"\"]", "[[\"LRN\"]]", "[{}]", "[null]"}) {
    EXPECT_EQ(
        Refusal(Ask::kConsents, std::string(R"({"learner":"L1","categories":)") + value + "}"),
        "FIELD_TYPE: categories")
        << value;
  }
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","evidence":1})"), "FIELD_TYPE: evidence");
  EXPECT_EQ(Refusal(Ask::kAudit, R"({"learner":"L1","from":"2026-01-02T00:00:00Z",
                                    "until":"2026-01-02T00:00:00Z"})"),
            "FIELD_TYPE: until");
  EXPECT_EQ(Refusal(Ask::kDecide, R"({"learner":"L1","op":"peek"})"), "CODE_UNKNOWN: op");
}

TEST(ParseQuestion, RefusesWhatIsNotOneFlatObject) {
  for (const char* json : {"", "null", "1", "\"a\"", "[]", "[{}]", "{", "{}x",
                           "{\"learner\":\"L1\"", "{\"learner\":\"L\xff\"}", "{'learner':'L1'}"}) {
    EXPECT_EQ(Refusal(Ask::kRecord, json).substr(0, 9), "MALFORMED") << json;
  }
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","learner":"L2"})"), "MALFORMED: learner");
  EXPECT_EQ(Refusal(Ask::kRecord, std::string(70'000, ' ')), "TOO_LARGE: question");
  EXPECT_EQ(Refusal(Ask::kRecord, std::string(60'000, '[')).substr(0, 9), "MALFORMED");
}

TEST(ParseQuestion, CountsCharactersNotBytes) {
  std::string reason;
  for (int i = 0; i < 200; ++i) reason += "ä";
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","reason":")" + reason + "\"}"), "");
  EXPECT_EQ(Refusal(Ask::kRecord, R"({"learner":"L1","reason":")" + reason + "x\"}"),
            "FIELD_TYPE: reason");
}

TEST(ParseQuestion, BoundsLists) {
  std::string list = "\"a\"";
  for (int i = 1; i < 64; ++i) list += ",\"a\"";
  EXPECT_EQ(Refusal(Ask::kConsents, R"({"learner":"L1","categories":[)" + list + "]}"), "");
  EXPECT_EQ(Refusal(Ask::kConsents, R"({"learner":"L1","categories":[)" + list + ",\"a\"]}"),
            "FIELD_TYPE: categories");
}

TEST(QuestionJson, IsCanonicalAndGivesTheQuestionBack) {
  const char* questions[] = {
      R"({"learner":"L1"})",
      R"({"learner":"L1","valid_at":"2026-01-15T08:00:00.5Z","known_size":3,"evidence":true})",
  };
  for (const char* json : questions) {
    const Result<Question> question = ParseQuestion(Ask::kRecord, json);
    ASSERT_TRUE(question.ok());
    const Result<Question> again = ParseQuestion(Ask::kRecord, QuestionJson(*question));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, *question);
  }
  Question all;
  all.ask = Ask::kDecide;
  all.learner = "L1";
  all.controller = "K";
  all.purpose = "P";
  all.recipient = "V";
  all.categories = {"LRN"};
  all.op = "emergency_read";
  all.principal = "X";
  all.min_size = TreeSize(4);
  all.known_at = T("2026-01-15T08:00:00Z");
  all.reason = "\"quoted\"\n";
  const Result<Question> again = ParseQuestion(Ask::kDecide, QuestionJson(all));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, all);
  EXPECT_EQ(QuestionJson(all),
            R"({"learner":"L1","controller":"K","purpose":"P","recipient":"V",)"
            R"("categories":["LRN"],"op":"emergency_read","principal":"X",)"
            R"("known_at":"2026-01-15T08:00:00Z","min_size":4,"reason":"\"quoted\"\n"})");
}

TEST(QuestionJson, RoundTripsEveryAuditQuestion) {
  EXPECT_TRUE(rc::check([] {
    Question question;
    question.ask = Ask::kAudit;
    const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
    question.learner = "L" + *text;
    question.actor = *text;
    question.from = Instant{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)};
    question.until = *question.from + 1;
    question.evidence = *rc::gen::arbitrary<bool>();
    const Result<Question> again = ParseQuestion(Ask::kAudit, QuestionJson(question));
    if (again.ok()) {
      RC_ASSERT(*again == question);
    } else {
      // The only thing such texts can be refused for.
      RC_ASSERT(question.learner.size() > 200 || question.actor.size() > 200 ||
                again.error().message.find("PERSONAL_CODE_PRESENT") == 0);
    }
  }));
}

TEST(AskName, NamesTheFiveQuestions) {
  EXPECT_EQ(AskName(Ask::kRecord), "record");
  EXPECT_EQ(AskName(Ask::kConsents), "consents");
  EXPECT_EQ(AskName(Ask::kTimeline), "timeline");
  EXPECT_EQ(AskName(Ask::kDecide), "decide");
  EXPECT_EQ(AskName(Ask::kAudit), "audit");
}

TEST(Question, ObligationsAndFindingsAreOfALearnerOrOfAController) {
  for (const Ask ask : {Ask::kObligations, Ask::kFindings}) {
    EXPECT_EQ(Refusal(ask, "{}"), "FIELD_MISSING: learner");
    EXPECT_EQ(Refusal(ask, R"({"learner":"L1","purpose":"P","recipient":"V1"})"), "");
    const auto many =
        ParseQuestion(ask, R"({"controller":"K","limit":50,"after":"00ff","known_size":7})");
    ASSERT_TRUE(many.ok());
    EXPECT_TRUE(AsksOfMany(*many));
    EXPECT_EQ(many->limit, 50U);
    EXPECT_EQ(many->after, "00ff");
    EXPECT_EQ(*ParseQuestion(ask, QuestionJson(*many)), *many);
    EXPECT_EQ(Refusal(ask, R"({"learner":"L1","limit":5})"), "UNKNOWN_FIELD: limit");
    EXPECT_EQ(Refusal(ask, R"({"learner":"L1","after":"00"})"), "UNKNOWN_FIELD: after");
    EXPECT_EQ(Refusal(ask, R"({"controller":"K","limit":0})"), "FIELD_TYPE: limit");
    EXPECT_EQ(Refusal(ask, R"({"controller":"K","limit":10001})"), "FIELD_TYPE: limit");
    EXPECT_EQ(Refusal(ask, R"({"controller":"K","actor":"a"})"), "UNKNOWN_FIELD: actor");
  }
  EXPECT_EQ(Refusal(Ask::kObligations, R"({"learner":"L1","status":"OPEN"})"), "");
  EXPECT_EQ(Refusal(Ask::kObligations, R"({"learner":"L1","status":"SOON"})"),
            "CODE_UNKNOWN: status");
  EXPECT_EQ(Refusal(Ask::kFindings, R"({"learner":"L1","status":"OPEN"})"),
            "UNKNOWN_FIELD: status");
}

}  // namespace
}  // namespace oppi::projections
