#include "projections/authorise.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "events/check.h"
#include "projections/viewer.h"

namespace oppi::projections {
namespace {

// clang-format off
// role      | record         | consents, timeline | decide              | audit          | obligations, findings | erasure, holds | S4
// ----------+----------------+--------------------+---------------------+----------------+-----------------------+----------------+-----
// LEARNER   | of oneself     | of oneself         | -                   | of oneself     | of oneself            | -              | yes
// GUARDIAN  | with an edge   | with an edge       | -                   | with an edge   | -                     | -              | yes
// TEACHER   | own controller | -                  | own emergency       | -              | -                     | -              | no
// STAFF     | own controller | own controller     | own emergency       | -              | -                     | -              | yes
// VENDOR    | -              | -                  | as recipient itself | -              | -                     | -              | -
// DPO       | own or all     | own or all         | own or all          | own or all     | own or all            | own or all     | yes
// AUDITOR   | own or all     | own or all         | -                   | own or all     | own or all            | own or all     | no
// SYSTEM    | -              | -                  | own or all          | -              | -                     | -              | -
// clang-format on
//
// with an edge: holding an edge (DECIDE or INFO) to the learner at the moment of asking; under a
// protection order places, organisations and exact times are redacted. own: the asker's
// organisation is the controller; all: the organisation is "*" (national officers). Whoever is
// bound to a controller that holds nothing on the learner is refused rather than told how much
// others hold; a decision is about nothing that is held. A TEACHER never sees S4: who teaches a
// learner, or takes part in the support, is not in the learner's stream. An AUDITOR gives a
// reason with every question.

enum class Reach : std::uint8_t {
  kNo,
  kSelf,      // learner == asker
  kEdge,      // a guardian's edge in force
  kOwn,       // own controller, which must hold something on the learner
  kOwnOrAll,  // own controller, or all with "*"
  kDecision,  // see MayDecide
};

struct Row {
  std::string_view role;
  Reach record, consents, decide, audit, oversight, erasure;
  bool special_category;
};
constexpr std::array kMatrix = {
    Row{"LEARNER", Reach::kSelf, Reach::kSelf, Reach::kNo, Reach::kSelf, Reach::kSelf, Reach::kNo, true},
    Row{"GUARDIAN", Reach::kEdge, Reach::kEdge, Reach::kNo, Reach::kEdge, Reach::kNo, Reach::kNo, true},
    Row{"TEACHER", Reach::kOwn, Reach::kNo, Reach::kDecision, Reach::kNo, Reach::kNo, Reach::kNo, false},
    Row{"STAFF", Reach::kOwn, Reach::kOwn, Reach::kDecision, Reach::kNo, Reach::kNo, Reach::kNo, true},
    Row{"VENDOR", Reach::kNo, Reach::kNo, Reach::kDecision, Reach::kNo, Reach::kNo, Reach::kNo, false},
    Row{"DPO", Reach::kOwnOrAll, Reach::kOwnOrAll, Reach::kOwnOrAll, Reach::kOwnOrAll,
        Reach::kOwnOrAll, Reach::kOwnOrAll, true},
    Row{"AUDITOR", Reach::kOwnOrAll, Reach::kOwnOrAll, Reach::kNo, Reach::kOwnOrAll,
        Reach::kOwnOrAll, Reach::kOwnOrAll, false},
    Row{"SYSTEM", Reach::kNo, Reach::kNo, Reach::kOwnOrAll, Reach::kNo, Reach::kNo, Reach::kNo, false},
};

constexpr std::string_view kEverybody = "*";

Reach ReachOf(const Row& row, Ask ask) {
  switch (ask) {
    case Ask::kRecord:
      return row.record;
    case Ask::kConsents:
    case Ask::kTimeline:
      return row.consents;
    case Ask::kDecide:
      return row.decide;
    case Ask::kAudit:
      return row.audit;
    case Ask::kObligations:
    case Ask::kFindings:
      return row.oversight;
    case Ask::kErasure:
    case Ask::kHolds:
      return row.erasure;
  }
  return Reach::kNo;
}

/// A vendor asks what it may receive itself; teachers and staff whether the emergency that was
/// opened in their own name still lasts.
bool MayDecide(const Question& question, const Asker& asker) {
  if (asker.role == "VENDOR") {
    const bool disclose = question.op.empty() || question.op == "disclose";
    return disclose && !question.recipient.empty() &&
           (question.recipient == asker.organisation || question.recipient == asker.principal);
  }
  return question.op == "emergency_read" && question.principal == asker.principal;
}

bool Holds(const Facts& stream, std::string_view controller) {
  return std::any_of(stream.begin(), stream.end(), [&](const Fact& fact) {
    return !fact.erased && fact.event.controller == controller;
  });
}

Access Refused(std::string code) {
  Access access;
  access.refusal = std::move(code);
  return access;
}

/// Within one's own controller. A question on consents or a decision names its controller:
/// another's is refused.
Access Within(const Question& question, const Asker& asker, Access access) {
  if (asker.organisation.empty()) return Refused("ROLE_NOT_ALLOWED");
  if (!question.controller.empty() && question.controller != asker.organisation) {
    return Refused("ROLE_NOT_ALLOWED");
  }
  access.controller = asker.organisation;
  return access;
}

bool MaySeeClass(const Access& access, const Fact& fact) {
  return access.special_category || fact.event.sensitivity != events::Sensitivity::kS4;
}

/// What the count of a redaction is about.
bool About(Ask ask, const Fact& fact) {
  static constexpr std::array<std::string_view, 10> kRecordGroups = {
      "identity", "guardianship", "studyright",  "teaching", "attendance",
      "grade",    "activity",     "certificate", "support",  "restriction"};
  const std::string_view group = fact.event.info().group;
  if (ask == Ask::kAudit) return group == "access";
  return std::find(kRecordGroups.begin(), kRecordGroups.end(), group) != kRecordGroups.end();
}

}  // namespace

Access Authorise(const Question& question, const Asker& asker, const Facts& stream, Instant now,
                 const AgeRules& ages) {
  const auto row = std::find_if(kMatrix.begin(), kMatrix.end(),
                                [&](const Row& r) { return r.role == asker.role; });
  if (row == kMatrix.end() || asker.principal.empty()) return Refused("ROLE_NOT_ALLOWED");
  const Reach reach = ReachOf(*row, question.ask);
  if (reach == Reach::kNo) return Refused("ROLE_NOT_ALLOWED");
  if (asker.purpose.empty()) return Refused("PURPOSE_UNKNOWN");
  if (asker.role == "AUDITOR" && question.reason.empty()) return Refused("REASON_MISSING");

  Access access;
  access.refusal.clear();
  access.special_category = row->special_category;
  access.evidence = reach != Reach::kDecision;
  access.hide_held = asker.role != "DPO" && asker.role != "AUDITOR";
  switch (reach) {
    case Reach::kNo:
      break;
    case Reach::kSelf:
    case Reach::kEdge: {
      if (question.learner.empty()) return Refused("ROLE_NOT_ALLOWED");
      const ViewerCheck check =
          CheckViewer(asker.role, asker.principal, question.learner, stream, now, ages);
      access.refusal = check.denial;
      access.redact = check.redact;
      access.evidence = check.denial.empty() && !check.redact;
      return access;
    }
    case Reach::kOwn:
      if (!Holds(stream, asker.organisation)) return Refused("ROLE_NOT_ALLOWED");
      return Within(question, asker, std::move(access));
    case Reach::kOwnOrAll:
      if (asker.organisation == kEverybody) return access;
      if (question.ask != Ask::kDecide && !question.learner.empty() &&
          !Holds(stream, asker.organisation)) {
        return Refused("ROLE_NOT_ALLOWED");
      }
      return Within(question, asker, std::move(access));
    case Reach::kDecision:
      if (MayDecide(question, asker)) return access;
      break;
  }
  return Refused("ROLE_NOT_ALLOWED");
}

Shown Show(const Access& access, Ask ask, const Facts& stream, TreeSize known) {
  OPPI_CHECK(access.permitted());
  Shown shown;
  std::uint64_t others = 0;
  for (const Fact& fact : stream) {
    // Of an erased fact nobody can tell any more whose it was: only those who may see all are shown
    // it.
    if (!access.controller.empty() && (fact.erased || fact.event.controller != access.controller)) {
      const bool counted = !fact.erased && Contains(known, fact.position) && About(ask, fact);
      if (counted && MaySeeClass(access, fact)) ++others;
      continue;
    }
    if (!MaySeeClass(access, fact)) continue;
    shown.facts.push_back(fact);
  }
  if (others > 0) shown.redactions.push_back({"OTHER_CONTROLLER", others});
  if (!access.special_category && ask == Ask::kRecord) {
    shown.redactions.push_back({"SPECIAL_CATEGORY", std::nullopt});
  }
  return shown;
}

}  // namespace oppi::projections
