#include "projections/intake_rules.h"

#include <algorithm>
#include <optional>

#include "events/limits.h"
#include "projections/consent_state.h"
#include "projections/erasure_rules.h"
#include "projections/history.h"

namespace oppi::projections {
namespace {

using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;
using events::Role;

constexpr std::string_view kStateConsent = "STATE_CONSENT";
constexpr std::int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;

bool IsPaper(const Event& event) { return event.text("evidence") == "PAPER"; }

/// Negatives by persons: what NOT_HOLDER is about.
bool IsPersonsNegative(EventType type) {
  return type == EventType::kConsentRefused || type == EventType::kConsentWithdrawn ||
         type == EventType::kConsentWithdrawalRequested;
}

ErrorCode JudgeTime(const Fact& candidate) {
  const std::string_view group = candidate.event.info().group;
  const bool bounded = group == "consent" || group == "access" || group == "attendance";
  return bounded && candidate.recorded + kFutureMicrosMax < candidate.event.V()
             ? ErrorCode::kTimeInFuture
             : ErrorCode::kNone;
}

/// A pack that contradicts itself, or that is not the one its hash names, is no value of its field.
ErrorCode JudgePolicy(const Event& event) {
  if (event.type != EventType::kRegistryPolicyPublished || !event.has("body"))
    return ErrorCode::kNone;
  const Result<PolicyPack> pack = ParsePolicyPack(event.text("body"));
  if (!pack.ok()) return ErrorCode::kFieldType;
  const bool other_hash =
      event.has("policy_hash") && event.text("policy_hash") != HashText(pack->hash);
  return other_hash ? ErrorCode::kFieldType : ErrorCode::kNone;
}

/// Targets and corrections: vocabulary section 3.
class TargetRules {
 public:
  TargetRules(const IntakeContext& context, const Event& event)
      : context_(context), event_(event), annuls_(!event.annuls.empty()) {}

  [[nodiscard]] ErrorCode Judge() const {
    const std::string_view id = annuls_ ? event_.annuls : event_.corrects;
    if (id.empty()) return ErrorCode::kNone;
    const Fact* target = Find(id);
    if (target == nullptr || target->erased) return ErrorCode::kTargetUnknown;
    const Event& other = target->event;
    if (other.subject != event_.subject) return ErrorCode::kSubjectMismatch;
    if (annuls_ && other.type == EventType::kLedgerFactAnnulled)
      return ErrorCode::kAnnulOfAnnulment;
    const bool own = other.info().group == "registry" ? context_.role == Role::kRegistrar
                                                      : other.controller == event_.controller;
    if (!own) return ErrorCode::kNotOwnFact;
    if (Annulled(other.id)) return ErrorCode::kTargetAnnulled;
    if (annuls_)
      return (other.info().kinds & events::kAnn) != 0 ? ErrorCode::kNone
                                                      : ErrorCode::kNotCorrectable;
    if (other.type != event_.type) return ErrorCode::kTypeMismatch;
    if ((other.info().kinds & events::kSup) == 0) return ErrorCode::kNotCorrectable;
    return Corrected(other.id) ? ErrorCode::kCorrectsNotLatest : ErrorCode::kNone;
  }

 private:
  template <class Predicate>
  [[nodiscard]] const Fact* FirstOf(Predicate predicate) const {
    for (const Fact& fact : context_.stream)
      if (!fact.erased && predicate(fact.event)) return &fact;
    for (const Fact& fact : context_.registry.facts())
      if (!fact.erased && predicate(fact.event)) return &fact;
    return nullptr;
  }
  [[nodiscard]] const Fact* Find(std::string_view id) const {
    const Fact* own = FirstOf([&](const Event& e) {
      return e.id == id && e.subject == event_.subject && e.controller == event_.controller;
    });
    if (own != nullptr) return own;
    const Fact* any = FirstOf([&](const Event& e) { return e.id == id; });
    if (any != nullptr || !context_.elsewhere) return any;
    return context_.elsewhere(id);
  }
  [[nodiscard]] bool Annulled(std::string_view id) const {
    return FirstOf([&](const Event& e) {
             return e.type == EventType::kLedgerFactAnnulled && e.annuls == id &&
                    e.controller == event_.controller;
           }) != nullptr;
  }
  [[nodiscard]] bool Corrected(std::string_view id) const {
    return FirstOf([&](const Event& e) {
             return e.corrects == id && e.type == event_.type &&
                    e.controller == event_.controller && !Annulled(e.id);
           }) != nullptr;
  }

  const IntakeContext& context_;
  const Event& event_;
  bool annuls_;
};

/// Intake of consent events: consent-model section 6. The first failing rule answers.
class ConsentRules {
 public:
  ConsentRules(const IntakeContext& context, const Fact& candidate)
      : context_(context),
        candidate_(candidate),
        event_(candidate.event),
        known_(candidate.position.value()),
        pack_(context.registry.PackAt(event_.V(), known_)) {
    if (NeedsStream(event_))
      history_.emplace(event_.subject, context.registry, context.stream, known_);
  }

