#include "projections/decision.h"

#include <algorithm>
#include <array>
#include <set>

#include "projections/erasure_rules.h"

namespace oppi::projections {
namespace {

using events::EventType;

constexpr std::string_view kConsentBasis = "A6-1-a";
constexpr std::string_view kPublicTaskBasis = "A6-1-e";
constexpr std::string_view kLegitimateInterestBasis = "A6-1-f";
constexpr std::int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;

/// The answer for one leaf.
struct LeafAnswer {
  Reason reason = Reason::kNone;  // kNone: permitted
  bool by_consent = false;        // permitted by consent, not by statute
  std::string_view basis;
  const Grant* consent = nullptr;
  const Fact* by = nullptr;
  ConsentFlags flags;
  bool basis_contested = false;
  std::vector<std::string_view> missing;
};

class Judge {
 public:
  Judge(const History& history, const DecideQuestion& question)
      : history_(history), question_(question), pack_(history.PackAt(question.at)) {}

  [[nodiscard]] LeafAnswer JudgeLeaf(std::string_view leaf) const;

 private:
  void JudgeConsent(std::string_view leaf, const std::vector<std::string_view>& path,
                    LeafAnswer& answer) const;
  [[nodiscard]] Reason WithoutConsent(const std::vector<std::string_view>& path,
                                      const ConsentState& state) const;
  [[nodiscard]] bool Cleared() const {
    const auto& cleared = pack_->cleared_recipients;
    return std::find(cleared.begin(), cleared.end(), question_.recipient) != cleared.end();
  }

