#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/time.h"
#include "projections/custody.h"
#include "projections/fact.h"
#include "projections/question.h"

/// Who may ask what: default deny. The matrix stands at the top of authorise.cc.

namespace oppi::projections {

/// What an asker may see of the answer. Only Authorise makes one that permits.
struct Access {
  /// Empty: permitted. Else ROLE_NOT_ALLOWED, REASON_MISSING, PURPOSE_UNKNOWN, NOT_SUBJECT,
  /// NOT_GUARDIAN or CUSTODY_ENDED.
  std::string refusal = "ROLE_NOT_ALLOWED";
  /// Not empty: facts of this controller alone. Of consents, timeline and decide it bounds the
  /// controllers that an answer may speak of; the facts those need (guardians, bases, policy) are
  /// everybody's.
  std::string controller;
  /// May see class S4 (special category and pupil welfare).
  bool special_category = false;
  /// A guardian while a protection order is in force (projections/viewer.h).
  bool redact = false;
  /// Is told of what is kept for a legal hold alone that it is there, and no more (projections/held.h).
  bool hide_held = false;
  /// May have the events behind an answer opened (projections/openable.h). Not who is only told
  /// whether something is permitted, and not a redacted view: entries and publishers would give it
  /// away.
  bool evidence = false;

  [[nodiscard]] bool permitted() const { return refusal.empty(); }
};

/// `stream`: everything the log holds on the question's learner (of an audit without learner: on
/// the actor or publisher). `now`: the moment of asking. Permission never depends on the moment or
/// log size asked about.
[[nodiscard]] Access Authorise(const Question& question, const Asker& asker, const Facts& stream,
                               Instant now, const AgeRules& ages);

/// What was kept back, and why. Without count: whether there is anything is not told, because its
/// existence alone would tell (S4).
struct Redaction {
  std::string reason;  // OTHER_CONTROLLER, SPECIAL_CATEGORY, PROTECTION
  std::optional<std::uint64_t> count;
  friend bool operator==(const Redaction&, const Redaction&) = default;
};

/// The facts an answer may be built from, in log order.
struct Shown {
  Facts facts;
  std::vector<Redaction> redactions;
};
/// For record and audit. Counts are over what the question is about, visible at `known`.
/// Requires access.permitted().
[[nodiscard]] Shown Show(const Access& access, Ask ask, const Facts& stream, TreeSize known);

}  // namespace oppi::projections
