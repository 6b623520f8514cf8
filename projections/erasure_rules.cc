#include "projections/erasure_rules.h"

#include <algorithm>
#include <array>

namespace oppi::projections {
namespace {

using events::Event;
using events::EventType;

constexpr std::string_view kPrefix = "fi.oppiloki.";
constexpr std::string_view kSuffix = ".v1";

bool Names(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool Overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& item) { return Names(b, item); });
}

/// The type's name as orders write it: "consent.given".
std::string_view ShortName(std::string_view type) {
  if (type.starts_with(kPrefix)) type.remove_prefix(kPrefix.size());
  if (type.ends_with(kSuffix)) type.remove_suffix(kSuffix.size());
  return type;
}

/// The last fact of the type that refers to `id` in `field` and has begun at t.
const Fact* LastOn(const History& history, EventType type, std::string_view field,
                   std::string_view id, Instant t) {
  const Fact* last = nullptr;
  for (const Fact* fact : history.OfType(type))
    if (fact->event.V() <= t && fact->event.text(field) == id) last = fact;
  return last;
}

/// The release, after the decision and before the execution if there is one, of the last hold that
/// the request had to wait for.
const Fact* ReleaseAfter(const History& history, const Fact& decision, const Fact* execution,
                         const std::vector<std::string>& classes, Instant t) {
  const Fact* last = nullptr;
  for (const Fact* release : history.OfType(EventType::kErasureHoldReleased)) {
    const Fact* hold = history.Find(release->event.text("hold"));
    if (hold != nullptr && hold->event.type == EventType::kErasureHoldSet &&
        release->event.V() <= t && decision.position < release->position &&
        (execution == nullptr || release->position < execution->position) &&
        Overlap(hold->event.list("classes"), classes))
      last = release;
  }
  return last;
}

bool Standing(const History& history, const Fact& fact) {
  const auto& standing = history.corrections().standing();
  return std::find(standing.begin(), standing.end(), &fact) != standing.end();
}

/// What the fact annuls or corrects, with content; nullptr: nothing, or nothing that is left. A
/// correction that is annulled itself acts on nothing, unless a later one rests on it.
const Fact* ActsOn(const History& history, const Fact& fact) {
  const Corrections& corrections = history.corrections();
  const Event& event = fact.event;
  const bool annuls = event.type == EventType::kLedgerFactAnnulled;
  const std::string& id = annuls ? event.annuls : event.corrects;
  if (id.empty()) return nullptr;
  const Fact* target = corrections.Find(id, event.controller);
  if (target == nullptr || fact.position <= target->position) return nullptr;
  if (annuls) return target->event.type == EventType::kLedgerFactAnnulled ? nullptr : target;
  const bool idle =
      corrections.AnnulledBy(fact) != nullptr && corrections.CorrectedBy(fact) == nullptr;
  return idle || target->event.type != event.type ? nullptr : target;
}

/// Facts of identity, guardianship and restriction are kept while they are in force, and as long as
/// acts that were judged by them; an event that ends one is kept as long as what it ended, or the
/// end would be forgotten before the beginning.
bool KeptInForce(const History& history, const Fact& execution, const Fact& fact);

bool Destroyed(const History& history, const Fact& execution, const Fact& fact) {
  if (fact.erased || execution.position <= fact.position) return false;
  const Event& order = execution.event;
  if (const Fact* target = ActsOn(history, fact)) {
    // While the target stays, so does what was said of it: a voided grade must not stand again.
    if (!Destroyed(history, execution, *target)) return false;
    // An annulment has no type of its own to be named by: it goes with its target.
    if (fact.event.type == EventType::kLedgerFactAnnulled)
      return Names(order.list("classes"), events::SensitivityName(fact.event.sensitivity));
  }
  return NamesFact(order, fact.event, history.PackAt(order.V())) &&
         !KeptInForce(history, execution, fact);
}

/// By what the learner's consents were judged: who he is, how old, and who decided for him.
bool SaysWhoDecides(EventType type) {
  switch (type) {
    case EventType::kIdentityLearnerRegistered:
    case EventType::kIdentityPseudonymsLinked:
    case EventType::kGuardianshipEstablished:
    case EventType::kGuardianshipEnded:
    case EventType::kGuardianshipDutiesDivided:
      return true;
    default:
      return false;
  }
}

/// An act of will of the learner or of somebody for him stays in the log with its content.
bool KeepsConsents(const History& history, const Fact& execution) {
  const Facts& stream = history.stream();
  const PolicyPack* pack = history.PackAt(execution.event.V());
  return std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) {
    return !fact.erased && fact.position < execution.position &&
           fact.event.info().group == "consent" && fact.event.has("by") &&
           history.About(fact.event) && !NamesFact(execution.event, fact.event, pack);
  });
}

/// Something was disclosed while the restriction was in force.
bool DisclosedUnder(const History& history, const Fact& restriction, const Fact* cleared) {
  const auto& disclosures = history.OfType(EventType::kAccessDisclosed);
  return std::any_of(disclosures.begin(), disclosures.end(), [&](const Fact* disclosure) {
    const Instant t = disclosure->event.V();
    return InForce(restriction, t) && (cleared == nullptr || t < cleared->event.V());
  });
}

