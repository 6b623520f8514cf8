#include "events/vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "events/outcome.h"

namespace oppi::events {
namespace {

TEST(Vocabulary, HasItsTypesInFifteenGroups) {
  std::set<std::string_view> groups;
  std::set<std::string_view> names;
  for (const TypeInfo& info : AllTypes()) {
    groups.insert(info.group);
    names.insert(info.name);
    EXPECT_EQ(info.full_name, "fi.oppiloki." + std::string(info.name) + ".v1");
    EXPECT_EQ(info.name.substr(0, info.group.size() + 1), std::string(info.group) + ".");
    EXPECT_EQ(&InfoOf(info.type), &info);
  }
  EXPECT_EQ(groups.size(), 15U);
  EXPECT_EQ(names.size(), kEventTypes);
}

TEST(Vocabulary, FindsEveryTypeByItsFullNameAndNothingElse) {
  for (const TypeInfo& info : AllTypes()) {
    const std::string full(info.full_name);
    EXPECT_EQ(FindType(full), &info);
    EXPECT_EQ(FindType(info.name), nullptr);
    EXPECT_EQ(FindType(full + "1"), nullptr);
    EXPECT_EQ(FindType("x" + full), nullptr);
    EXPECT_EQ(FindType(full.substr(0, full.size() - 1) + "2"), nullptr);
    for (std::size_t at = 0; at < full.size(); ++at) {
      std::string changed = full;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_EQ(FindType(changed), nullptr) << changed;
    }
  }
  EXPECT_EQ(FindType(""), nullptr);
  EXPECT_EQ(FindType("fi.oppiloki."), nullptr);
  EXPECT_EQ(FindType("fi.oppiloki.v1"), nullptr);
  EXPECT_EQ(FindType("fi.oppiloki..v1"), nullptr);
}

TEST(Vocabulary, NamesClassesAndRolesBothWays) {
  for (int i = 0; i <= static_cast<int>(Sensitivity::kA); ++i)
    EXPECT_EQ(ParseSensitivity(SensitivityName(static_cast<Sensitivity>(i))),
              static_cast<Sensitivity>(i));
  for (int i = 1; i <= static_cast<int>(Role::kLedger); ++i)
    EXPECT_EQ(ParseRole(RoleName(static_cast<Role>(i))), static_cast<Role>(i));
  EXPECT_EQ(RoleName(Role::kNone), "");
  EXPECT_FALSE(ParseRole(""));
  EXPECT_FALSE(ParseRole("provider"));
  EXPECT_FALSE(ParseSensitivity("S5"));
  EXPECT_FALSE(ParseSensitivity("s2"));
  EXPECT_FALSE(ParseSensitivity(""));
}

const CodeSet& Codes(EventType type, std::string_view field) {
  const auto index = FieldIndex(InfoOf(type), field);
  return *InfoOf(type).fields[index.value()].codes;
}

TEST(Vocabulary, KnowsTheCodesOfClosedSets) {
  const CodeSet& grades = Codes(EventType::kGradeCourseAssessed, "grade");
  EXPECT_TRUE(CodeKnown(grades, "10"));
  EXPECT_TRUE(CodeKnown(grades, "H"));
  EXPECT_FALSE(CodeKnown(grades, "11"));
  EXPECT_FALSE(CodeKnown(grades, "h"));
  EXPECT_FALSE(CodeKnown(grades, ""));
  EXPECT_TRUE(CodeKnown(Codes(EventType::kGradeSubjectFinal, "subject"), "ANY_SUBJECT"));
  EXPECT_TRUE(CodeKnown(Codes(EventType::kAccessDecisionMade, "result"), "INDETERMINATE"));
  EXPECT_FALSE(CodeKnown(Codes(EventType::kAccessDecisionMade, "result"), "QUARANTINED"));
  EXPECT_TRUE(CodeKnown(Codes(EventType::kAccessDecisionMade, "reason"), "QUARANTINED"));
}

TEST(Vocabulary, TheErrorCodesOfTheLedgersNotesAreTheErrorsOfIntake) {
  const CodeSet& errors = Codes(EventType::kLedgerIntakeRefused, "code");
  std::vector<std::string_view> expected;
  for (auto i = static_cast<int>(ErrorCode::kTooLarge);
       i <= static_cast<int>(ErrorCode::kStatutoryRecord); ++i)
    expected.push_back(ErrorName(static_cast<ErrorCode>(i)));
  EXPECT_TRUE(
      std::equal(errors.codes.begin(), errors.codes.end(), expected.begin(), expected.end()));
}

TEST(Vocabulary, FindsFieldsByName) {
  const TypeInfo& info = InfoOf(EventType::kAttendanceMarked);
  EXPECT_EQ(FieldIndex(info, "lesson"), 0U);
  EXPECT_EQ(FieldIndex(info, "note_hash"), 3U);
  EXPECT_FALSE(FieldIndex(info, "note"));
  EXPECT_FALSE(FieldIndex(info, ""));
}

TEST(Vocabulary, GivesEachRoleTheRightsOfSectionFive) {
  const std::map<std::string_view, std::string_view> rights = {
      {"identity.learner_registered", "PROVIDER IDENTITY"},
      {"identity.attribute_changed", "PROVIDER IDENTITY"},
      {"identity.pseudonyms_linked", "IDENTITY"},
      {"guardianship.established", "PROVIDER IDENTITY"},
      {"guardianship.ended", "PROVIDER IDENTITY"},
      {"guardianship.duties_divided", "PROVIDER IDENTITY"},
      {"studyright.granted", "PROVIDER"},
      {"studyright.state_changed", "PROVIDER"},
      {"studyright.transferred", "PROVIDER"},
      {"studyright.class_placed", "PROVIDER"},
      {"studyright.year_decided", "PROVIDER"},
      {"teaching.group_defined", "PROVIDER"},
      {"teaching.membership_set", "PROVIDER"},
      {"teaching.lesson_set", "PROVIDER"},
      {"attendance.marked", "PROVIDER"},
      {"attendance.register_taken", "PROVIDER"},
      {"attendance.absence_reported", "PROVIDER PORTAL"},
      {"attendance.clarified", "PROVIDER PORTAL"},
      {"attendance.leave_decided", "PROVIDER"},
      {"attendance.threshold_reached", "PROVIDER LEDGER"},
      {"grade.item_created", "PROVIDER VENDOR"},
      {"grade.result_recorded", "PROVIDER VENDOR"},
      {"grade.course_assessed", "PROVIDER"},
      {"grade.subject_final", "PROVIDER"},
      {"grade.verbal_assessed", "PROVIDER"},
      {"grade.reassessment_decided", "PROVIDER"},
      {"grade.credit_recognised", "PROVIDER"},
      {"activity.xapi_statement", "VENDOR"},
      {"activity.caliper_event", "VENDOR"},
      {"support.decision_made", "PROVIDER"},
      {"support.plan_recorded", "PROVIDER"},
      {"support.case_noted", "PROVIDER"},
      {"support.conduct_noted", "PROVIDER"},
      {"support.measure_decided", "PROVIDER"},
      {"certificate.issued", "PROVIDER"},
      {"certificate.revoked", "PROVIDER"},
      {"consent.notice_served", "PROVIDER PORTAL VENDOR"},
      {"consent.requested", "PROVIDER PORTAL VENDOR"},
      {"consent.given", "PROVIDER PORTAL VENDOR"},
      {"consent.refused", "PROVIDER PORTAL VENDOR"},
      {"consent.withdrawal_requested", "PROVIDER PORTAL VENDOR"},
      {"consent.withdrawal_refused", "PROVIDER PORTAL VENDOR"},
      {"consent.withdrawn", "PROVIDER PORTAL VENDOR"},
      {"consent.revoked", "PROVIDER PORTAL VENDOR"},
      {"consent.invalidated", "PROVIDER PORTAL VENDOR DPO"},
      {"consent.expired", "PROVIDER PORTAL VENDOR LEDGER"},
      {"consent.child_informed", "PROVIDER PORTAL VENDOR"},
      {"restriction.set", "PROVIDER IDENTITY PORTAL DPO"},
      {"restriction.cleared", "PROVIDER IDENTITY DPO"},
      {"access.decision_made", "PROVIDER GATEWAY LEDGER"},
      {"access.disclosed", "PROVIDER PORTAL GATEWAY LEDGER"},
      {"access.received", "PROVIDER VENDOR GATEWAY LEDGER"},
      {"access.read", "PROVIDER PORTAL VENDOR GATEWAY DPO LEDGER"},
      {"access.stop_acknowledged", "PROVIDER VENDOR GATEWAY LEDGER"},
      {"access.emergency_opened", "PROVIDER GATEWAY LEDGER"},
      {"access.emergency_reviewed", "PROVIDER GATEWAY DPO LEDGER"},
      {"erasure.requested", "PROVIDER PORTAL DPO"},
      {"erasure.decided", "PROVIDER DPO"},
      {"erasure.executed", "DPO LEDGER"},
      {"erasure.verified", "DPO LEDGER"},
      {"erasure.hold_set", "DPO"},
      {"erasure.hold_released", "DPO"},
      {"registry.publisher_registered", "REGISTRAR"},
      {"registry.key_added", "REGISTRAR"},
      {"registry.key_revoked", "REGISTRAR"},
      {"registry.delegation_granted", "REGISTRAR"},
      {"registry.delegation_ended", "REGISTRAR"},
      {"registry.policy_published", "REGISTRAR"},
      {"registry.notice_published", "REGISTRAR"},
      {"registry.basis_asserted", "DPO REGISTRAR"},
      {"registry.basis_determined", "DPO REGISTRAR"},
      {"registry.code_set_published", "REGISTRAR"},
      {"ledger.fact_annulled", "PROVIDER IDENTITY VENDOR LEDGER"},
      {"ledger.quarantine_released", "DPO LEDGER"},
      {"ledger.reattested", "DPO LEDGER"},
      {"ledger.intake_refused", "LEDGER"},
      {"ledger.ingest_conflict", "LEDGER"},
  };
  ASSERT_EQ(rights.size(), kEventTypes);
  for (const TypeInfo& info : AllTypes()) {
    std::string may;
    for (int i = 0; i <= static_cast<int>(Role::kLedger); ++i)
      if (RoleMayPublish(static_cast<Role>(i), info.type))
        (may += may.empty() ? "" : " ") += RoleName(static_cast<Role>(i));
    EXPECT_EQ(may, rights.at(info.name)) << info.name;
  }
}

// The rest reads the specification itself, where it lies beside the repository.

std::vector<std::string> SpecificationLines() {
  std::ifstream in(std::filesystem::path(OPPI_SHARED_DIR) / "design" / "vocabulary.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> Split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find(separator, begin)) != std::string::npos;
       begin = end + separator.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string FieldText(const FieldInfo& field) {
  static const std::map<FieldType, std::string> kTypes = {
      {FieldType::kStr, "str"},       {FieldType::kText, "text"},
      {FieldType::kInt, "int"},       {FieldType::kBool, "bool"},
      {FieldType::kDec, "dec"},       {FieldType::kDate, "date"},
      {FieldType::kTime, "time"},     {FieldType::kPerson, "person"},
      {FieldType::kOrg, "org"},       {FieldType::kRef, "ref"},
      {FieldType::kHash, "hash"},     {FieldType::kCode, "code"},
      {FieldType::kObject, "object"}, {FieldType::kStrList, "[str]"},
      {FieldType::kRefList, "[ref]"}, {FieldType::kCodeList, "[code]"}};
  std::string type = kTypes.at(field.type);
  if (field.codes != nullptr)
    type.insert(type.find("code") + 4, "=" + std::string(field.codes->name));
  return std::string(field.name) + ':' + type + (field.required ? "!" : "");
}

std::string FeedsText(const TypeInfo& info) {
  static const std::map<std::string, int> kFeeds = {
      {"LR", kFeedLR}, {"SR", kFeedSR}, {"RO", kFeedRO}, {"AT", kFeedAT},
      {"GR", kFeedGR}, {"LA", kFeedLA}, {"SU", kFeedSU}, {"CE", kFeedCE},
      {"CO", kFeedCO}, {"AU", kFeedAU}, {"KR", kFeedKR}, {"ER", kFeedER}};
  if (info.feeds == kFeedAll) return "all ";
  std::string text;
  for (const auto& [name, bit] : kFeeds)
    if ((info.feeds & bit) != 0) text += name + ' ';
  return text;
}

const std::map<std::string, int> kKinds = {
    {"SUP", kSup}, {"ANN", kAnn}, {"CLO", kClo}, {"REV", kRev}, {"NEW", kNew}};

int KindsOf(const TypeInfo& info) { return info.kinds; }
int KindsOf(const std::vector<std::string>& names) {
  int kinds = 0;
  for (const std::string& name : names) kinds |= kKinds.at(name);
  return kinds;
}

TEST(Vocabulary, HoldsTheTableOfSectionSeven) {
  const auto lines = SpecificationLines();
  if (lines.empty()) GTEST_SKIP() << "no vocabulary beside the repository";
  std::size_t row = 0;
  bool in_section = false;
  for (const std::string& line : lines) {
    if (line.rfind("## ", 0) == 0) in_section = line.rfind("## 7.", 0) == 0;
    if (!in_section || !std::regex_search(line, std::regex(R"(^\| [a-z]+\.[a-z_]+)"))) continue;
    ASSERT_LT(row, kEventTypes);
    const TypeInfo& info = AllTypes()[row++];
    const auto cells = Split(line, " | ");
    ASSERT_EQ(cells.size(), 5U) << line;
    const auto head = Words(cells[0].substr(2));
    const auto marked = [&head](const char* mark) {
      return std::find(head.begin(), head.end(), mark) != head.end();
    };
    EXPECT_EQ(head[0], info.name);
    EXPECT_EQ(marked("+"), info.several_persons) << info.name;
    EXPECT_EQ(marked("P"), info.period) << info.name;
    EXPECT_EQ(cells[1], info.class_of_target ? "of target" : SensitivityName(info.sensitivity))
        << info.name;
    // Notes stand in brackets.
    const auto fields = Words(std::regex_replace(cells[2], std::regex(R"(\([^)]*\))"), ""));
    ASSERT_EQ(fields.size(), info.fields.size()) << info.name;
    for (std::size_t i = 0; i < fields.size(); ++i)
      EXPECT_EQ(FieldText(info.fields[i]), fields[i]) << info.name;
    auto feeds = Words(cells[3]);
    std::sort(feeds.begin(), feeds.end());
    std::string feeds_text;
    for (const std::string& feed : feeds) feeds_text += feed + ' ';
    if (info.feeds == kFeedAll) {
      EXPECT_NE(feeds_text.find("all "), std::string::npos) << info.name;
    } else {
      EXPECT_EQ(FeedsText(info), feeds_text) << info.name;
    }
    EXPECT_EQ(KindsOf(info), KindsOf(Split(Words(cells[4]).at(0), "/"))) << info.name;
  }
  EXPECT_EQ(row, kEventTypes);
}

TEST(Vocabulary, HoldsTheCodeSetsOfSectionEight) {
  const auto lines = SpecificationLines();
  if (lines.empty()) GTEST_SKIP() << "no vocabulary beside the repository";
  std::string section;
  bool in_section = false;
  for (const std::string& line : lines) {
    if (line.rfind("## ", 0) == 0)
      in_section = line.rfind("## 8.", 0) == 0;
    else if (in_section)
      section += line + ' ';
  }
  std::map<std::string, std::vector<std::string>> sets;
  for (const std::string& part : Split(section, "\xC2\xB7")) {
    const auto words = Words(std::regex_replace(part, std::regex(R"(\([^)]*\))"), ""));
    if (!words.empty()) sets[words[0]] = {words.begin() + 1, words.end()};
  }
  // Spelled out elsewhere in the specification, or with an ellipsis.
  const std::set<std::string> elsewhere = {"BASIS", "ROLE", "RESULT", "REASON", "ERROR"};
  std::set<std::string_view> seen;
  for (const TypeInfo& info : AllTypes()) {
    for (const FieldInfo& field : info.fields) {
      if (field.codes == nullptr || field.codes->open || !seen.insert(field.codes->name).second)
        continue;
      const std::string name(field.codes->name);
      if (elsewhere.count(name) != 0) continue;
      const auto& codes = field.codes->codes;
      EXPECT_EQ(sets[name], std::vector<std::string>(codes.begin(), codes.end())) << name;
    }
  }
  EXPECT_EQ(seen.size(), 57U);
}

}  // namespace
}  // namespace oppi::events
