#include "projections/consent_answer.h"

#include <map>
#include <nlohmann/json.hpp>

#include "projections/consent_atoms.h"

#include "projections/decided.h"

namespace oppi::projections {
namespace {

using Json = nlohmann::ordered_json;

Json IdOf(const Fact* fact) { return fact == nullptr ? Json() : Json(fact->event.id); }
Json IdOf(const Grant* grant) { return grant == nullptr ? Json() : IdOf(grant->fact); }
Json TextOrNull(std::string_view text) { return text.empty() ? Json() : Json(text); }
Json TimeOrNull(const std::optional<Instant>& t) { return t ? Json(FormatInstant(*t)) : Json(); }

/// Where an answer came from: the facts it names.
class Sources {
 public:
  void Add(const Fact* fact) {
    if (fact != nullptr) by_position_.emplace(fact->position, Source{fact->event.id, fact->position, fact->recorded});
  }
  void Add(const Grant* grant) {
    if (grant != nullptr) Add(grant->fact);
  }
  [[nodiscard]] std::vector<Source> Take() const {
    std::vector<Source> list;
    for (const auto& [position, source] : by_position_) list.push_back(source);
    return list;
  }

 private:
  std::map<LeafIndex, Source> by_position_;
};

Json AtomJson(const AtomKey& key) {
  return {{"controller", key.controller}, {"purpose", key.purpose}, {"recipient", key.recipient}, {"category", key.category}};
}

/// A guardian's view while a protection order is in force: the controller tells where the learner is,
/// and so does a log position, by whose publisher signed there.
Answer Redacted(Json list, const Access& access, std::vector<Source> sources) {
  Answer answer;
  answer.count = list.size();
  if (access.redact) {
    for (Json& one : list) one["controller"] = kRedactedText;
    answer.redactions.push_back({"PROTECTION", answer.count});
  } else {
    answer.items = std::move(sources);
  }
  answer.result = list.dump();
  return answer;
}

}  // namespace

std::unique_ptr<const Registry> RegistryOf(const Facts& facts) {
  auto registry = std::make_unique<Registry>(Publishers());
  for (const Fact& fact : facts) registry->Apply(fact);
  return registry;
}

RecordRules RulesAt(const Registry& registry, const View& view) {
  RecordRules rules;
  const PolicyPack* pack = registry.PackAt(view.at, view.size);
  if (pack == nullptr) return rules;
  rules.ages.majority_age = pack->majority_age;
  rules.ages.leap = pack->leap_birthday;
  rules.statutory_types = pack->statutory_types;
  return rules;
}

Answer AnswerConsents(const Question& question, const Access& access, const Facts& stream, const Registry& registry,
                      const View& view) {
  const History history(question.learner, registry, stream, view.size);
  Sources sources;
  Json list = Json::array();
  for (const AtomKey& key : AtomsOf(history, question, access, view)) {
    const ConsentState state = StateOf(history, AtomOf(key), view.at);
    Json one = AtomJson(key);
    one["state"] = ConsentStatusName(state.status);
    one["reason"] = TextOrNull(state.reason);
    one["consent"] = IdOf(state.consent);
    one["by"] = IdOf(state.by);
    one["since"] = TimeOrNull(state.since);
    one["until"] = TimeOrNull(state.until);
    one["flags"] = FlagNames(state.flags, false);
    one["dpv"] = DpvStatusName(state.status);
    sources.Add(state.consent);
    sources.Add(state.by);
    list.push_back(std::move(one));
  }
  return Redacted(std::move(list), access, sources.Take());
}

Answer AnswerTimeline(const Question& question, const Access& access, const Facts& stream, const Registry& registry,
                      const View& view) {
  const History history(question.learner, registry, stream, view.size);
  Sources sources;
  Json list = Json::array();
  for (const AtomKey& key : AtomsOf(history, question, access, view)) {
    Json one = AtomJson(key);
    Json segments = Json::array();
    for (const Segment& segment : TimelineOf(history, AtomOf(key))) {
      segments.push_back({{"state", ConsentStatusName(segment.status)},
                          {"from", TimeOrNull(segment.from)},
                          {"until", TimeOrNull(segment.until)},
                          {"consent", IdOf(segment.consent)},
                          {"by", IdOf(segment.by)}});
      sources.Add(segment.consent);
      sources.Add(segment.by);
    }
    one["segments"] = std::move(segments);
    list.push_back(std::move(one));
  }
  return Redacted(std::move(list), access, sources.Take());
}

Answer AnswerDecide(const Question& question, const Facts& stream, const Registry& registry, const View& view) {
  return ToAnswer(DecideFrom(question, stream, registry, view));
}

}  // namespace oppi::projections