  [[nodiscard]] ErrorCode Judge() const {
    if (const ErrorCode code = JudgeRequest(); code != ErrorCode::kNone) return code;
    if (event_.has("purpose") && !PurposeKnown()) return ErrorCode::kPurposeUnknown;
    if (event_.type == EventType::kConsentGiven) return JudgeGrant();
    if (IsPersonsNegative(event_.type) && !MayEndSomething()) return ErrorCode::kNotHolder;
    return ErrorCode::kNone;
  }

  /// Why an acceptable grant must wait for the DPO; kNone: it need not.
  [[nodiscard]] ErrorCode Quarantine() const {
    if (event_.type != EventType::kConsentGiven) return ErrorCode::kNone;
    if (!context_.registry.publishers().Delegated(candidate_.publisher, event_.controller,
                                                  kStateConsent, event_.V(), known_))
      return ErrorCode::kPublisherNotDelegated;
    const std::int64_t limit_hours =
        IsPaper(event_) ? pack_->late_limit_hours_paper : pack_->late_limit_hours_online;
    if (candidate_.recorded <= event_.V() + limit_hours * kMicrosPerHour) return ErrorCode::kNone;
    return candidate_.anchored && event_.V() < *candidate_.anchored ? ErrorCode::kBackdated
                                                                    : ErrorCode::kLate;
  }

 private:
  /// The event that `request` names, if it is of the type and about the same person.
  [[nodiscard]] const Fact* Request(EventType type) const {
    const Fact* request = history_->Find(event_.text("request"));
    return request != nullptr && request->event.type == type && history_->About(request->event)
               ? request
               : nullptr;
  }

  [[nodiscard]] ErrorCode JudgeRequest() const {
    if (event_.type == EventType::kConsentWithdrawalRefused)
      return Request(EventType::kConsentWithdrawalRequested) != nullptr
                 ? ErrorCode::kNone
                 : ErrorCode::kRequestUnknown;
    if (event_.type != EventType::kConsentGiven) return ErrorCode::kNone;
    if (!event_.has("request")) return IsPaper(event_) ? ErrorCode::kNone : ErrorCode::kNoRequest;
    const Fact* request = Request(EventType::kConsentRequested);
    if (request == nullptr) return ErrorCode::kRequestUnknown;
    return event_.V() < request->event.V() ? ErrorCode::kBeforeRequest : ErrorCode::kNone;
  }

  /// What asks for consent or gives it needs the purpose in the pack of its time; what ends consent
  /// may still name a purpose that has since been dropped.
  [[nodiscard]] bool PurposeKnown() const {
    const std::string_view purpose = event_.text("purpose");
    const bool gives = event_.type == EventType::kConsentGiven ||
                       event_.type == EventType::kConsentRequested ||
                       event_.type == EventType::kConsentNoticeServed;
    if (!gives) return context_.registry.PurposeEverKnown(purpose, known_);
    return pack_ != nullptr && pack_->Purpose(purpose) != nullptr;
  }

  [[nodiscard]] ErrorCode JudgeGrant() const {
    const Notices& notices = context_.registry.notices();
    const Notice* notice =
        notices.Find(event_.text("notice"), event_.text("notice_version"), event_.V(), known_);
    if (notice == nullptr) return ErrorCode::kNoticeUnknown;
    for (const Notice* later : notices.MaterialAfter(*notice, known_))
      if (later->grace_end <= event_.V()) return ErrorCode::kNoticeNotCurrent;
    if (RequestUsedUp()) return ErrorCode::kStaleRequest;
    const Holders holders = history_->authority().HoldersAt(event_.text("purpose"), event_.V());
    return holders.Has(history_->NameOf(event_.text("by"))) ? ErrorCode::kNone
                                                            : ErrorCode::kAuthority;
  }

  /// C6: a negative in effect lies after the request on some atom of the grant, or a grant on the
  /// same request was invalidated.
  [[nodiscard]] bool RequestUsedUp() const {
    std::optional<LeafIndex> request;
    if (const Fact* fact = history_->Find(event_.text("request"));
        fact != nullptr && event_.has("request")) {
      request = fact->position;
      for (const Fact* invalidation : history_->OfType(EventType::kConsentInvalidated)) {
        const Fact* target = history_->Find(invalidation->event.text("target"));
        if (target != nullptr && target->event.type == EventType::kConsentGiven &&
            target->event.text("request") == event_.text("request"))
          return true;
      }
    }
    const ActGroup* group = history_->Acts(event_.controller, event_.text("purpose"));
    if (group == nullptr || std::none_of(group->acts.begin(), group->acts.end(),
                                         [](const Act& act) { return IsNegative(act.kind); }))
      return false;
    for (const std::string& recipient : event_.list("recipients")) {
      for (const std::string& category : event_.list("data_categories")) {
        for (const std::string_view leaf : pack_->LeavesOf(category)) {
          const Atom atom{event_.controller, event_.text("purpose"), recipient, leaf};
          if (IsStale(AppliedNegatives(*history_, atom, kInstantMax), candidate_, request))
            return true;
        }
      }
    }
    return false;
  }

