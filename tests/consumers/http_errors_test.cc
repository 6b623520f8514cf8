#include "consumers/http_errors.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "consumers/http_date.h"
#include "tests/consumers/fakes.h"

namespace oppi::tests {
namespace {

using consumers::HttpResponse;
using consumers::Problem;
using consumers::ProblemOf;
using consumers::ProblemResponse;
using consumers::SafeDetail;
using nlohmann::json;

std::string Header(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

TEST(HttpErrors, EveryCodeHasItsStatus) {
  const std::vector<std::tuple<Error, unsigned, std::string, std::string>> table = {
      {InvalidArgument("m"), 400, "INVALID_ARGUMENT", ""},
      {Unauthenticated("m"), 401, "UNAUTHENTICATED", ""},
      {PermissionDenied("m"), 403, "PERMISSION_DENIED", ""},
      {NotFound("m"), 404, "NOT_FOUND", ""},
      {AlreadyExists("m"), 409, "ALREADY_EXISTS", ""},
      {Aborted("m"), 409, "ABORTED", ""},
      {ResourceExhausted("m"), 503, "BUSY", "1"},
      {Unavailable("m"), 503, "UNAVAILABLE", "5"},
      {DataLoss("m"), 500, "DATA_LOSS", ""},
  };
  for (const auto& [error, status, code, retry_after] : table) {
    const HttpResponse response = ProblemResponse(ProblemOf(error));
    const json body = json::parse(response.body);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(body.at("status"), status);
    EXPECT_EQ(body.at("code"), code);
    EXPECT_EQ(body.at("detail"), "m");
    EXPECT_EQ(body.at("title"), consumers::ReasonPhrase(status));
    EXPECT_EQ(Header(response, "Retry-After"), retry_after);
    EXPECT_EQ(Header(response, "WWW-Authenticate"), status == 401 ? "Bearer" : "");
    EXPECT_EQ(response.media_type, "application/problem+json");
    EXPECT_EQ(response.cache_control, "no-store");
  }
}

TEST(HttpErrors, ACodeAtTheHeadOfAMessageIsTheCode) {
  const Problem with_text = ProblemOf(PermissionDenied("ROLE_NOT_ALLOWED: not this role"));
  EXPECT_EQ(with_text.code, "ROLE_NOT_ALLOWED");
  EXPECT_EQ(with_text.detail, "not this role");
  const Problem alone = ProblemOf(Unavailable("NOT_READY"));
  EXPECT_EQ(alone.code, "NOT_READY");
  EXPECT_EQ(alone.detail, "");
  EXPECT_EQ(ProblemOf(NotFound("A thing")).code, "NOT_FOUND");
  EXPECT_EQ(ProblemOf(NotFound("NOT QUITE: x")).code, "NOT_FOUND");
  EXPECT_EQ(ProblemOf(NotFound("")).code, "NOT_FOUND");
  EXPECT_EQ(ProblemOf(NotFound(std::string(100, 'A'))).code, "NOT_FOUND");
  EXPECT_EQ(json::parse(ProblemResponse(with_text).body).at("type"),
            "urn:oppiloki:problem:role-not-allowed");
}

TEST(HttpErrors, EveryErrorOfTheVocabularyHasAStatusOfRefusal) {
  std::map<unsigned, int> seen;
  for (int i = 1; i <= static_cast<int>(events::ErrorCode::kLate); ++i) {
    const Problem problem = ProblemOf(static_cast<events::ErrorCode>(i), "why");
    EXPECT_EQ(problem.code, events::ErrorName(static_cast<events::ErrorCode>(i)));
    ++seen[problem.status];
  }
  EXPECT_EQ(seen, (std::map<unsigned, int>{{400, 1}, {403, 6}, {413, 2}, {422, 39}}));
  EXPECT_EQ(ProblemOf(events::ErrorCode::kBadSignature, "").status, 403U);
  EXPECT_EQ(ProblemOf(events::ErrorCode::kBatchTooLarge, "").status, 413U);
  EXPECT_EQ(ProblemOf(events::ErrorCode::kMalformed, "").status, 400U);
}

TEST(HttpErrors, WhateverLooksLikeAPersonIsDroppedFromTheDetail) {
  for (const std::string text :
       {"learner urn:oid:1.2.246.562.24.10482013375", "1.2.246.562.24.10482013375",
        "no 10482013375 here", "urn:uuid:0b7e1c9a-6f0e-4c52-9a57-0a1b2c3d4e5f",
        "code 010190-123A is known", "caf\xc3\xa9", "line\nbreak"})
    EXPECT_EQ(SafeDetail(text), "") << text;
  EXPECT_EQ(SafeDetail("at most 67108864 bytes are taken here"),
            "at most 67108864 bytes are taken here");
  EXPECT_EQ(SafeDetail(std::string(500, 'x')).size(), 200U);
  const HttpResponse response =
      ProblemResponse(ProblemOf(NotFound("SIZE_UNKNOWN: of 1.2.246.562.24.10482013375")));
  EXPECT_FALSE(json::parse(response.body).contains("detail"));
  EXPECT_EQ(json::parse(response.body).at("code"), "SIZE_UNKNOWN");
}

TEST(HttpErrors, DatesAreInTheFormOfTheProtocol) {
  EXPECT_EQ(consumers::HttpDate({784'111'777 * kMicrosPerSecond}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(consumers::HttpDate({0}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(consumers::HttpDate({-1}), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(consumers::HttpDate(kTestNow), "Thu, 01 Jan 2026 00:00:00 GMT");
}

TEST(IngestReport, IsJsonWithOneEntryPerItem) {
  consumers::BatchReport report = Accepted(2);
  report.items[1] = {1, events::Outcome::kRejected, events::ErrorCode::kFieldMissing, "grade", {},
                     {}};
  EXPECT_EQ(
      consumers::ReportJson(report),
      R"({"size":2,"checkpoint":"note\n","items":[{"index":0,"outcome":"ACCEPTED","position":0,)"
      R"("recorded":"2026-01-01T00:00:00Z"},{"index":1,"outcome":"REJECTED","code":"FIELD_MISSING","member":"grade"}]})");
  const json with = json::parse(consumers::ReportJson(report, {"proof\n", ""}));
  EXPECT_EQ(with.at("items")[0].at("receipt"), "proof\n");
  EXPECT_FALSE(with.at("items")[1].contains("receipt"));
  EXPECT_EQ(report.Count(events::Outcome::kAccepted), 1U);
  EXPECT_EQ(report.Count(events::Outcome::kRejected), 1U);
  EXPECT_EQ(report.Count(events::Outcome::kDuplicate), 0U);
  report.error = events::ErrorCode::kBadSignature;
  report.message = "m";
  EXPECT_EQ(json::parse(consumers::ReportJson(report)).at("error"), "BAD_SIGNATURE");
}

}  // namespace
}  // namespace oppi::tests
