#include "projections/answer.h"

#include <optional>
#include <utility>

#include "events/check.h"
#include "events/digest.h"
#include "projections/held.h"
#include "projections/json_writer.h"

namespace oppi::projections {
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
  const std::string inputs = QuestionJson(question);
  std::string text;
  text.reserve(1024 + inputs.size() + answer.result.size() + checkpoint.size() + answer.items.size() * 128);
  JsonWriter json(text);
  json.Open('{').Name("question").Text(AskName(question.ask));
  json.Name("question_hash").Text(HashOfInputs(question.ask, inputs));
  json.Name("inputs").Json(inputs);
  json.Name("view").Open('{').Name("at").Text(FormatInstant(view.at)).Name("size").Number(view.size.value()).Close('}');
  // The result is JSON already; it is put in its place as it is.
  json.Name("result").Json(answer.result);
  json.Name("count").Number(answer.count);
  json.Name("items").Open('[');
  for (const Source& source : answer.items) {
    json.Open('{');
    if (!source.event.empty()) json.Name("event").Text(source.event);
    json.Name("position").Number(source.position.value());
    json.Name("recorded").Text(FormatInstant(source.recorded)).Close('}');
  }
  json.Close(']').Name("redactions").Open('[');
  for (const Redaction& redaction : answer.redactions) {
    json.Open('{').Name("reason").Text(redaction.reason).Name("count");
    if (redaction.count)
      json.Number(*redaction.count);
    else
      json.Null();
    json.Close('}');
  }
  json.Close(']').Name("checkpoint").Text(checkpoint).Close('}');
  return text;
}

}  // namespace oppi::projections