  /// Any holder may; so may who gave the consent in force (or gave and waits for the others), as
  /// long as he holds any DECIDE edge. One atom is enough.
  [[nodiscard]] bool MayEndSomething() const {
    const Instant t = event_.V();
    const std::string_view by = history_->NameOf(event_.text("by"));
    if (history_->authority().HoldersAt(event_.text("purpose"), t).Has(by)) return true;
    const ActGroup* group = history_->Acts(event_.controller, event_.text("purpose"));
    const PolicyPack* pack = pack_;
    if (group == nullptr || pack == nullptr || !history_->authority().Decides(by, t)) return false;
    const Act negative{ActKind::kWithdrawn, &candidate_, t, by, false, std::nullopt};
    for (const Grant& grant : group->grants) {
      if (grant.by != by) continue;
      for (const std::string& recipient : grant.fact->event.list("recipients")) {
        for (const std::string& category : grant.fact->event.list("data_categories")) {
          for (const std::string_view leaf : pack->LeavesOf(category)) {
            if (!negative.Touches(recipient, pack->PathOf(leaf))) continue;
            const ConsentState state =
                StateOf(*history_, {event_.controller, event_.text("purpose"), recipient, leaf}, t);
            if (std::any_of(state.givers.begin(), state.givers.end(),
                            [&](const Grant* giver) { return giver->by == by; }))
              return true;
          }
        }
      }
    }
    return false;
  }

  const IntakeContext& context_;
  const Fact& candidate_;
  const Event& event_;
  TreeSize known_;
  const PolicyPack* pack_;
  std::optional<History> history_;
};

ErrorCode JudgeBasis(const IntakeContext& context, const Fact& candidate) {
  const bool retroactive = candidate.event.type == EventType::kRegistryBasisAsserted &&
                           candidate.event.V() < candidate.recorded;
  return retroactive && context.role != Role::kDpo ? ErrorCode::kRetroactiveBasis
                                                   : ErrorCode::kNone;
}

/// EMERGENCY_TOO_LONG, LEGAL_HOLD, STATUTORY_RECORD.
ErrorCode JudgeLimits(const IntakeContext& context, const Fact& candidate) {
  const Event& event = candidate.event;
  const TreeSize known(candidate.position.value());
  const PolicyPack* pack = context.registry.PackAt(event.V(), known);
  if (event.type == EventType::kAccessEmergencyOpened)
    return pack == nullptr || pack->emergency_max_minutes < event.number("minutes")
               ? ErrorCode::kEmergencyTooLong
               : ErrorCode::kNone;
  if (event.type == EventType::kErasureExecuted) {
    const History history(event.subject, context.registry, context.stream, known);
    if (HoldOn(history, event.list("classes"), candidate.recorded) != nullptr)
      return ErrorCode::kLegalHold;
  }
  if (pack != nullptr &&
      (event.type == EventType::kErasureRequested || event.type == EventType::kErasureExecuted)) {
    const auto& types = event.list("types");
    if (std::any_of(types.begin(), types.end(),
                    [&](const std::string& type) { return IsStatutory(type, *pack); }))
      return ErrorCode::kStatutoryRecord;
  }
  return ErrorCode::kNone;
}

}  // namespace

bool NeedsStream(const Event& event) {
  return !event.corrects.empty() || !event.annuls.empty() ||
         event.type == EventType::kConsentGiven || IsPersonsNegative(event.type) ||
         event.type == EventType::kConsentWithdrawalRefused ||
         event.type == EventType::kErasureExecuted;
}

ledger::Verdict JudgeIntake(const IntakeContext& context, const Fact& candidate) {
  const Event& event = candidate.event;
  const auto refused = [](ErrorCode code) { return ledger::Verdict{Outcome::kRejected, code}; };
  if (const ErrorCode code = JudgePolicy(event); code != ErrorCode::kNone) return refused(code);
  if (const ErrorCode code = JudgeTime(candidate); code != ErrorCode::kNone) return refused(code);
  if (const ErrorCode code = TargetRules(context, event).Judge(); code != ErrorCode::kNone)
    return refused(code);
  if (event.info().group == "consent") {
    const ConsentRules consent(context, candidate);
    if (const ErrorCode code = consent.Judge(); code != ErrorCode::kNone) return refused(code);
    if (const ErrorCode code = consent.Quarantine(); code != ErrorCode::kNone)
      return {Outcome::kQuarantined, code};
    return {};
  }
  if (const ErrorCode code = JudgeBasis(context, candidate); code != ErrorCode::kNone)
    return refused(code);
  if (const ErrorCode code = JudgeLimits(context, candidate); code != ErrorCode::kNone)
    return refused(code);
  return {};
}

bool RefusalLeavesNote(const events::TypeInfo& type) {
  return type.group == "consent" || type.group == "restriction" || type.group == "guardianship";
}

}  // namespace oppi::projections
