#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/consumers/fakes.h"

namespace oppi::tests {
namespace {

using consumers::Access;
using consumers::Lane;
using consumers::Route;
using nlohmann::json;

const json& Document() {
  static const json document = json::parse(consumers::OpenApiJson());
  return document;
}

std::string DocumentPath(std::string path) {
  if (const auto dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

std::vector<Route> Routes() {
  static FakeRoad road;
  static FakeDesk desk;
  static SystemEntropy entropy;
  return consumers::ApiRoutes({road, desk, entropy, {}, {}, {}, {}, {}, {}, {}, Access::kAnyone});
}

std::string OperationName(const Route& route) {
  return route.method == consumers::Method::kGet ? "get" : "post";
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
  std::set<std::string> described;
  for (const auto& [path, operations] : Document().at("paths").items())
    for (const auto& [method, operation] : operations.items())
      described.insert(method + " " + path);
  std::set<std::string> served;
  for (const Route& route : Routes())
    served.insert(OperationName(route) + " " + DocumentPath(route.path));
  EXPECT_EQ(described, served);
}

TEST(OpenApi, SaysTruthfullyWhoMayCallWhat) {
  for (const Route& route : Routes()) {
    const json& operation =
        Document().at("paths").at(DocumentPath(route.path)).at(OperationName(route));
    const json& security = operation.at("security");
    if (route.path == "/metrics")
      EXPECT_EQ(security, json::parse(R"([{}, {"bearer": []}])"));
    else if (route.who == Access::kAnyone)
      EXPECT_EQ(security, json::array()) << route.path;
    else
      EXPECT_EQ(security, json::parse(R"([{"bearer": []}])")) << route.path;
    EXPECT_EQ(operation.at("responses").contains("401"), security != json::array()) << route.path;
  }
}

TEST(OpenApi, NamesTheBodiesQueriesAndParametersThatRoutesTake) {
  for (const Route& route : Routes()) {
    const json& operation =
        Document().at("paths").at(DocumentPath(route.path)).at(OperationName(route));
    std::set<std::string> media_types;
    if (operation.contains("requestBody"))
      for (const auto& [type, body] : operation.at("requestBody").at("content").items())
        media_types.insert(type);
    EXPECT_EQ(media_types,
              std::set<std::string>(route.media_types.begin(), route.media_types.end()))
        << route.path;
    std::set<std::string> query;
    std::string path = DocumentPath(route.path);
    for (const json& parameter : operation.value("parameters", json::array())) {
      const std::string name = parameter.at("name");
      if (parameter.at("in") == "query")
        query.insert(name);
      else
        EXPECT_NE(path.find("{" + name + "}"), std::string::npos) << route.path;
    }
    EXPECT_EQ(query, std::set<std::string>(route.query.begin(), route.query.end())) << route.path;
    EXPECT_EQ(operation.at("responses").contains("429"), route.lane != Lane::kHere) << route.path;
  }
}

TEST(OpenApi, HasNoReferenceThatLeadsNowhere) {
  std::size_t references = 0;
  const std::function<void(const json&)> walk = [&](const json& node) {
    if (node.is_object() && node.contains("$ref")) {
      ++references;
      const std::string target = node.at("$ref");
      ASSERT_TRUE(target.starts_with("#/"));
      EXPECT_TRUE(Document().contains(json::json_pointer(target.substr(1)))) << target;
    }
    if (node.is_structured())
      for (const json& child : node) walk(child);
  };
  walk(Document());
  EXPECT_GT(references, 50U);
}

TEST(OpenApi, ListsTheMembersThatQuestionsHave) {
  using projections::Ask;
  const json& members = Document().at("components").at("schemas").at("Question").at("properties");
  for (const auto& [name, schema] : members.items()) {
    bool known = false;
    for (const Ask ask : projections::kAsks) {
      // A list is the value of one member only: others are refused for its type if they are known.
      const auto question =
          projections::ParseQuestion(ask, R"({"learner":"L",")" + name + R"(":["x"]})");
      known = known || question.ok() || !question.error().message.starts_with("UNKNOWN_FIELD");
    }
    EXPECT_TRUE(known) << name;
  }
  // And the other way: a question with every member set has no member that is not listed.
  projections::Question all;
  all.ask = Ask::kDecide;
  all.learner = all.controller = all.purpose = all.recipient = all.op = all.principal = all.actor =
      all.publisher = all.status = all.after = all.reason = all.format = all.consent = all.request = "x";
  all.limit = 1;
  all.categories = {"x"};
  all.valid_at = all.known_at = all.from = all.until = kTestNow;
  all.known_size = all.min_size = TreeSize(1);
  all.evidence = true;
  std::set<std::string> written;
  const json question = json::parse(projections::QuestionJson(all));
  for (const auto& [name, value] : question.items()) written.insert(name);
  std::set<std::string> listed;
  for (const auto& [name, schema] : members.items()) listed.insert(name);
  EXPECT_EQ(written, listed);
}

}  // namespace
}  // namespace oppi::tests
