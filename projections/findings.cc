#include "projections/findings.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "projections/consent_state.h"
#include "projections/erasure_rules.h"

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

/// Histories of one learner at the sizes that were needed so far.
class Histories {
 public:
  Histories(std::string_view learner, const Registry& registry, const Facts& stream)
      : learner_(learner), registry_(registry), stream_(stream) {}

  [[nodiscard]] const History& At(TreeSize known) {
    std::unique_ptr<History>& history = by_size_[known];
    if (history == nullptr)
      history = std::make_unique<History>(learner_, registry_, stream_, known);
    return *history;
  }

 private:
  std::string learner_;
  const Registry& registry_;
  const Facts& stream_;
  std::map<TreeSize, std::unique_ptr<History>> by_size_;
};

/// Positions of everything that could change an answer about the learner, ascending.
std::vector<const Fact*> Everything(const Registry& registry, const Facts& stream) {
  std::vector<const Fact*> all;
  for (const Fact& fact : stream) all.push_back(&fact);
  for (const Fact& fact : registry.facts()) all.push_back(&fact);
  std::sort(all.begin(), all.end(),
            [](const Fact* a, const Fact* b) { return a->position < b->position; });
  return all;
}

DecideQuestion QuestionOf(const Event& event) {
  DecideQuestion question;
  question.controller = event.controller;
  question.purpose = event.text("purpose");
  question.recipient = event.text("recipient");
  question.categories = event.list("data_categories");
  question.at = event.V();
  return question;
}

class Examiner {
 public:
  Examiner(std::string_view learner, const Registry& registry, const Facts& stream, TreeSize known)
      : histories_(learner, registry, stream),
        everything_(Everything(registry, stream)),
        now_(histories_.At(known)) {}

  [[nodiscard]] std::optional<Finding> Examine(const Fact& disclosure) {
    const DecideQuestion question = QuestionOf(disclosure.event);
    const Decision then = Decide(histories_.At(TreeSize(disclosure.position.value())), question);
    const Decision today = Decide(now_, question);
    Finding finding{{}, &disclosure, Reason::kNone, nullptr, std::nullopt};
    if (Unknowable(then, disclosure) || Unknowable(today, disclosure)) return std::nullopt;
    const Fact* cited = CitedDecision(disclosure);
    if (Permits(then.result) && !Permits(today.result)) {
      finding.code = FindingCode::kReviewGoodFaith;
      finding.reason = today.reason;
      finding.known_from = FirstThatTurned(disclosure, question);
      return finding;
    }
    if (Permits(then.result)) {
      if (cited != nullptr && IsPermit(*cited) && Fits(*cited, disclosure)) return std::nullopt;
      finding.code = FindingCode::kNoDecision;
      return finding;
    }
    finding.reason = then.reason;
    finding.code = CodeOfDenied(then.reason, cited, disclosure);
    if (then.by != nullptr && IsNegativeType(then.by->event.type))
      finding.latency_seconds =
          (disclosure.event.V().micros - then.by->event.V().micros) / kMicrosPerSecond;
    return finding;
  }

 private:
  static bool IsNegativeType(EventType type) {
    return type == EventType::kConsentRefused || type == EventType::kConsentWithdrawn ||
           type == EventType::kConsentRevoked;
  }

  /// The evidence is gone since: the answer is neither yes nor no.
  static bool Unknowable(const Decision& decision, const Fact& disclosure) {
    return decision.result == DecisionResult::kIndeterminate ||
           (decision.reason == Reason::kSubjectErased && decision.by != nullptr &&
            disclosure.position < decision.by->position);
  }

  /// I9: an earlier decision of the log, with a known size at or below its own position.
  [[nodiscard]] const Fact* CitedDecision(const Fact& disclosure) const {
    const Fact* cited = now_.Find(disclosure.event.text("decision"));
    if (cited == nullptr || cited->event.type != EventType::kAccessDecisionMade ||
        !now_.About(cited->event) || disclosure.position < cited->position)
      return nullptr;
    return SizeOf(*cited).value() <= cited->position.value() ? cited : nullptr;
  }

