// The questions record_as_of and audit_trail of the rehearsal files, answered by the folds. Intake
// is not played here: what a file itself expects to be refused is left out of the log.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "projections/audit_trail.h"
#include "projections/record_item.h"
#include "tests/support/facts.h"

namespace oppi::projections {
namespace {

using nlohmann::json;
using tests::Story;
using tests::T;

json Load(const std::filesystem::path& path) {
  std::ifstream in(path);
  return json::parse(in);
}

std::set<std::string> Refused(const json& file) {
  std::set<std::string> refused;
  for (const json& question : file["questions"]) {
    if (question["ask"] != "intake_result") continue;
    const std::string outcome = question["expect"].value("outcome", "");
    if (outcome == "REJECTED" || outcome == "DUPLICATE") {
      refused.insert(question["event"].get<std::string>());
    }
  }
  return refused;
}

/// Log sizes are written as the label of the event that they end with.
void Fill(const Story& story, events::Event& event, const json& data) {
  for (const auto& [label, value] : data.items()) {
    const std::string name = label == "known_after" ? "known_size" : label;
    const auto index = events::FieldIndex(event.info(), name);
    ASSERT_TRUE(index.has_value()) << name;
    const events::FieldType type = event.info().fields[*index].type;
    if (value.is_array()) {
      event.SetList(name, value.get<std::vector<std::string>>());
    } else if (type == events::FieldType::kTime) {
      event.SetNumber(name, T(value.get<std::string>()).micros);
    } else if (type == events::FieldType::kDate) {
      event.SetNumber(name, tests::D(value.get<std::string>()).days);
    } else if (type == events::FieldType::kInt && value.is_string()) {
      const LeafIndex last = story.Find(value.get<std::string>()).position;
      event.SetNumber(name, static_cast<std::int64_t>(SizeAfter(last).value()));
    } else if (value.is_number_integer()) {
      event.SetNumber(name, value.get<std::int64_t>());
    } else if (value.is_boolean()) {
      event.SetNumber(name, value.get<bool>() ? 1 : 0);
    } else if (value.is_string()) {
      event.SetText(name, value.get<std::string>());
    }  // objects are not folded
  }
}

void Tell(Story& story, const json& told) {
  const std::string type = told["type"];
  const std::string name = type.substr(12, type.size() - 12 - 3);
  auto telling = story.Tell(told["id"].get<std::string>(), name);
  telling.At(told["recorded_at"].get<std::string>()).By(told["publisher"].get<std::string>());
  const auto text = [&](const char* member) { return told.value(member, ""); };
  if (told.contains("subject")) telling.Subject(text("subject")).Controller("K");
  if (told.contains("controller")) telling.Controller(text("controller"));
  if (told.contains("time")) telling.Happened(text("time"));
  if (told.contains("valid_from")) telling.From(text("valid_from"));
  if (told.contains("valid_to")) telling.Until(text("valid_to"));
  if (told.contains("corrects")) telling.Corrects(text("corrects"));
  if (told.contains("annuls")) telling.Annuls(text("annuls"));
  if (told.contains("data")) Fill(story, story.facts().back().event, told["data"]);
}

/// What an execution covers loses its content, but for what it was: consent-model section 9.
void Erase(Facts& facts) {
  for (const Fact& execution : Facts(facts)) {
    if (execution.event.type != events::EventType::kErasureExecuted) continue;
    const auto& classes = execution.event.list("classes");
    const auto& types = execution.event.list("types");
    for (Fact& fact : facts) {
      const auto has = [&](const auto& list, std::string_view item) {
        return std::find(list.begin(), list.end(), item) != list.end();
      };
      const events::Event& event = fact.event;
      if (fact.position < execution.position && event.subject == execution.event.subject &&
          has(classes, events::SensitivityName(event.sensitivity)) &&
          (types.empty() || has(types, event.info().name))) {
        fact.erased = true;
      }
    }
  }
}

struct Moment {
  Facts held;  // of the learner or actor, as everything the log holds when the question is asked
  View view;
};

Moment MomentOf(const Story& story, const json& question) {
  const Fact& last = question.contains("asked_after")
                         ? story.Find(question["asked_after"].get<std::string>())
                         : story.facts().back();
  const Fact& known = question.contains("as_known_after")
                          ? story.Find(question["as_known_after"].get<std::string>())
                          : last;
  Moment moment;
  const std::string learner = question["learner"];
  for (const Fact& fact : story.facts()) {
    if (fact.position > last.position) break;
    if (fact.event.subject == learner) moment.held.push_back(fact);
  }
  Erase(moment.held);
  moment.view = {
      .at = question.contains("at") ? T(question["at"].get<std::string>()) : last.recorded,
      .size = SizeAfter(known.position)};
  return moment;
}

json AnswerTo(const Story& story, const json& question, const RecordRules& rules) {
  const std::string learner = question["learner"];
  const Moment moment = MomentOf(story, question);
  if (question["ask"] == "record_as_of") {
    const json& item = question["item"];
    std::string code;
    for (const char* member : {"code", "lesson", "id"}) {
      if (item.contains(member)) code = item[member];
    }
    const RecordItem asked{.kind = *ParseRecordItemKind(item["kind"].get<std::string>()),
                           .code = code};
    return json::parse(RecordItemJson(RecordAsOf(learner, moment.held, moment.view, asked, rules)));
  }
  AuditQuery query;
  query.actor = question.value("actor", "");
  const json& viewer = question["viewer"];
  return json::parse(AuditRehearsalJson(viewer["role"].get<std::string>(),
                                        viewer.value("person", ""), learner, moment.held,
                                        moment.view, query, rules.ages));
}

TEST(Scenarios, AnswersEveryRecordAndAuditQuestionOfTheRehearsalFiles) {
  const std::filesystem::path folder = std::filesystem::path(OPPI_SHARED_DIR) / "scenarios";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no rehearsal files at hand";
  int answered = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const json file = Load(entry.path());
    Story story;
    json policy = json::object();
    const std::set<std::string> refused = Refused(file);
    std::vector<json> parts;
    for (const json& name : file.value("include", json::array())) {
      parts.push_back(Load(folder / name.get<std::string>()));
    }
    parts.push_back(file);
    for (const json& part : parts) {
      if (part.contains("policy") && part["policy"].is_object()) policy.merge_patch(part["policy"]);
      for (const json& told : part["events"]) {
        if (told.contains("resend_of") || refused.count(told["id"].get<std::string>()) != 0) {
          continue;
        }
        Tell(story, told);
      }
    }
    const RecordRules rules{
        .ages = {.majority_age = policy.value("majority_age", 18), .leap = LeapBirthday::kMarch1},
        .statutory_types = policy["erasure"]["statutory_types"].get<std::vector<std::string>>()};
    for (const json& question : file["questions"]) {
      if (question["ask"] != "record_as_of" && question["ask"] != "audit_trail") continue;
      const json answer = AnswerTo(story, question, rules);
      for (const auto& [member, expected] : question["expect"].items()) {
        EXPECT_EQ(answer.value(member, json("missing")), expected)
            << entry.path().filename() << " " << question["id"] << " " << member;
      }
      ++answered;
    }
  }
  EXPECT_GE(answered, 15);
}

}  // namespace
}  // namespace oppi::projections