bool KeptInForce(const History& history, const Fact& execution, const Fact& fact) {
  const Event& event = fact.event;
  const std::string_view group = event.info().group;
  if (group != "identity" && group != "guardianship" && group != "restriction") return false;
  if (SaysWhoDecides(event.type) && KeepsConsents(history, execution)) return true;
  if (event.type == EventType::kGuardianshipEnded || event.type == EventType::kRestrictionCleared) {
    const std::string_view field =
        event.type == EventType::kGuardianshipEnded ? "guardianship" : "restriction";
    const Fact* ended = history.Find(event.text(field));
    return Standing(history, fact) && ended != nullptr && !Destroyed(history, execution, *ended);
  }
  if (!Standing(history, fact)) return false;
  const Instant t = execution.recorded;
  const bool over = event.valid_to && *event.valid_to <= t;
  if (event.type == EventType::kRestrictionSet) {
    const Fact* cleared =
        LastOn(history, EventType::kRestrictionCleared, "restriction", event.id, t);
    return (cleared == nullptr && !over) || DisclosedUnder(history, fact, cleared);
  }
  if (over) return false;
  return event.type != EventType::kGuardianshipEstablished ||
         history.authority().StillHolds(fact, t);
}

}  // namespace

std::string_view ErasureStatusName(ErasureStatus status) {
  constexpr std::array<std::string_view, 6> kNames = {"REQUESTED", "REFUSED",  "DEFERRED",
                                                      "DUE",       "EXECUTED", "VERIFIED"};
  return kNames[static_cast<std::size_t>(status)];
}

const Fact* HoldOn(const History& history, const std::vector<std::string>& classes, Instant t) {
  for (const Fact* hold : history.OfType(EventType::kErasureHoldSet)) {
    if (hold->event.V() <= t && Overlap(hold->event.list("classes"), classes) &&
        LastOn(history, EventType::kErasureHoldReleased, "hold", hold->event.id, t) == nullptr)
      return hold;
  }
  return nullptr;
}

ErasureProgress ProgressOf(const History& history, const Fact& request, Instant t) {
  ErasureProgress progress;
  progress.by = &request;
  const auto& classes = request.event.list("classes");
  const Fact* executed =
      LastOn(history, EventType::kErasureExecuted, "request", request.event.id, t);
  const Fact* decided = LastOn(history, EventType::kErasureDecided, "request", request.event.id, t);
  const PolicyPack* pack = history.PackAt(t);
  if (decided != nullptr && decided->event.text("outcome") == "ACCEPTED") {
    progress.release = ReleaseAfter(history, *decided, executed, classes, t);
    if (progress.release != nullptr && pack != nullptr)
      progress.due = progress.release->recorded + pack->after_release_days * kMicrosPerDay;
  }
  if (executed != nullptr) {
    progress.status = ErasureStatus::kExecuted;
    progress.by = executed;
    if (executed->event.has("covered_count"))
      progress.covered = executed->event.number("covered_count");
    if (const Fact* verified =
            LastOn(history, EventType::kErasureVerified, "execution", executed->event.id, t)) {
      progress.status = ErasureStatus::kVerified;
      progress.by = verified;
    }
    return progress;
  }
  if (decided == nullptr) return progress;
  progress.by = decided;
  if (decided->event.text("outcome") != "ACCEPTED") {
    progress.status = ErasureStatus::kRefused;
    return progress;
  }
  if (HoldOn(history, classes, t) != nullptr) {
    progress.status = ErasureStatus::kDeferred;
    return progress;
  }
  progress.status = ErasureStatus::kDue;
  if (progress.release != nullptr) progress.by = progress.release;
  return progress;
}

std::vector<const Fact*> CoveredBy(const History& history, const Fact& execution) {
  std::vector<const Fact*> covered;
  for (const Fact& fact : history.stream())
    if (!fact.erased && Destroyed(history, execution, fact)) covered.push_back(&fact);
  return covered;
}

const Fact* PendingErasureOf(const History& history, const std::vector<std::string_view>& path,
                             Instant t) {
  for (const Fact* request : history.OfType(EventType::kErasureRequested)) {
    const bool names = NamesOneOf(request->event.list("data_categories"), path) ||
                       request->event.number("whole_subject") != 0;
    if (!names) continue;
    const ErasureProgress progress = ProgressOf(history, *request, t);
    if (progress.status == ErasureStatus::kDeferred || progress.status == ErasureStatus::kDue)
      return LastOn(history, EventType::kErasureDecided, "request", request->event.id, t);
  }
  return nullptr;
}

const Fact* WholeSubjectErasedBy(const History& history) {
  for (const Fact* fact : history.Executions())
    if (fact->event.number("whole_subject") != 0) return fact;
  return nullptr;
}

bool NamesFact(const Event& order, const Event& fact, const PolicyPack* pack) {
  const std::string_view type = fact.info().name;
  if (pack != nullptr && IsStatutory(type, *pack)) return false;
  if (!Names(order.list("classes"), events::SensitivityName(fact.sensitivity))) return false;
  const auto& types = order.list("types");
  return types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& named) {
           return ShortName(named) == type;
         });
}

bool IsStatutory(std::string_view type, const PolicyPack& pack) {
  return Names(pack.statutory_types, ShortName(type));
}

}  // namespace oppi::projections
