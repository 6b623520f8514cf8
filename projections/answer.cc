#include "projections/answer.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "events/check.h"
#include "events/digest.h"
#include "projections/held.h"

namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

RecordAnswer AnswerRecord(const Question& question, const Access& access, const Facts& stream,
                          const View& view, const RecordRules& rules) {
  OPPI_CHECK(question.ask == Ask::kRecord);
  Shown shown = Show(access, question.ask, stream, view.size);
  RecordAnswer answer;
  std::optional<HeldNow> held;
  if (access.hide_held) held.emplace(stream, rules.statutory_types);
  answer.record = held && held->Any() ? BuildRecordWithoutHeld(question.learner, shown.facts, *held, view, rules)
                                      : BuildRecord(question.learner, shown.facts, view, rules);
  answer.redactions = std::move(shown.redactions);
  if (access.redact) answer.redactions.push_back({"PROTECTION", HidePlaces(answer.record)});
  return answer;
}

AuditAnswer AnswerAudit(const Question& question, const Access& access, const Facts& stream,
                        const View& view) {
  OPPI_CHECK(question.ask == Ask::kAudit);
  Shown shown = Show(access, question.ask, stream, view.size);
  const AuditQuery query{.actor = question.actor,
                         .publisher = question.publisher,
                         .from = question.from,
                         .until = question.until};
  AuditAnswer answer;
  answer.trail = BuildAudit(shown.facts, view, query,
                            access.redact ? AuditRedaction::kProtection : AuditRedaction::kNone);
  answer.redactions = std::move(shown.redactions);
  if (access.redact) answer.redactions.push_back({"PROTECTION", answer.trail.redacted});
  return answer;
}

Answer ToAnswer(const RecordAnswer& answer) {
  Answer out;
  out.result = RecordJson(answer.record);
  std::vector<Source> sources = SourcesOf(answer.record);
  out.count = sources.size();
  // A log position leads to the publisher that signed there.
  if (!answer.record.places_hidden) out.items = std::move(sources);
  out.redactions = answer.redactions;
  return out;
}

Answer ToAnswer(const AuditAnswer& answer) {
  return {.result = AuditJson(answer.trail),
          .count = answer.trail.total,
          .items = SourcesOf(answer.trail),
          .redactions = answer.redactions};
}

namespace {

std::string HashOfInputs(Ask ask, const std::string& inputs) {
  return HashText(HashOf(std::string(AskName(ask)) + "\n" + inputs));
}

}  // namespace

std::string QuestionHash(const Question& question) { return HashOfInputs(question.ask, QuestionJson(question)); }

std::string AnswerJson(const Question& question, const View& view, const Answer& answer,
                       std::string_view checkpoint) {
  Json items = Json::array();
  for (const Source& source : answer.items) {
    Json item = Json::object();
    if (!source.event.empty()) item["event"] = source.event;
    item["position"] = source.position.value();
    item["recorded"] = FormatInstant(source.recorded);
    items.push_back(std::move(item));
  }
  Json redactions = Json::array();
  for (const Redaction& redaction : answer.redactions) {
    redactions.push_back({{"reason", redaction.reason},
                          {"count", redaction.count ? Json(*redaction.count) : Json()}});
  }
  const Json view_json = {{"at", FormatInstant(view.at)}, {"size", view.size.value()}};
  // The result is JSON already; it is put in its place as it is.
  std::string json = "{\"question\":" + Dump(std::string(AskName(question.ask)));
  const std::string inputs = QuestionJson(question);
  json += ",\"question_hash\":" + Dump(HashOfInputs(question.ask, inputs));
  json += ",\"inputs\":" + inputs;
  json += ",\"view\":" + Dump(view_json);
  json += ",\"result\":" + answer.result;
  json += ",\"count\":" + std::to_string(answer.count);
  json += ",\"items\":" + Dump(items);
  json += ",\"redactions\":" + Dump(redactions);
  json += ",\"checkpoint\":" + Dump(std::string(checkpoint)) + "}";
  return json;
}

}  // namespace oppi::projections
