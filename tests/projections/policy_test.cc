#include "projections/policy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "projections/registry.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using tests::T;

/// The pack of our stories.
JsonValue Pack() {
  std::ifstream in(std::string(OPPI_SCENARIOS_DIR) + "/base.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto file = ParseJson(text);
  EXPECT_TRUE(file.ok());
  return *file->Find("policy");
}

/// The pack with one member changed; `path` as in "emergency.max_minutes".
JsonValue With(const std::string& path, JsonValue value) {
  JsonValue change = std::move(value);
  std::string rest = path;
  while (!rest.empty()) {
    const std::size_t dot = rest.rfind('.');
    JsonValue outer = JsonValue::Object();
    outer.Set(dot == std::string::npos ? rest : rest.substr(dot + 1), change);
    change = outer;
    rest = dot == std::string::npos ? "" : rest.substr(0, dot);
  }
  JsonValue pack = Pack();
  pack.Merge(change);
  return pack;
}

JsonValue Without(const std::string& member) {
  const JsonValue pack = Pack();
  JsonValue less = JsonValue::Object();
  for (const auto& [name, value] : pack.members())
    if (name != member) less.Set(name, value);
  return less;
}

std::string WhyNot(const JsonValue& pack) {
  const auto read = ReadPolicyPack(pack);
  return read.ok() ? "" : read.error().message;
}

TEST(PolicyPack, ReadsEveryRule) {
  const auto pack = ReadPolicyPack(Pack());
  ASSERT_TRUE(pack.ok()) << pack.error().message;
  EXPECT_EQ(pack->iss_age, 13);
  EXPECT_EQ(pack->late_limit_hours_paper, 336);
  EXPECT_EQ(pack->on_iss_age, OnIssAge::kKeepAndInform);
  const PurposeRules* img = pack->Purpose("IMG");
  ASSERT_NE(img, nullptr);
  EXPECT_EQ(img->rule, ConsentRule::kAll);
  EXPECT_EQ(img->on_majority, OnMajority::kExpire);
  EXPECT_EQ(pack->Purpose("OTHER"), nullptr);
  EXPECT_EQ(pack->SelfAgeOf(*img), 15);
  EXPECT_EQ(pack->SelfAgeOf(*pack->Purpose("ADAPT")), 13);
}

TEST(PolicyPack, IsNamedByTheHashOfItsCanonicalJson) {
  const auto pack = ReadPolicyPack(Pack());
  const auto again = ParsePolicyPack(pack->canonical);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->hash, pack->hash);
  EXPECT_EQ(again->canonical, pack->canonical);
  EXPECT_EQ(pack->hash, HashOf(Pack().Canonical()));
  EXPECT_NE(ReadPolicyPack(With("version", JsonValue::Integer(8)))->hash, pack->hash);
}

TEST(PolicyPack, ResolvesTheTreeOfCategories) {
  const auto pack = ReadPolicyPack(Pack());
  EXPECT_EQ(pack->LeavesOf("LRN"), (std::vector<std::string_view>{"LRN.ACTIVITY", "LRN.GRADE"}));
  EXPECT_EQ(pack->LeavesOf("SUP"), (std::vector<std::string_view>{"SUP"}));
  EXPECT_EQ(pack->PathOf("LRN.GRADE"), (std::vector<std::string_view>{"LRN.GRADE", "LRN"}));
  EXPECT_TRUE(pack->Covers({"LRN"}, "LRN.GRADE"));
  EXPECT_FALSE(pack->Covers({"LRN.GRADE"}, "LRN"));
  // What the pack does not know is its own leaf, covered by its own name alone.
  EXPECT_EQ(pack->LeavesOf("NEW"), (std::vector<std::string_view>{"NEW"}));
  EXPECT_FALSE(pack->Covers({"LRN"}, "NEW"));
}

TEST(PolicyPack, RefusesAMissingOrUnknownMemberByName) {
  const JsonValue pack = Pack();
  for (const auto& [member, value] : pack.members())
    EXPECT_NE(WhyNot(Without(member)).find("`" + member + "` is missing"), std::string::npos)
        << member;
  EXPECT_NE(WhyNot(With("colour", JsonValue::String("red"))).find("`colour`"), std::string::npos);
  EXPECT_NE(WhyNot(With("emergency.colour", JsonValue::Integer(1))).find("`emergency.colour`"),
            std::string::npos);
  EXPECT_NE(WhyNot(With("purposes.EDU.colour", JsonValue::Integer(1))).find("purposes.EDU.colour"),
            std::string::npos);
}

