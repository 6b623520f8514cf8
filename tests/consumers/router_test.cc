#include "consumers/router.h"

#include <gtest/gtest.h>

#include "consumers/http_target.h"

namespace oppi::tests {
namespace {

using consumers::HttpRequest;
using consumers::HttpResponse;
using consumers::Method;
using consumers::ParseTarget;
using consumers::Route;
using consumers::Router;

Route Row(Method method, std::string path) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.handle = [](const HttpRequest&) { return HttpResponse{}; };
  return route;
}

Router SomeRouter() {
  return Router({Row(Method::kGet, "/"), Row(Method::kGet, "/a/{id}"),
                 Row(Method::kPost, "/a/{id}"), Row(Method::kGet, "/a/fixed/b"),
                 Row(Method::kGet, "/rest/{path...}")});
}

TEST(Target, TakesPlainPathsAndQueries) {
  const auto target = ParseTarget("/a/b.p/12?x=1&y_2=A-z~.0&flag");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/a/b.p/12");
  EXPECT_EQ(target->query.at("x"), "1");
  EXPECT_EQ(target->query.at("y_2"), "A-z~.0");
  EXPECT_EQ(target->query.at("flag"), "");
  EXPECT_EQ(ParseTarget("/")->path, "/");
  EXPECT_EQ(ParseTarget("http://host:80/a?x=1")->path, "/a");
  EXPECT_EQ(ParseTarget("http://host")->path, "/");
}

TEST(Target, RefusesWhateverCouldMeanTwoThings) {
  for (const std::string_view text :
       {"",        "a",          "*",         "host:80",  "//",        "/a//b",  "/a/",
        "/./a",    "/a/..",      "/../a",     "/a/.",     "/%2e%2e/a", "/a%2fb", "/a%00",
        "/a\\b",   "/a b",       "/a\tb",     "/a#x",     "/\xc3\xa4", "/a?",    "/a?=1",
        "/a?x=1&", "/a?x=1&x=2", "/a?X=1",    "/a?x=%20", "/a?x=a/b",  "/a?x==", "/a?x?y",
        "http://", "http:///a",  "ftp://h/a", "/a?&"})
    EXPECT_FALSE(ParseTarget(text).ok()) << text;
  EXPECT_FALSE(ParseTarget("/" + std::string(consumers::kTargetBytesMax, 'a')).ok());
  EXPECT_TRUE(ParseTarget("/" + std::string(consumers::kTargetBytesMax - 1, 'a')).ok());
  std::string many = "/a?k0";
  for (std::size_t i = 1; i < consumers::kQueryPairsMax; ++i) many += "&k" + std::to_string(i);
  EXPECT_TRUE(ParseTarget(many).ok());
  EXPECT_FALSE(ParseTarget(many + "&more").ok());
}

TEST(Target, EveryByteOutsideTheShortListIsRefusedInAPath) {
  for (int c = 0; c < 256; ++c) {
    const bool plain = std::isalnum(c) != 0 && c < 128;
    const bool listed = std::string_view("-._~!$&'()*+,;=:@/?").find(static_cast<char>(c)) !=
                        std::string_view::npos;
    const auto target = ParseTarget(std::string("/a") + static_cast<char>(c) + "b");
    EXPECT_EQ(target.ok(), plain || listed) << c;
  }
}

TEST(RouterTable, FindsByMethodAndPathAndFillsParameters) {
  const Router router = SomeRouter();
  const auto get = router.Find("GET", "/a/42");
  ASSERT_NE(get.route, nullptr);
  EXPECT_EQ(get.route->method, Method::kGet);
  EXPECT_EQ(get.parameters.at("id"), "42");
  EXPECT_EQ(router.Find("POST", "/a/42").route->method, Method::kPost);
  EXPECT_EQ(router.Find("HEAD", "/a/42").route, get.route);
  EXPECT_EQ(router.Find("GET", "/").route->path, "/");
  EXPECT_EQ(router.Find("GET", "/a/fixed/b").route->path, "/a/fixed/b");
  const auto rest = router.Find("GET", "/rest/x/y/z.p/3");
  ASSERT_NE(rest.route, nullptr);
  EXPECT_EQ(rest.parameters.at("path"), "x/y/z.p/3");
}

TEST(RouterTable, TellsAWrongMethodFromAWrongPath) {
  const Router router = SomeRouter();
  const auto wrong_method = router.Find("DELETE", "/a/42");
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_EQ(wrong_method.allow, "GET, HEAD, POST");
  for (const std::string_view path :
       {"/b", "/a", "/a/", "/a/1/2", "/rest", "/rest/", "", "a", "/a/fixed", "/A/1"}) {
    const auto match = router.Find("GET", path);
    if (path == "/a/fixed") {
      EXPECT_EQ(match.parameters.at("id"), "fixed");
    } else {
      EXPECT_EQ(match.route, nullptr) << path;
      EXPECT_EQ(match.allow, "") << path;
    }
  }
  EXPECT_EQ(router.Find("get", "/a/42").route, nullptr) << "methods are case-sensitive";
}

}  // namespace
}  // namespace oppi::tests
