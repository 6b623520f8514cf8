#include "consumers/token.h"

#include <gtest/gtest.h>

#include "tests/consumers/fakes.h"

namespace oppi::tests {
namespace {

using consumers::CheckToken;
using consumers::Claims;
using consumers::IssueToken;

constexpr std::int64_t kHour = 3600 * kMicrosPerSecond;

class Token : public testing::Test {
 protected:
  static Claims Teacher() {
    Claims claims;
    claims.asker = {"teacher-1", "TEACHER", "1.2.246.562.10.34648391018", "TEACHING"};
    claims.expires = kTestNow + kHour;
    return claims;
  }
  /// A token whose claims are `json`, properly signed.
  std::string Signed(const std::string& json,
                     const std::string& domain = "oppiloki/token/v1\n") const {
    return "oppi1." + ToBase64Url(json) + "." + ToBase64Url(View(key.Sign(domain + json)));
  }
  std::string Refusal(const std::string& token, Instant now = kTestNow) const {
    const auto claims = CheckToken(token, key.public_key(), now);
    if (claims.ok()) return "accepted";
    EXPECT_EQ(claims.error().code, Code::kUnauthenticated);
    return claims.error().message.substr(0, claims.error().message.find(':'));
  }

  SeededEntropy entropy{7};
  SigningKey key = SigningKey::Generate(entropy);
};

TEST_F(Token, SaysWhoAsksUntilItExpires) {
  Claims claims = Teacher();
  claims.asker.purpose = "quote \" backslash \\ control \x01 ä";
  for (const std::string publisher : {"", "sis"}) {
    claims.publisher = publisher;
    const auto checked = CheckToken(IssueToken(claims, key), key.public_key(), kTestNow);
    ASSERT_TRUE(checked.ok());
    EXPECT_EQ(checked->asker.principal, "teacher-1");
    EXPECT_EQ(checked->asker.role, "TEACHER");
    EXPECT_EQ(checked->asker.organisation, "1.2.246.562.10.34648391018");
    EXPECT_EQ(checked->asker.purpose, claims.asker.purpose);
    EXPECT_EQ(checked->publisher, publisher);
    EXPECT_EQ(checked->expires, claims.expires);
  }
}

TEST_F(Token, HasOneForm) {
  EXPECT_EQ(
      IssueToken(Teacher(), key),
      Signed(
          R"({"principal":"teacher-1","role":"TEACHER","organisation":"1.2.246.562.10.34648391018",)"
          R"("purpose":"TEACHING","exp":1767229200})"));
}

TEST_F(Token, ExpiresAtItsSecondNotAfterIt) {
  const std::string token = IssueToken(Teacher(), key);
  EXPECT_EQ(Refusal(token, kTestNow + (kHour - 1)), "accepted");
  EXPECT_EQ(Refusal(token, kTestNow + kHour), "TOKEN_EXPIRED");
}

TEST_F(Token, LosesFractionsOfASecondNeverGainsThem) {
  Claims claims = Teacher();
  claims.expires = claims.expires + 999'999;
  EXPECT_EQ(Refusal(IssueToken(claims, key), kTestNow + kHour), "TOKEN_EXPIRED");
}

TEST_F(Token, OfAnotherKeyIsRefused) {
  const SigningKey other = SigningKey::Generate(entropy);
  EXPECT_EQ(Refusal(IssueToken(Teacher(), other)), "TOKEN_INVALID");
}

TEST_F(Token, SignedForAnotherPurposeIsRefused) {
  const std::string json =
      R"({"principal":"p","role":"DPO","organisation":"o","purpose":"","exp":1767229200})";
  EXPECT_EQ(Refusal(Signed(json)), "accepted");
  EXPECT_EQ(Refusal(Signed(json, "")), "TOKEN_INVALID");
  EXPECT_EQ(Refusal(Signed(json, "oppiloki/token/v2\n")), "TOKEN_INVALID");
}

TEST_F(Token, WithAnyCharacterChangedIsRefused) {
  const std::string token = IssueToken(Teacher(), key);
  for (std::size_t i = 0; i < token.size(); ++i)
    for (const char c : {'A', 'b', '7', '.', '-', '=', '\0'}) {
      std::string altered = token;
      if (altered[i] == c) continue;
      altered[i] = c;
      EXPECT_EQ(Refusal(altered), "TOKEN_INVALID") << "character " << i;
    }
}

TEST_F(Token, CutShortOrGrownIsRefused) {
  const std::string token = IssueToken(Teacher(), key);
  for (std::size_t n = 0; n < token.size(); ++n)
    EXPECT_EQ(Refusal(token.substr(0, n)), "TOKEN_INVALID");
  for (const std::string tail : {"A", ".", "==", " ", "\n"})
    EXPECT_EQ(Refusal(token + tail), "TOKEN_INVALID");
  EXPECT_EQ(Refusal(" " + token), "TOKEN_INVALID");
  EXPECT_EQ(Refusal(std::string(1 << 20, 'A')), "TOKEN_INVALID");
}

TEST_F(Token, WithClaimsInAnyOtherFormIsRefusedEvenIfSigned) {
  const std::string head = R"("principal":"p","role":"DPO","organisation":"o","purpose":"x")";
  const std::vector<std::pair<std::string, std::string>> forms = {
      {"white space", "{ " + head + R"(,"exp":1767229200})"},
      {"unknown member", "{" + head + R"(,"exp":1767229200,"admin":true})"},
      {"repeated member", "{" + head + R"(,"role":"DPO","exp":1767229200})"},
      {"other order",
       R"({"role":"DPO","principal":"p","organisation":"o","purpose":"x","exp":1767229200})"},
      {"escape that is not needed",
       R"({"principal":"\u0070","role":"DPO","organisation":"o","purpose":"x","exp":1767229200})"},
      {"no expiry", "{" + head + "}"},
      {"expiry as text", "{" + head + R"(,"exp":"1767229200"})"},
      {"expiry as a fraction", "{" + head + R"(,"exp":1767229200.5})"},
      {"expiry before 1970", "{" + head + R"(,"exp":-1})"},
      {"expiry beyond the calendar", "{" + head + R"(,"exp":9223372036854775807})"},
      {"unknown role",
       R"({"principal":"p","role":"ROOT","organisation":"o","purpose":"x","exp":1767229200})"},
      {"nobody",
       R"({"principal":"","role":"DPO","organisation":"o","purpose":"x","exp":1767229200})"},
      {"no organisation",
       R"({"principal":"p","role":"DPO","organisation":"","purpose":"x","exp":1767229200})"},
      {"empty publisher", "{" + head + R"(,"publisher":"","exp":1767229200})"},
      {"publisher of another type", "{" + head + R"(,"publisher":7,"exp":1767229200})"},
      {"overlong principal",
       R"({"principal":")" + std::string(257, 'p') +
           R"(","role":"DPO","organisation":"o","purpose":"x","exp":1767229200})"},
      {"not UTF-8",
       "{\"principal\":\"\xff\",\"role\":\"DPO\",\"organisation\":\"o\",\"purpose\":\"x\",\"exp\":"
       "1767229200}"},
      {"an array", "[1]"},
      {"nothing", ""},
      {"two documents", "{" + head + R"(,"exp":1767229200}{})"},
  };
  for (const auto& [name, json] : forms) EXPECT_EQ(Refusal(Signed(json)), "TOKEN_INVALID") << name;
}

TEST_F(Token, RefusalsSayNothingOfTheClaims) {
  Claims claims = Teacher();
  claims.asker.principal = "SECRET";
  const auto refused = CheckToken(IssueToken(claims, key), key.public_key(), kTestNow + 2 * kHour);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message.find("SECRET"), std::string::npos);
}

}  // namespace
}  // namespace oppi::tests
