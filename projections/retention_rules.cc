#include "projections/retention_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "projections/erasure_requests.h"
#include "projections/erasure_rules.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

/// Every other state of the code set ends the right.
bool IsOpenState(std::string_view state) {
  constexpr std::array<std::string_view, 3> kOpen = {"lasna", "loma", "valiaikaisestikeskeytynyt"};
  return std::find(kOpen.begin(), kOpen.end(), state) != kOpen.end();
}

bool Contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool Names(const Event& event, std::string_view person) {
  const auto subjects = event.Subjects();
  return std::find(subjects.begin(), subjects.end(), person) != subjects.end();
}

struct Right {
  std::vector<const Fact*> states;  // by (V, position)
  bool announced = false;           // granted from a day to come
};

std::map<std::string_view, Right> RightsOf(const History& history, Instant now) {
  std::map<std::string_view, Right> rights;
  for (const Fact* fact : history.corrections().standing()) {
    const Event& event = fact->event;
    if (event.info().group != "studyright") continue;
    Right& right = rights[event.text("studyright")];
    if (event.type == EventType::kStudyrightStateChanged) right.states.push_back(fact);
    if (event.type == EventType::kStudyrightGranted && now < event.V()) right.announced = true;
  }
  for (auto& [id, right] : rights)
    std::sort(right.states.begin(), right.states.end(), [](const Fact* a, const Fact* b) { return EarlierInForce(*a, *b); });
  return rights;
}

bool OpenAt(const Right& right, Instant t) {
  const Fact* in_force = nullptr;
  bool begun = false;
  for (const Fact* state : right.states) {
    if (state->event.V() <= t) begun = true;
    if (InForce(*state, t)) in_force = state;
  }
  // Of a right whose state nobody told yet, nobody told that it has ended.
  return in_force == nullptr ? !begun : IsOpenState(in_force->event.text("state"));
}

/// nullopt: open now, or to be opened again.
std::optional<Instant> EndOf(const Right& right, Instant now) {
  if (right.announced || OpenAt(right, now)) return std::nullopt;
  std::set<Instant> edges;
  for (const Fact* state : right.states) {
    const Instant from = state->event.V();
    if (now < from && IsOpenState(state->event.text("state"))) return std::nullopt;
    if (from <= now) edges.insert(from);
    if (state->event.valid_to && *state->event.valid_to <= now) edges.insert(*state->event.valid_to);
  }
  // Back to where it was open last: it ended at the edge behind that.
  std::optional<Instant> end;
  for (auto edge = edges.rbegin(); edge != edges.rend() && !OpenAt(right, *edge); ++edge) end = *edge;
  return end;
}

bool IsSubject(const History& history) {
  const Facts& stream = history.stream();
  return std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) { return !fact.erased && history.About(fact.event); });
}

/// The end of the newest event that the rule would take, or its beginning when it has no end.
std::optional<Instant> LastEvent(const History& history, const RetentionRule& rule) {
  std::optional<Instant> last;
  const Event order = RetentionRequest(rule, history.learner(), {});
  for (const Fact& fact : history.stream()) {
    if (fact.erased || !NamesFact(order, fact.event, nullptr)) continue;
    const Instant end = std::max(fact.event.V(), fact.event.valid_to.value_or(fact.event.V()));
    last = last ? std::max(*last, end) : end;
  }
  return last;
}

const Fact* LastDecision(const History& history, std::string_view request) {
  const Fact* last = nullptr;
  for (const Fact* fact : history.OfType(EventType::kErasureDecided))
    if (fact->event.text("request") == request) last = fact;
  return last;
}

bool AcceptedUnder(const History& history, std::string_view request, std::string_view citation) {
  const auto& decisions = history.OfType(EventType::kErasureDecided);
  return std::any_of(decisions.begin(), decisions.end(), [&](const Fact* fact) {
    return fact->event.text("request") == request && fact->event.text("outcome") == "ACCEPTED" &&
           fact->event.text("law_ref").starts_with(citation);
  });
}

bool Orders(const RetentionRule& rule, const Event& request) {
  return request.list("classes") == std::vector<std::string>{rule.of_class} && request.list("types") == rule.types;
}

/// Whatever the rule would take, this request takes as well.
bool Includes(const Event& request, const RetentionRule& rule) {
  const auto& types = request.list("types");
  return Contains(request.list("classes"), rule.of_class) &&
         (types.empty() || std::all_of(rule.types.begin(), rule.types.end(), [&](const std::string& type) { return Contains(types, type); }));
}

/// How an existing request of this learner stands to the rules that are due.
class Existing {
 public:
  Existing(const History& history, const RetentionTable& table, std::string_view requester, Instant now)
      : history_(history), table_(table), requester_(requester), now_(now) {}

  /// Why the rule needs no new request; nullopt: it does.
  [[nodiscard]] std::optional<RetentionStep> For(std::size_t rule) const {
    std::optional<RetentionStep> found;
    for (const Fact* fact : history_.OfType(EventType::kErasureRequested)) {
      const Event& request = fact->event;
      if (request.subject != history_.learner() || !Includes(request, table_.rules[rule])) continue;
      if (const auto kind = KindOf(*fact, table_.rules[rule])) found = RetentionStep{*kind, rule, request.id};
      if (found && found->kind != RetentionStep::Kind::kCalledOff) return found;
    }
    return found;
  }

