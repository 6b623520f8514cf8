#include "projections/erasure_answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger/merkle/compact_range.h"
#include "ledger/stream_leaf.h"
#include "projections/history.h"

namespace oppi::projections {
namespace {

using events::EventType;
using Json = nlohmann::ordered_json;

Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json OrNull(const std::optional<Instant>& instant) {
  return instant ? Json(FormatInstant(*instant)) : Json();
}

std::string CoveredRoot(const std::vector<LeafIndex>& positions) {
  ledger::merkle::CompactRange range;
  for (const LeafIndex index : positions) range.Append(ledger::StreamLeaf(index));
  return HashText(*Sha256Digest::From(range.Root().view()));
}

bool BelongsTo(const Fact& fact, const Question& question, const Fact* execution) {
  switch (fact.event.type) {
    case EventType::kErasureRequested:
      return fact.event.id == question.request;
    case EventType::kErasureDecided:
    case EventType::kErasureExecuted:
      return fact.event.text("request") == question.request;
    case EventType::kErasureVerified:
      return execution != nullptr && fact.event.text("execution") == execution->event.id;
    case EventType::kAccessStopAcknowledged:
      return execution != nullptr && fact.event.text("withdrawal") == execution->event.id;
    case EventType::kErasureHoldSet:
    case EventType::kErasureHoldReleased:
      return execution == nullptr;
    default:
      return false;
  }
}

Json RecipientsJson(const History& history, const Fact& execution) {
  constexpr std::string_view kTell = "tell: ";
  Json list = Json::array();
  for (const std::string& receipt : execution.event.list("receipts")) {
    if (!receipt.starts_with(kTell)) continue;
    const std::string name = receipt.substr(kTell.size());
    std::optional<Instant> acknowledged;
    for (const Fact* fact : history.OfType(EventType::kAccessStopAcknowledged))
      if (fact->event.text("withdrawal") == execution.event.id &&
          fact->event.text("recipient") == name && !acknowledged)
        acknowledged = fact->recorded;
    list.push_back({{"recipient", name},
                    {"status", acknowledged ? "ACKNOWLEDGED" : "TO_TELL"},
                    {"acknowledged", OrNull(acknowledged)}});
  }
  return list;
}

std::vector<std::string> KeysIn(const Fact& execution) {
  constexpr std::string_view kKey = "key ";
  std::vector<std::string> keys;
  for (const std::string& receipt : execution.event.list("receipts"))
    if (receipt.starts_with(kKey)) keys.push_back(receipt.substr(kKey.size()));
  return keys;
}

void AddExecution(const History& history, const Fact& execution,
                  const std::vector<LeafIndex>& positions, Json& json) {
  const events::Event& event = execution.event;
  json["execution"] = event.id;
  json["executed"] = FormatInstant(execution.recorded);
  json["covered_root"] = event.text("covered_root");
  json["shared_remaining"] = event.number("shared_remaining");
  json["keys"] = KeysIn(execution);
  json["receipts"] = event.list("receipts");
  Json& where = json["positions"] = Json::array();
  for (const LeafIndex index : positions) where.push_back(index.value());
  json["recipients"] = RecipientsJson(history, execution);
  json["verified"] = nullptr;
  for (const Fact* verified : history.OfType(EventType::kErasureVerified))
    if (verified->event.text("execution") == event.id) {
      json["verified"] = FormatInstant(verified->recorded);
      json["stores"] = verified->event.list("stores");
    }
}

bool OpenTo(const Access& access, const Fact& fact) {
  return access.controller.empty() || access.controller == fact.event.controller;
}

std::string Joined(const Json& texts) {
  std::string joined;
  for (const Json& text : texts) joined += (joined.empty() ? "" : ", ") + text.get<std::string>();
  return joined;
}

/// "4, 9-12, 30"
std::string Ranges(const Json& positions) {
  std::string text;
  for (std::size_t i = 0; i < positions.size();) {
    std::size_t end = i + 1;
    while (end < positions.size() &&
           positions[end].get<std::uint64_t>() == positions[end - 1].get<std::uint64_t>() + 1)
      ++end;
    text += (text.empty() ? "" : ", ") + positions[i].dump();
    if (end - i > 1) text += "-" + positions[end - 1].dump();
    i = end;
  }
  return text;
}

}  // namespace

std::string ErasureRequestJson(const ErasureRequest& request) {
  Json json;
  json["request"] = request.id;
  json["status"] = ErasureStatusName(request.status);
  json["by"] = request.by;
  json["classes"] = request.classes;
  if (!request.types.empty()) json["types"] = request.types;
  json["ground"] = request.ground;
  json["whole_subject"] = request.whole_subject;
  json["requested_by"] = request.requested_by;
  json["requested"] = FormatInstant(request.requested);
  json["decided_by"] = OrNull(request.decided_by);
  json["decided"] = OrNull(request.decided);
  json["due"] = OrNull(request.due);
  json["hold"] = OrNull(request.hold);
  json["covered"] = request.covered ? Json(*request.covered) : Json();
  return json.dump();
}

const Fact* ExecutionIn(const Facts& stream, const Question& question) {
  const Fact* last = nullptr;
  for (const Fact& fact : stream)
    if (!fact.erased && fact.outcome == events::Outcome::kAccepted &&
        fact.event.type == EventType::kErasureExecuted &&
        fact.event.text("request") == question.request)
      last = &fact;
  return last;
}

bool StatesCovered(const Fact& execution, const std::vector<LeafIndex>& positions) {
  return execution.event.number("covered_count") == static_cast<std::int64_t>(positions.size()) &&
         execution.event.text("covered_root") == CoveredRoot(positions);
}

Facts FactsOnErasure(const Question& question, const Facts& stream,
                     const std::vector<LeafIndex>& covered) {
  const Fact* execution = ExecutionIn(stream, question);
  Facts facts;
  for (const Fact& fact : stream) {
    const bool wanted = fact.erased
                            ? std::binary_search(covered.begin(), covered.end(), fact.position)
                            : BelongsTo(fact, question, execution);
    if (wanted) facts.push_back(fact);
  }
  return facts;
}

Result<Answer> AnswerErasure(const Question& question, const Access& access, const Facts& facts,
                             const Registry& registry, const View& view) {
  const History history(question.learner, registry, facts, view.size);
  const Fact* requested = history.Find(question.request);
  if (requested == nullptr || requested->event.type != EventType::kErasureRequested ||
      !OpenTo(access, *requested) || requested->event.subject != question.learner)
    return NotFound("REQUEST_UNKNOWN: there is no erasure request of this id");
  const ErasureRequest request = RequestOf(history, *requested, view.at, 0);
  Json json = Json::parse(ErasureRequestJson(request));
  json.erase("due");
  json["not_before"] = OrNull(request.due);

  const Fact* execution = ExecutionIn(facts, question);
  std::vector<LeafIndex> positions;
  for (const Fact& fact : facts)
    if (fact.erased) positions.push_back(fact.position);
  const bool below =
      execution != nullptr && (positions.empty() || positions.back() < execution->position);
  if (execution == nullptr ? !positions.empty() : !below || !StatesCovered(*execution, positions))
    return DataLoss(
        "the entries without content are not those that the execution of this request names");

  Answer answer;
  if (execution != nullptr && Visible(*execution, view)) {
    AddExecution(history, *execution, positions, json);
    answer.count = positions.size();
  }
  for (const Fact& fact : facts)
    if (!fact.erased && Visible(fact, view))
      answer.items.push_back({fact.event.id, fact.position, fact.recorded});
  answer.result = json.dump();
  return answer;
}

Answer AnswerHolds(const Question& question, const Access& access, const Facts& stream,
                   const Registry& registry, const View& view) {
  const History history(question.learner, registry, stream, view.size);
  Answer answer;
  Json list = Json::array();
  for (const Fact* set : history.OfType(EventType::kErasureHoldSet)) {
    if (!OpenTo(access, *set)) continue;
    std::optional<Instant> released;
    for (const Fact* end : history.OfType(EventType::kErasureHoldReleased))
      if (end->event.text("hold") == set->event.id) {
        released = end->event.V();
        answer.items.push_back({end->event.id, end->position, end->recorded});
      }
    list.push_back({{"hold", set->event.id},
                    {"classes", set->event.list("classes")},
                    {"ground", set->event.text("ground")},
                    {"case_ref", set->event.text("case_ref")},
                    {"set", FormatInstant(set->event.V())},
                    {"set_by", set->publisher},
                    {"released", OrNull(released)}});
    answer.items.push_back({set->event.id, set->position, set->recorded});
  }
  std::sort(answer.items.begin(), answer.items.end(),
            [](const Source& a, const Source& b) { return a.position < b.position; });
  answer.count = list.size();
  answer.result = list.dump();
  return answer;
}

std::vector<std::string> ErasureInWords(const Answer& answer) {
  const Json json = Json::parse(answer.result);
  if (!json.contains("execution"))
    return {"this erasure is not carried out: its status is " + json["status"].get<std::string>()};
  std::string what = "events of classes " + Joined(json["classes"]);
  if (json.contains("types")) what += " and types " + Joined(json["types"]);
  what += " of this learner, " + std::to_string(answer.count) + " entries";
  if (answer.count > 0) what += " at these positions: " + Ranges(json["positions"]) + ",";
  what += " were erased on " + json["executed"].get<std::string>() + " by order of " +
          json["requested_by"].get<std::string>() + " decided by " +
          (json["decided_by"].is_null() ? "nobody" : json["decided_by"].get<std::string>());
  std::vector<std::string> words{std::move(what)};
  words.push_back(
      "number and positions are those whose root the ledger signed in that execution; keys: " +
      (json["keys"].empty() ? "none changed" : Joined(json["keys"])));
  if (json["verified"].is_null())
    words.emplace_back("the ledger has not said yet that its stores were looked at again");
  else
    words.push_back("the ledger says that it looked at its stores again on " +
                    json["verified"].get<std::string>() + ": " + Joined(json["stores"]));
  for (const Json& recipient : json["recipients"])
    words.push_back(
        "recipient of earlier disclosures: " + recipient["recipient"].get<std::string>() + ", " +
        (recipient["acknowledged"].is_null()
             ? std::string("has not acknowledged")
             : "acknowledged on " + recipient["acknowledged"].get<std::string>()));
  return words;
}

}  // namespace oppi::projections