TEST(PolicyPack, RefusesWhatContradictsItself) {
  const std::vector<std::pair<std::string, JsonValue>> changes = {
      {"iss_age", JsonValue::Integer(19)},
      {"self_age", JsonValue::Integer(19)},
      {"majority_age", JsonValue::Integer(0)},
      {"purposes.EDU.self_age", JsonValue::Integer(19)},
      {"categories.SUP", JsonValue::String("NOWHERE")},
      {"categories.LRN", JsonValue::String("LRN.GRADE")},  // above itself
      {"categories.ID", JsonValue::String("ID")},
      {"protection.categories", JsonValue::Strings({"NOWHERE"})},
      {"erasure.statutory_types", JsonValue::Strings({"grade.invented"})},
  };
  for (const auto& [path, value] : changes) EXPECT_NE(WhyNot(With(path, value)), "") << path;
}

TEST(PolicyPack, RefusesValuesThatAreNoRules) {
  const std::vector<std::pair<std::string, JsonValue>> changes = {
      {"timezone", JsonValue::String("Europe/Stockholm")},
      {"leap_birthday", JsonValue::String("MAR_2")},
      {"on_iss_age.mode", JsonValue::String("FORGET")},
      {"on_iss_age.days", JsonValue::Integer(-1)},
      {"on_authority_end", JsonValue::String("WAIT")},
      {"late_limit_hours.online", JsonValue::String("72")},
      {"max_staleness_ms", JsonValue::Decimal("0.5")},
      {"purposes.EDU.rule", JsonValue::String("MOST")},
      {"purposes.EDU.ttl_days", JsonValue::Integer(0)},
      {"purposes.EDU.purpose_class", JsonValue::String("SPORT")},
      {"purposes.EDU.iss", JsonValue::Integer(1)},
      {"purposes", JsonValue::List()},
      {"protection.cleared_recipients", JsonValue::Strings({"A", "A"})},
      {"review_days", JsonValue::Integer(std::int64_t{1} << 50)},
  };
  for (const auto& [path, value] : changes) EXPECT_NE(WhyNot(With(path, value)), "") << path;
}

TEST(Registry, ThePackInForceHasTheGreatestVAndPositionThatTheViewSees) {
  tests::Story story;
  const auto publish = [&](const std::string& id, std::int64_t version, const char* from) {
    return story
        .Tell(id, "registry.policy_published",
              {{"body", With("version", JsonValue::Integer(version)).Text()}})
        .From(from);
  };
  publish("p1", 1, "2020-01-01T00:00:00Z");
  publish("p2", 2, "2021-01-01T00:00:00Z").Until("2022-01-01T00:00:00Z");
  publish("p3", 3, "2020-06-01T00:00:00Z");
  story.Tell("p4", "registry.policy_published", {{"body", "{}"}}).From("2019-01-01T00:00:00Z");
  Registry registry{Publishers()};
  for (const Fact& fact : story.facts()) registry.Apply(fact);
  const auto version = [&](const char* at, std::uint64_t size) {
    const PolicyPack* pack = registry.PackAt(T(at), TreeSize(size));
    return pack == nullptr ? 0 : pack->version;
  };
  EXPECT_EQ(version("2019-12-31T23:59:59.999999Z", 4), 0);
  EXPECT_EQ(version("2020-01-01T00:00:00Z", 4), 1);
  EXPECT_EQ(version("2020-06-01T00:00:00Z", 4), 3);
  EXPECT_EQ(version("2020-06-01T00:00:00Z", 2), 1);  // the third is not known yet
  EXPECT_EQ(version("2021-12-31T23:59:59.999999Z", 4), 2);
  EXPECT_EQ(version("2022-01-01T00:00:00Z", 4), 3);
  EXPECT_EQ(version("2022-01-01T00:00:00Z", 0), 0);
  EXPECT_EQ(registry.PackChanges(TreeSize(2)).size(), 3U);
}

}  // namespace
}  // namespace oppi::projections