  /// Accepted requests of runs that no rule which is due orders any more.
  void AddCallOffs(const std::vector<DueRule>& due, std::vector<RetentionStep>& steps) const {
    for (const Fact* fact : history_.OfType(EventType::kErasureRequested)) {
      const Event& request = fact->event;
      if (request.subject != history_.learner() || request.text("ground") != "RETENTION" || !Open(*fact)) continue;
      const Fact* decision = LastDecision(history_, request.id);
      if (decision == nullptr || !decision->event.text("law_ref").starts_with(kRetentionCitation)) continue;
      const bool ordered = std::any_of(due.begin(), due.end(), [&](const DueRule& d) { return Orders(table_.rules[d.rule], request); });
      if (!ordered) steps.push_back({RetentionStep::Kind::kCallOff, 0, request.id});
    }
  }

 private:
  [[nodiscard]] ErasureStatus StatusOf(const Fact& request) const { return ProgressOf(history_, request, now_).status; }
  [[nodiscard]] bool Open(const Fact& request) const {
    const ErasureStatus status = StatusOf(request);
    return status == ErasureStatus::kDue || status == ErasureStatus::kDeferred;
  }
  [[nodiscard]] std::optional<RetentionStep::Kind> KindOf(const Fact& fact, const RetentionRule& rule) const {
    using Kind = RetentionStep::Kind;
    const Event& request = fact.event;
    const bool ours = request.text("ground") == "RETENTION" && Orders(rule, request);
    switch (StatusOf(fact)) {
      case ErasureStatus::kRequested: return ours && fact.publisher == requester_ ? Kind::kDecide : Kind::kWaits;
      case ErasureStatus::kDeferred:
      case ErasureStatus::kDue: return Kind::kWaits;
      case ErasureStatus::kRefused: {
        // What a run called off may come due again; what a person called off stays so under this table.
        const Fact* decision = LastDecision(history_, request.id);
        const bool by_person = decision != nullptr && !decision->event.text("law_ref").starts_with(kRetentionCitation);
        if (ours && by_person && AcceptedUnder(history_, request.id, table_.Citation())) return Kind::kCalledOff;
        return std::nullopt;
      }
      case ErasureStatus::kExecuted:
      case ErasureStatus::kVerified: return std::nullopt;
    }
    return std::nullopt;
  }

  const History& history_;
  const RetentionTable& table_;
  std::string_view requester_;
  Instant now_;
};

/// What an execution would take of this learner's part, counted.
void Count(const History& history, const RetentionRule& rule, Instant now, RetentionStep& step) {
  Fact execution;
  execution.position = NextIndex(history.known());
  execution.recorded = now;
  execution.event = RetentionRequest(rule, history.learner(), now);
  for (const Fact* fact : CoveredBy(history, execution)) {
    if (!Names(fact->event, history.learner())) continue;
    ++step.events;
    if (fact->event.Subjects().size() > 1) ++step.shared;
  }
  step.held = HoldOn(history, {rule.of_class}, now) != nullptr;
}

}  // namespace

Instant DueAfter(Instant trigger, std::int64_t days) {
  return HelsinkiMidnight(Date{HelsinkiDate(trigger).days + static_cast<std::int32_t>(days) + 1});
}

std::optional<Instant> StudyRightsEnded(const History& history, Instant now) {
  std::optional<Instant> last;
  for (const auto& [id, right] : RightsOf(history, now)) {
    const std::optional<Instant> end = EndOf(right, now);
    if (!end) return std::nullopt;
    last = last ? std::max(*last, *end) : *end;
  }
  return last;
}

std::optional<Instant> TriggerOf(const History& history, const RetentionRule& rule, Instant now) {
  switch (rule.trigger) {
    case RetentionTrigger::kStudyRightEnded: return StudyRightsEnded(history, now);
    case RetentionTrigger::kMajority: {
      const PolicyPack* pack = history.PackAt(now);
      return pack == nullptr ? std::nullopt : history.authority().Majority(*pack);
    }
    case RetentionTrigger::kLastEvent: return LastEvent(history, rule);
  }
  return std::nullopt;
}

std::vector<DueRule> DueRules(const History& history, const RetentionTable& table, Instant now) {
  std::vector<DueRule> due;
  for (std::size_t i = 0; i < table.rules.size(); ++i) {
    const std::optional<Instant> trigger = TriggerOf(history, table.rules[i], now);
    if (!trigger) continue;
    const Instant at = DueAfter(*trigger, table.rules[i].days);
    if (at <= now) due.push_back({i, *trigger, at});
  }
  return due;
}

std::vector<RetentionStep> StepsFor(const History& history, const RetentionTable& table, std::string_view requester, Instant now) {
  std::vector<RetentionStep> steps;
  // Somebody who is only named beside others, such as a guardian, is no learner.
  if (!IsSubject(history)) return steps;
  const std::vector<DueRule> due = DueRules(history, table, now);
  const Existing existing(history, table, requester, now);
  existing.AddCallOffs(due, steps);
  for (const DueRule& rule : due) {
    RetentionStep step = existing.For(rule.rule).value_or(RetentionStep{RetentionStep::Kind::kRequest, rule.rule, {}});
    Count(history, table.rules[rule.rule], now, step);
    if (step.events > 0) steps.push_back(std::move(step));
  }
  return steps;
}

Event RetentionRequest(const RetentionRule& rule, std::string_view learner, Instant now) {
  Event event = events::MakeEvent(EventType::kErasureRequested);
  event.subject = learner;
  event.time = now;
  event.SetList("classes", {rule.of_class});
  event.SetList("types", rule.types);
  event.SetText("ground", "RETENTION");
  return event;
}

}  // namespace oppi::projections
