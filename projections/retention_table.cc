#include "projections/retention_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "events/limits.h"
#include "events/vocabulary.h"
#include "projections/erasure_rules.h"
#include "projections/json_members.h"

namespace oppi::projections {
namespace {

using events::Sensitivity;
using events::TypeInfo;

constexpr std::int64_t kDaysMax = 366 * 200;
constexpr std::int64_t kVersionMax = 1'000'000;
constexpr std::size_t kNameMax = 64;

bool NameOk(std::string_view name) {
  return name.size() <= kNameMax && std::all_of(name.begin(), name.end(), [](char c) {
           return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '-' || c == '_' || c == '.';
         });
}

const TypeInfo* TypeNamed(std::string_view name) {
  for (const TypeInfo& info : events::AllTypes())
    if (info.name == name) return &info;
  return nullptr;
}

/// Can an event of this type be of this class, and be named by an erasure?
bool MayBe(const TypeInfo& type, Sensitivity of_class) {
  if (type.class_of_target || type.sensitivity == Sensitivity::kS0) return false;
  if (type.sensitivity >= Sensitivity::kC || of_class >= Sensitivity::kC) return type.sensitivity == of_class;
  return type.sensitivity <= of_class;
}

bool ClassKnown(std::string_view code) {
  const TypeInfo& order = events::InfoOf(events::EventType::kErasureRequested);
  for (const events::FieldInfo& field : order.fields)
    if (field.name == "classes") return events::CodeKnown(*field.codes, code);
  return false;
}

Result<RetentionRule> ReadRule(const JsonValue& json, const std::string& where) {
  if (!json.IsObject()) return Wrong(where, "is not an object");
  Members members(json, where);
  RetentionRule rule;
  OPPI_TRY(rule.of_class, members.String("class"));
  OPPI_TRY(rule.types, members.Strings("types"));
  OPPI_TRY(rule.trigger, members.Choice<RetentionTrigger>("trigger", {{"STUDYRIGHT_ENDED", RetentionTrigger::kStudyRightEnded},
                                                                      {"MAJORITY", RetentionTrigger::kMajority},
                                                                      {"LAST_EVENT", RetentionTrigger::kLastEvent}}));
  OPPI_TRY(rule.days, members.Integer("days", 1, kDaysMax));
  OPPI_TRY(rule.law_ref, members.String("law_ref"));
  OPPI_RETURN_IF_ERROR(members.Done());
  if (!ClassKnown(rule.of_class)) return Wrong(members.Name("class"), "is none of S1, S2, S3, S4, C");
  if (rule.law_ref.size() > kStrCharsMax) return Wrong(members.Name("law_ref"), "is longer than 200 bytes");
  if (rule.types.empty() || rule.types.size() > kListItemsMax) return Wrong(members.Name("types"), "does not name 1 to 64 types");
  const Sensitivity of_class = *events::ParseSensitivity(rule.of_class);
  for (const std::string& name : rule.types) {
    const TypeInfo* type = TypeNamed(name);
    if (type == nullptr) return Wrong(members.Name("types"), "names a type that the vocabulary does not have");
    if (!MayBe(*type, of_class))
      return Wrong(members.Name("types"), "names " + name + ", which an erasure of class " + rule.of_class + " never takes");
  }
  return rule;
}

Status RefuseOverlap(const std::vector<RetentionRule>& rules) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const RetentionRule& rule : rules)
    for (const std::string& type : rule.types)
      if (!seen.emplace(rule.of_class, type).second)
        return Wrong("rules", "has two rules for " + type + " of class " + rule.of_class);
  return {};
}

/// The types that tell when a trigger was.
std::vector<std::string_view> TypesToldBy(RetentionTrigger trigger) {
  switch (trigger) {
    case RetentionTrigger::kStudyRightEnded:
      return {"studyright.granted", "studyright.state_changed", "studyright.transferred", "studyright.class_placed",
              "studyright.year_decided"};
    case RetentionTrigger::kMajority: return {"identity.learner_registered"};
    case RetentionTrigger::kLastEvent: return {};
  }
  return {};
}

/// What a rule counts from must not be gone before the rule is due, or it never would be.
Status RefuseForgetting(const std::vector<RetentionRule>& rules) {
  for (const RetentionRule& counts : rules)
    for (const std::string_view told_by : TypesToldBy(counts.trigger))
      for (const RetentionRule& takes : rules) {
        const bool names = std::find(takes.types.begin(), takes.types.end(), told_by) != takes.types.end();
        const bool later = takes.trigger == counts.trigger && takes.days >= counts.days;
        if (names && !later)
          return Wrong("rules", "would take " + std::string(told_by) + " while a rule with " +
                                    std::string(RetentionTriggerName(counts.trigger)) + " still has to count from it");
      }
  return {};
}

}  // namespace

std::string_view RetentionTriggerName(RetentionTrigger trigger) {
  switch (trigger) {
    case RetentionTrigger::kStudyRightEnded: return "STUDYRIGHT_ENDED";
    case RetentionTrigger::kMajority: return "MAJORITY";
    case RetentionTrigger::kLastEvent: return "LAST_EVENT";
  }
  return "";
}

std::string RetentionTable::Citation() const {
  return std::string(kRetentionCitation) + name + " v" + std::to_string(version) + " " + HashText(hash);
}

Result<RetentionTable> ParseRetentionTable(std::string_view text) {
  if (text.size() > kRetentionBytesMax) return InvalidArgument("a retention table has at most 262144 bytes");
  OPPI_TRY(const JsonValue json, ParseJson(text));
  if (!json.IsObject()) return InvalidArgument("a retention table is an object");
  Members top(json, {});
  RetentionTable table;
  OPPI_TRY(table.name, top.String("retention"));
  if (!NameOk(table.name)) return Wrong("retention", "is not a name of up to 64 letters, digits, '-', '_' and '.'");
  OPPI_TRY(table.version, top.Integer("version", 1, kVersionMax));
  OPPI_TRY(const JsonValue* rules, top.Required("rules"));
  OPPI_RETURN_IF_ERROR(top.Done());
  if (!rules->IsList() || rules->items().empty() || rules->items().size() > kRetentionRulesMax)
    return Wrong("rules", "is not a list of 1 to 256 rules");
  for (std::size_t i = 0; i < rules->items().size(); ++i) {
    OPPI_TRY(RetentionRule rule, ReadRule(rules->items()[i], "rules[" + std::to_string(i) + "]"));
    table.rules.push_back(std::move(rule));
  }
  OPPI_RETURN_IF_ERROR(RefuseOverlap(table.rules));
  OPPI_RETURN_IF_ERROR(RefuseForgetting(table.rules));
  table.canonical = json.Canonical();
  table.hash = HashOf(table.canonical);
  return table;
}

Status CheckStatutory(const RetentionTable& table, const PolicyPack& pack) {
  for (const RetentionRule& rule : table.rules)
    for (const std::string& type : rule.types)
      if (IsStatutory(type, pack))
        return InvalidArgument("STATUTORY_RECORD: the policy in force keeps " + type + " by law, and a rule of the table would take it");
  return {};
}

}  // namespace oppi::projections