  static TreeSize SizeOf(const Fact& decision) {
    if (!decision.event.has("known_size")) return TreeSize(decision.position.value());
    return TreeSize(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, decision.event.number("known_size"))));
  }

  static bool IsPermit(const Fact& decision) {
    return decision.event.text("result").starts_with("PERMIT");
  }

  /// The decision was about this controller, purpose and recipient, and all of these categories.
  [[nodiscard]] bool Fits(const Fact& decision, const Fact& disclosure) const {
    const Event& a = decision.event;
    const Event& b = disclosure.event;
    const PolicyPack* pack = now_.PackAt(b.V());
    if (pack == nullptr || a.controller != b.controller || a.text("purpose") != b.text("purpose") ||
        a.text("recipient") != b.text("recipient"))
      return false;
    const auto& disclosed = b.list("data_categories");
    return std::all_of(disclosed.begin(), disclosed.end(), [&](const std::string& category) {
      const auto leaves = pack->LeavesOf(category);
      return std::all_of(leaves.begin(), leaves.end(), [&](std::string_view leaf) {
        return pack->Covers(a.list("data_categories"), leaf);
      });
    });
  }

  [[nodiscard]] FindingCode CodeOfDenied(Reason reason, const Fact* cited, const Fact& disclosure) {
    if (cited != nullptr && IsPermit(*cited) && Fits(*cited, disclosure) &&
        Permits(Decide(histories_.At(SizeOf(*cited)), QuestionOf(cited->event)).result))
      return FindingCode::kStaleDecision;
    const bool no_basis = reason == Reason::kNoBasis || reason == Reason::kNoConsent ||
                          reason == Reason::kQuarantined || reason == Reason::kSuspect;
    return no_basis ? FindingCode::kNoBasis : FindingCode::kDeniedProcessing;
  }

  [[nodiscard]] const Fact* FirstThatTurned(const Fact& disclosure,
                                            const DecideQuestion& question) {
    for (const Fact* fact : everything_) {
      if (fact->position < disclosure.position || !Contains(now_.known(), fact->position)) continue;
      if (!Permits(Decide(histories_.At(SizeAfter(fact->position)), question).result)) return fact;
    }
    return nullptr;
  }

  Histories histories_;
  std::vector<const Fact*> everything_;
  const History& now_;
};

}  // namespace

std::string_view FindingName(FindingCode code) {
  constexpr std::array<std::string_view, 5> kNames = {
      "REVIEW_GOOD_FAITH", "NO_DECISION", "STALE_DECISION", "NO_BASIS", "DENIED_PROCESSING"};
  return kNames[static_cast<std::size_t>(code)];
}

std::vector<Finding> FindingsOf(std::string_view learner, const Registry& registry,
                                const Facts& stream, TreeSize known, const FindingFilter& filter) {
  std::vector<Finding> findings;
  Examiner examiner(learner, registry, stream, known);
  const Persons persons(stream, known);
  for (const Fact& fact : stream) {
    if (fact.erased || !Contains(known, fact.position) ||
        fact.event.type != EventType::kAccessDisclosed)
      continue;
    const auto subjects = fact.event.Subjects();
    const bool about = std::any_of(subjects.begin(), subjects.end(), [&](std::string_view person) {
      return persons.Same(person, learner);
    });
    if (!about || (!filter.purpose.empty() && fact.event.text("purpose") != filter.purpose) ||
        (!filter.recipient.empty() && fact.event.text("recipient") != filter.recipient))
      continue;
    if (auto finding = examiner.Examine(fact)) findings.push_back(*finding);
  }
  return findings;
}

std::vector<GuardianConsent> ConsentsOnGuardians(const History& history, Instant t) {
  const PolicyPack* pack = history.PackAt(t);
  if (pack == nullptr) return {};
  const std::optional<Instant> majority = history.authority().Majority(*pack);
  const bool of_age = majority && *majority <= t;
  std::map<LeafIndex, GuardianConsent> found;
  for (const auto& [name, group] : history.groups()) {
    const Holders holders = history.authority().HoldersAt(name.second, t);
    if (holders.persons != std::vector<std::string_view>{history.learner()}) continue;
    for (const Grant& grant : group.grants) {
      const Event& event = grant.fact->event;
      if (!grant.start || t < *grant.start || found.contains(grant.fact->position)) continue;
      const auto rests_on_guardians = [&, &of = name](const std::string& recipient, std::string_view leaf) {
        const ConsentState state =
            StateOf(history, Atom{of.first, of.second, recipient, leaf}, t);
        return InForce(state.status) && state.consent == &grant &&
               std::none_of(state.givers.begin(), state.givers.end(), [&](const Grant* giver) {
                 return giver->by == history.learner();
               });
      };
      bool rests = false;
      for (const std::string& recipient : event.list("recipients"))
        for (const std::string& category : event.list("data_categories"))
          for (const std::string_view leaf : pack->LeavesOf(category))
            rests = rests || rests_on_guardians(recipient, leaf);
      if (rests) found.emplace(grant.fact->position, GuardianConsent{grant.fact, of_age});
    }
  }
  std::vector<GuardianConsent> list;
  for (const auto& entry : found) list.push_back(entry.second);
  return list;
}

}  // namespace oppi::projections
