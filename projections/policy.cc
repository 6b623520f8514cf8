#include "projections/policy.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "events/vocabulary.h"
#include "projections/json_members.h"

namespace oppi::projections {
namespace {

constexpr std::int64_t kAgeMax = 150;
/// Periods are limited so that an instant and a period always add up to an instant.
constexpr std::int64_t kDaysMax = 366 * 200;
constexpr std::int64_t kHoursMax = kDaysMax * 24;
constexpr std::int64_t kMinutesMax = kHoursMax * 60;
constexpr std::int64_t kMillisMax = kMinutesMax * 60'000;

Result<int> ReadAge(Members& members, std::string_view member) {
  OPPI_TRY(const std::int64_t age, members.Integer(member, 0, kAgeMax));
  return static_cast<int>(age);
}

Status ReadAges(Members& top, PolicyPack& pack) {
  OPPI_TRY(pack.iss_age, ReadAge(top, "iss_age"));
  OPPI_TRY(pack.self_age, ReadAge(top, "self_age"));
  OPPI_TRY(pack.majority_age, ReadAge(top, "majority_age"));
  if (pack.majority_age == 0) return Wrong("majority_age", "is zero");
  if (pack.iss_age > pack.majority_age) return Wrong("iss_age", "is above `majority_age`");
  if (pack.self_age > pack.majority_age) return Wrong("self_age", "is above `majority_age`");
  OPPI_TRY(pack.leap_birthday,
           top.Choice<LeapBirthday>("leap_birthday", {{"MAR_1", LeapBirthday::kMarch1},
                                                      {"FEB_28", LeapBirthday::kFebruary28}}));
  OPPI_TRY(Members at_iss_age, top.Nested("on_iss_age"));
  OPPI_TRY(pack.on_iss_age,
           at_iss_age.Choice<OnIssAge>("mode", {{"KEEP_AND_INFORM", OnIssAge::kKeepAndInform},
                                                {"RECONFIRM_WITHIN", OnIssAge::kReconfirmWithin},
                                                {"EXPIRE", OnIssAge::kExpire}}));
  OPPI_TRY(pack.on_iss_age_days, at_iss_age.Integer("days", 0, kDaysMax));
  return at_iss_age.Done();
}

Status ReadPeriods(Members& top, PolicyPack& pack) {
  OPPI_TRY(pack.on_authority_end,
           top.Choice<OnAuthorityEnd>("on_authority_end",
                                      {{"INVALIDATE_EX_NUNC", OnAuthorityEnd::kInvalidateExNunc},
                                       {"KEEP", OnAuthorityEnd::kKeep}}));
  OPPI_TRY(Members late, top.Nested("late_limit_hours"));
  OPPI_TRY(pack.late_limit_hours_online, late.Integer("online", 0, kHoursMax));
  OPPI_TRY(pack.late_limit_hours_paper, late.Integer("paper", 0, kHoursMax));
  OPPI_RETURN_IF_ERROR(late.Done());
  OPPI_TRY(pack.max_staleness_ms, top.Integer("max_staleness_ms", 0, kMillisMax));
  OPPI_TRY(pack.stop_ack_hours, top.Integer("stop_ack_hours", 0, kHoursMax));
  OPPI_TRY(pack.review_days, top.Integer("review_days", 0, kDaysMax));
  OPPI_TRY(Members emergency, top.Nested("emergency"));
  OPPI_TRY(pack.emergency_max_minutes, emergency.Integer("max_minutes", 0, kMinutesMax));
  OPPI_TRY(pack.emergency_review_hours, emergency.Integer("review_hours", 0, kHoursMax));
  return emergency.Done();
}

Status ReadErasure(Members& top, PolicyPack& pack) {
  OPPI_TRY(Members erasure, top.Nested("erasure"));
  OPPI_TRY(pack.statutory_types, erasure.Strings("statutory_types"));
  for (const std::string& type : pack.statutory_types)
    if (events::FindType("fi.oppiloki." + type + ".v1") == nullptr)
      return Wrong("erasure.statutory_types", "names a type that the vocabulary does not have");
  OPPI_TRY(pack.after_release_days, erasure.Integer("after_release_days", 0, kDaysMax));
  return erasure.Done();
}

Status ReadCategories(Members& top, PolicyPack& pack) {
  OPPI_TRY(const JsonValue* tree, top.Required("categories"));
  if (!tree->IsObject() || tree->members().empty())
    return Wrong("categories", "is not an object with members");
  for (const auto& [code, parent] : tree->members()) {
    if (code.empty()) return Wrong("categories", "has a member without a name");
    if (!parent.IsNull() && (!parent.IsString() || parent.string().empty()))
      return Wrong("categories." + code, "is neither a category nor null");
    pack.categories[code].parent = parent.IsNull() ? std::string() : parent.string();
  }
  for (auto& [code, category] : pack.categories) {
    for (std::string_view at = code; !at.empty();) {
      const auto found = pack.categories.find(at);
      if (found == pack.categories.end())
        return Wrong("categories." + code, "has a parent that is no category");
      // A path longer than there are categories goes in a circle.
      if (category.path.size() >= pack.categories.size())
        return Wrong("categories." + code, "is above itself");
      category.path.emplace_back(at);
      at = found->second.parent;
    }
  }
  std::set<std::string_view> parents;
  for (const auto& [code, category] : pack.categories) parents.insert(category.parent);
  for (const auto& [code, category] : pack.categories) {
    if (parents.contains(code)) continue;
    for (const std::string& above : category.path) pack.categories[above].leaves.push_back(code);
  }
  OPPI_TRY(Members protection, top.Nested("protection"));
  OPPI_TRY(pack.protected_categories, protection.Strings("categories"));
  for (const std::string& category : pack.protected_categories)
    if (!pack.HasCategory(category))
      return Wrong("protection.categories", "names a category that `categories` does not have");
  OPPI_TRY(pack.cleared_recipients, protection.Strings("cleared_recipients"));
  return protection.Done();
}

Result<PurposeRules> ReadPurpose(Members& members, const PolicyPack& pack) {
  PurposeRules rules;
  OPPI_TRY(rules.iss, members.Bool("iss"));
  OPPI_TRY(rules.rule, members.Choice<ConsentRule>(
                           "rule", {{"ONE", ConsentRule::kOne}, {"ALL", ConsentRule::kAll}}));
  OPPI_TRY(rules.purpose_class,
           members.Choice<std::string>("purpose_class", {{"SCHOOL", "SCHOOL"},
                                                         {"DIGITAL", "DIGITAL"},
                                                         {"MEDIA", "MEDIA"},
                                                         {"RESEARCH", "RESEARCH"},
                                                         {"HEALTH", "HEALTH"}}));
  if (members.Optional("self_age") != nullptr) {
    OPPI_TRY(const int age, ReadAge(members, "self_age"));
    if (age > pack.majority_age) return Wrong(members.Name("self_age"), "is above `majority_age`");
    rules.self_age = age;
  }
  if (members.Optional("with_guardians") != nullptr) {
    OPPI_TRY(rules.with_guardians, members.Bool("with_guardians"));
  }
  OPPI_TRY(rules.ttl_days, members.Integer("ttl_days", 1, kDaysMax));
  OPPI_TRY(rules.on_majority,
           members.Choice<OnMajority>(
               "on_majority", {{"EXPIRE", OnMajority::kExpire}, {"KEEP", OnMajority::kKeep}}));
  OPPI_RETURN_IF_ERROR(members.Done());
  return rules;
}

Status ReadPurposes(Members& top, PolicyPack& pack) {
  OPPI_TRY(const JsonValue* purposes, top.Required("purposes"));
  if (!purposes->IsObject() || purposes->members().empty())
    return Wrong("purposes", "is not an object with members");
  for (const auto& [code, value] : purposes->members()) {
    if (code.empty() || !value.IsObject()) return Wrong("purposes." + code, "is not an object");
    Members members(value, "purposes." + code);
    OPPI_TRY(PurposeRules rules, ReadPurpose(members, pack));
    pack.purposes.emplace(code, std::move(rules));
  }
  return {};
}

}  // namespace

std::string_view ConsentRuleName(ConsentRule rule) {
  return rule == ConsentRule::kOne ? "ONE" : "ALL";
}

const PurposeRules* PolicyPack::Purpose(std::string_view purpose) const {
  const auto found = purposes.find(purpose);
  return found == purposes.end() ? nullptr : &found->second;
}

bool PolicyPack::HasCategory(std::string_view category) const {
  return categories.find(category) != categories.end();
}

std::vector<std::string_view> PolicyPack::LeavesOf(std::string_view category) const {
  const auto found = categories.find(category);
  if (found == categories.end()) return {category};
  return {found->second.leaves.begin(), found->second.leaves.end()};
}

std::vector<std::string_view> PolicyPack::PathOf(std::string_view category) const {
  const auto found = categories.find(category);
  if (found == categories.end()) return {category};
  return {found->second.path.begin(), found->second.path.end()};
}

bool PolicyPack::Covers(const std::vector<std::string>& categories_named,
                        std::string_view category) const {
  return NamesOneOf(categories_named, PathOf(category));
}

int PolicyPack::SelfAgeOf(const PurposeRules& purpose) const {
  return purpose.iss ? iss_age : purpose.self_age.value_or(self_age);
}

Result<PolicyPack> ReadPolicyPack(const JsonValue& json) {
  if (!json.IsObject()) return InvalidArgument("a policy pack is an object");
  PolicyPack pack;
  Members top(json, {});
  OPPI_TRY(pack.policy, top.String("policy"));
  OPPI_TRY(pack.version, top.Integer("version", 0, std::int64_t{1} << 53));
  OPPI_TRY(pack.jurisdiction, top.String("jurisdiction"));
  OPPI_TRY(const std::string timezone, top.String("timezone"));
  if (timezone != "Europe/Helsinki")
    return Wrong("timezone", "is not Europe/Helsinki, the one whose days are computed here");
  OPPI_RETURN_IF_ERROR(ReadAges(top, pack));
  OPPI_RETURN_IF_ERROR(ReadPeriods(top, pack));
  OPPI_RETURN_IF_ERROR(ReadErasure(top, pack));
  OPPI_RETURN_IF_ERROR(ReadCategories(top, pack));
  OPPI_RETURN_IF_ERROR(ReadPurposes(top, pack));
  OPPI_RETURN_IF_ERROR(top.Done());
  pack.canonical = json.Canonical();
  pack.hash = HashOf(pack.canonical);
  return pack;
}

Result<PolicyPack> ParsePolicyPack(std::string_view text) {
  OPPI_TRY(const JsonValue json, ParseJson(text));
  return ReadPolicyPack(json);
}

bool NamesOneOf(const std::vector<std::string>& categories,
                const std::vector<std::string_view>& path) {
  return std::any_of(categories.begin(), categories.end(), [&](const std::string& category) {
    return std::find(path.begin(), path.end(), category) != path.end();
  });
}

}  // namespace oppi::projections