  const History& history_;
  const DecideQuestion& question_;
  const PolicyPack* pack_;
};

LeafAnswer Judge::JudgeLeaf(std::string_view leaf) const {
  LeafAnswer answer;
  const Instant t = question_.at;
  const auto deny = [&answer](Reason reason, const Fact* by) {
    answer.reason = reason;
    answer.by = by;
    return answer;
  };
  const std::vector<std::string_view> path =
      pack_ == nullptr ? std::vector<std::string_view>{leaf} : pack_->PathOf(leaf);
  const std::optional<Basis> basis = history_.registry().bases().At(
      question_.controller, question_.purpose, path, t, history_.known());
  if (basis) answer.basis = basis->code;

  if (const Fact* execution = WholeSubjectErasedBy(history_))
    return deny(Reason::kSubjectErased, execution);
  if (const Fact* decision = PendingErasureOf(history_, path, t))
    return deny(Reason::kErasurePending, decision);
  const Restrictions& restrictions = history_.restrictions();
  const auto restricted = [&](RestrictionKind kind) {
    return restrictions.InForceAt(kind, question_.purpose, path, t);
  };
  if (const Fact* order = restricted(RestrictionKind::kArt18))
    return deny(Reason::kRestricted, order);
  if (const Fact* order = restricted(RestrictionKind::kProtection);
      order != nullptr && pack_ != nullptr && NamesOneOf(pack_->protected_categories, path) &&
      !Cleared())
    return deny(Reason::kProtected, order);
  if (!basis || pack_ == nullptr) return deny(Reason::kNoBasis, nullptr);
  const LegalBases::Standing standing =
      history_.registry().bases().StandingOf(*basis, history_.known());
  if (standing.status == BasisStatus::kInvalid) return deny(Reason::kBasisInvalid, standing.by);
  if (basis->code == kConsentBasis) {
    JudgeConsent(leaf, path, answer);
    return answer;
  }
  if (basis->code == kPublicTaskBasis || basis->code == kLegitimateInterestBasis) {
    if (const Fact* objection = restricted(RestrictionKind::kObjection))
      return deny(Reason::kObjection, objection);
  }
  answer.basis_contested =
      standing.status == BasisStatus::kContested || standing.status == BasisStatus::kOpen;
  return answer;
}

void Judge::JudgeConsent(std::string_view leaf, const std::vector<std::string_view>& path,
                         LeafAnswer& answer) const {
  const Atom atom{question_.controller, question_.purpose, question_.recipient, leaf};
  const ConsentState state = StateOf(history_, atom, question_.at);
  answer.by_consent = true;
  answer.flags = state.flags;
  answer.consent = state.consent;
  answer.by = state.by;
  switch (state.status) {
    case ConsentStatus::kGiven:
    case ConsentStatus::kRenewed:
      if (state.withdrawal_waits != nullptr) {
        answer.reason = Reason::kWithdrawalPending;
        answer.by = state.withdrawal_waits;
      }
      return;
    case ConsentStatus::kNone:
    case ConsentStatus::kRequested:
    case ConsentStatus::kDeferred:
      // A request asks; it neither decides nor forbids.
      answer.by = nullptr;
      answer.reason = WithoutConsent(path, state);
      return;
    case ConsentStatus::kPendingCo: {
      answer.by = nullptr;
      answer.reason = Reason::kPendingCo;
      const Holders holders = history_.authority().HoldersAt(question_.purpose, question_.at);
      for (const std::string_view holder : holders.persons) {
        const bool gave = std::any_of(state.givers.begin(), state.givers.end(),
                                      [&](const Grant* grant) { return grant->by == holder; });
        if (!gave) answer.missing.push_back(holder);
      }
      return;
    }
    case ConsentStatus::kRefused:
      answer.reason = Reason::kRefused;
      return;
    case ConsentStatus::kWithdrawn:
      answer.reason = Reason::kWithdrawn;
      return;
    case ConsentStatus::kRevoked:
      answer.reason = Reason::kRevoked;
      return;
    case ConsentStatus::kSuperseded:
      answer.reason = Reason::kSuperseded;
      return;
    case ConsentStatus::kInvalidated:
      answer.reason = Reason::kInvalidated;
      return;
    case ConsentStatus::kIndeterminate:
      answer.reason = Reason::kErased;
      return;
    case ConsentStatus::kExpired:
      answer.reason = state.reason == "EXPIRED_AT_AGE"        ? Reason::kExpiredAtAge
                      : state.reason == "EXPIRED_AT_MAJORITY" ? Reason::kExpiredAtMajority
                                                              : Reason::kExpired;
      return;
  }
}

Reason Judge::WithoutConsent(const std::vector<std::string_view>& path,
                             const ConsentState& state) const {
  if (state.suspect_grant) return Reason::kSuspect;
  if (state.quarantined_grant) return Reason::kQuarantined;
  const ActGroup* group = history_.Acts(question_.controller, question_.purpose);
  if (group == nullptr) return Reason::kNoConsent;
  // Consents in force of the same controller and purpose, and whether they are for this recipient.
  std::set<std::pair<std::string_view, std::string_view>> seen;
  bool newer_notice = false;
  for (const Grant& grant : group->grants) {
    if (!grant.start || question_.at < *grant.start) continue;
    for (const std::string& recipient : grant.fact->event.list("recipients")) {
      for (const std::string& category : grant.fact->event.list("data_categories")) {
        for (const std::string_view leaf : pack_->LeavesOf(category)) {
          if (!seen.insert({recipient, leaf}).second) continue;
          const Atom atom{question_.controller, question_.purpose, recipient, leaf};
          const ConsentState other = StateOf(history_, atom, question_.at);
          if (!InForce(other.status)) continue;
          if (recipient == question_.recipient) return Reason::kScope;
          const Notice* notice = other.consent->notice;
          if (notice == nullptr || newer_notice) continue;
          for (const Notice* later :
               history_.registry().notices().MaterialAfter(*notice, history_.known())) {
            const events::Event& version = later->fact->event;
            const auto& recipients = version.list("recipients");
            const auto& purposes = version.list("purposes");
            if (version.V() <= question_.at &&
                std::find(purposes.begin(), purposes.end(), question_.purpose) != purposes.end() &&
                std::find(recipients.begin(), recipients.end(), question_.recipient) !=
                    recipients.end() &&
                NamesOneOf(version.list("data_categories"), path))
              newer_notice = true;
          }
        }
      }
    }
  }
  return newer_notice ? Reason::kNoticeVersion : Reason::kNoConsent;
}

Decision GuardianView(const History& history, const DecideQuestion& question) {
  Decision decision;
  decision.reason = JudgeGuardian(history, question.principal, question.at);
  decision.result =
      decision.reason == Reason::kNone ? DecisionResult::kPermitStatutory : DecisionResult::kDeny;
  return decision;
}

Decision EmergencyRead(const History& history, const DecideQuestion& question) {
  Decision decision;
  if (const Fact* execution = WholeSubjectErasedBy(history)) {
    decision.reason = Reason::kSubjectErased;
    decision.by = execution;
    return decision;
  }
  decision.reason = Reason::kNoEmergency;
  const PolicyPack* pack = history.PackAt(question.at);
  for (const Fact* opened : history.OfType(EventType::kAccessEmergencyOpened)) {
    const events::Event& event = opened->event;
    if (event.text("principal") != question.principal || question.at < event.V()) continue;
    const auto& categories = event.list("data_categories");
    const bool covers = std::all_of(
        question.categories.begin(), question.categories.end(), [&](const std::string& asked) {
          if (pack == nullptr)
            return std::find(categories.begin(), categories.end(), asked) != categories.end();
          const auto leaves = pack->LeavesOf(asked);
          return std::all_of(leaves.begin(), leaves.end(),
                             [&](std::string_view leaf) { return pack->Covers(categories, leaf); });
        });
    if (!covers) continue;
    const bool open = question.at < event.V() + event.number("minutes") * kMicrosPerMinute;
    if (!open && decision.result == DecisionResult::kPermitEmergency) continue;
    decision.result = open ? DecisionResult::kPermitEmergency : DecisionResult::kDeny;
    decision.reason = open ? Reason::kNone : Reason::kEmergencyExpired;
    decision.by = opened;
    decision.basis = event.text("basis");
  }
  if (decision.result == DecisionResult::kPermitEmergency)
    decision.permitted_subset = question.categories;
  return decision;
}

void SortUnique(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// Every leaf of the asked categories, judged; ascending.
std::map<std::string_view, LeafAnswer> JudgeLeaves(const History& history,
                                                   const DecideQuestion& question) {
  const Judge judge(history, question);
  const PolicyPack* pack = history.PackAt(question.at);
  std::map<std::string_view, LeafAnswer> leaves;
  for (const std::string& category : question.categories) {
    if (pack == nullptr) {
      leaves.emplace(category, judge.JudgeLeaf(category));
      continue;
    }
    for (const std::string_view leaf : pack->LeavesOf(category))
      if (!leaves.contains(leaf)) leaves.emplace(leaf, judge.JudgeLeaf(leaf));
  }
  return leaves;
}

void CollectSubset(const History& history, const DecideQuestion& question,
                   const std::map<std::string_view, LeafAnswer>& leaves, Decision& decision) {
  const PolicyPack* pack = history.PackAt(question.at);
  for (const std::string& category : question.categories) {
    const std::vector<std::string_view> below =
        pack == nullptr ? std::vector<std::string_view>{category} : pack->LeavesOf(category);
    std::vector<std::string> permitted;
    for (const std::string_view leaf : below)
      if (leaves.at(leaf).reason == Reason::kNone) permitted.emplace_back(leaf);
    if (permitted.size() == below.size()) permitted = {category};
    decision.permitted_subset.insert(decision.permitted_subset.end(), permitted.begin(),
                                     permitted.end());
  }
  SortUnique(decision.permitted_subset);
}

Decision Combine(const History& history, const DecideQuestion& question) {
  const std::map<std::string_view, LeafAnswer> leaves = JudgeLeaves(history, question);
  Decision decision;
  if (leaves.empty()) {
    decision.reason = Reason::kNoBasis;
    return decision;
  }
  // The leaf that speaks for all: the most severe denial, else the first that rests on consent.
  const LeafAnswer* decisive = &leaves.begin()->second;
  for (const auto& entry : leaves) {
    const LeafAnswer& leaf = entry.second;
    const bool more_severe = leaf.reason != Reason::kNone &&
                             (decisive->reason == Reason::kNone || leaf.reason < decisive->reason);
    const bool more_bound =
        leaf.reason == decisive->reason && leaf.by_consent && !decisive->by_consent;
    if (more_severe || more_bound) decisive = &leaf;
    if (leaf.reason != Reason::kNone)
      decision.denied.emplace(std::string(entry.first), leaf.reason);
    for (const std::string_view holder : leaf.missing) decision.missing.emplace_back(holder);
    decision.flags.guardian_conflict |= leaf.flags.guardian_conflict;
    decision.flags.hindrance |= leaf.flags.hindrance;
    decision.flags.reconfirm |= leaf.flags.reconfirm;
    decision.flags.withdrawal_refused |= leaf.flags.withdrawal_refused;
    decision.basis_contested |= leaf.basis_contested;
  }
  SortUnique(decision.missing);
  CollectSubset(history, question, leaves, decision);
  decision.reason = decisive->reason;
  decision.basis = decisive->basis;
  decision.by = decisive->by;
  if (decisive->consent != nullptr) decision.consent = decisive->consent->fact;
  if (decision.reason == Reason::kErased) {
    decision.result = DecisionResult::kIndeterminate;
  } else if (decision.reason != Reason::kNone) {
    decision.result = DecisionResult::kDeny;
  } else if (decisive->by_consent) {
    decision.result = DecisionResult::kPermit;
    std::set<const Grant*> grants;
    for (const auto& entry : leaves) {
      if (entry.second.consent == nullptr || !grants.insert(entry.second.consent).second) continue;
      for (const Duty& duty : DutiesOfGrant(history, *entry.second.consent, question.at))
        if (duty.status != DutyStatus::kDone) decision.obligations.push_back(duty);
    }
    std::stable_sort(
        decision.obligations.begin(), decision.obligations.end(),
        [](const Duty& a, const Duty& b) { return a.event->position < b.event->position; });
  } else {
    decision.result = DecisionResult::kPermitStatutory;
  }
  return decision;
}

}  // namespace

std::string_view DecisionResultName(DecisionResult result) {
  constexpr std::array<std::string_view, 7> kNames = {
      "PERMIT", "PERMIT_STATUTORY", "PERMIT_EMERGENCY", "DENY",
      "STALE",  "INDETERMINATE",    "NOT_READY"};
  return kNames[static_cast<std::size_t>(result)];
}

std::string_view ReasonName(Reason reason) {
  constexpr std::array<std::string_view, 30> kNames = {"",
                                                       "SUBJECT_ERASED",
                                                       "ERASURE_PENDING",
                                                       "RESTRICTED",
                                                       "PROTECTED",
                                                       "OBJECTION",
                                                       "NO_BASIS",
                                                       "BASIS_INVALID",
                                                       "INVALIDATED",
                                                       "WITHDRAWN",
                                                       "WITHDRAWAL_PENDING",
                                                       "REFUSED",
                                                       "REVOKED",
                                                       "SUPERSEDED",
                                                       "EXPIRED",
                                                       "EXPIRED_AT_AGE",
                                                       "EXPIRED_AT_MAJORITY",
                                                       "SUSPECT",
                                                       "QUARANTINED",
                                                       "PENDING_CO",
                                                       "NOTICE_VERSION",
                                                       "SCOPE",
                                                       "NO_CONSENT",
                                                       "ERASED",
                                                       "CUSTODY_ENDED",
                                                       "NOT_GUARDIAN",
                                                       "NO_EMERGENCY",
                                                       "EMERGENCY_EXPIRED",
                                                       "PROJECTION_BEHIND",
                                                       "NOT_SUBJECT"};
  static_assert(kNames.size() == static_cast<std::size_t>(Reason::kNotSubject) + 1);
  return kNames[static_cast<std::size_t>(reason)];
}

std::optional<DecisionOp> ParseDecisionOp(std::string_view name) {
  if (name == "disclose") return DecisionOp::kDisclose;
  if (name == "guardian_view") return DecisionOp::kGuardianView;
  if (name == "emergency_read") return DecisionOp::kEmergencyRead;
  return std::nullopt;
}

std::vector<std::string> FlagNames(const ConsentFlags& flags, bool basis_contested) {
  std::vector<std::string> names;
  if (basis_contested) names.emplace_back("BASIS_CONTESTED");
  if (flags.guardian_conflict) names.emplace_back("GUARDIAN_CONFLICT");
  if (flags.hindrance) names.emplace_back("HINDRANCE");
  if (flags.reconfirm) names.emplace_back("RECONFIRM");
  if (flags.withdrawal_refused) names.emplace_back("WITHDRAWAL_REFUSED");
  return names;
}

Reason JudgeGuardian(const History& history, std::string_view viewer, Instant t) {
  switch (history.authority().CustodyAt(viewer, t)) {
    case Custody::kHeld:
      return Reason::kNone;
    case Custody::kEnded:
      return Reason::kCustodyEnded;
    case Custody::kNever:
      return Reason::kNotGuardian;
  }
  return Reason::kNotGuardian;
}

Decision Decide(const History& history, const DecideQuestion& question) {
  Decision decision;
  if (!question.node_ready) {
    decision.result = DecisionResult::kNotReady;
    return decision;
  }
  const PolicyPack* pack = history.PackAt(question.at);
  const bool too_old =
      question.freshness_ms && pack != nullptr && *question.freshness_ms > pack->max_staleness_ms;
  if (too_old || (question.min_known && history.known() < *question.min_known)) {
    decision.result = DecisionResult::kStale;
    decision.reason = Reason::kProjectionBehind;
    return decision;
  }
  switch (question.op) {
    case DecisionOp::kGuardianView:
      return GuardianView(history, question);
    case DecisionOp::kEmergencyRead:
      return EmergencyRead(history, question);
    case DecisionOp::kDisclose:
      return Combine(history, question);
  }
  return decision;
}

}  // namespace oppi::projections
