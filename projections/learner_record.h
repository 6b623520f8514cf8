#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "projections/custody.h"
#include "projections/fact.h"
#include "projections/record_person.h"
#include "projections/record_school.h"

/// The record of one learner as a pure function of the facts of the learner's stream and a view (t,
/// S).
///
/// I1  Facts at or above S have no influence, erasure excepted: content that is gone is gone in
/// every
///     view (consent-model section 1).
/// I2  Shown is what stands at S (projections/corrections.h) and has begun at t: V <= t. All
/// periods are
///     half-open; "at the instant" belongs to the new state.
/// I3  "As recorded then" is the S of that day; "as corrected now" is the newest S; "as valid on
/// day D"
///     is t. Any pair of them is a view.
/// I4  Nothing is left out silently: what is erased is listed by position, what is held says so.

namespace oppi::projections {

/// Data of the policy pack that a record depends on.
struct RecordRules {
  AgeRules ages;
  std::vector<std::string> statutory_types;  // names without prefix
};

struct LearnerRecord {
  std::string learner;
  View view;
  Identity identity;
  std::vector<Guardian> guardians;
  std::vector<DividedDuty> divided_duties;
  std::vector<StudyRight> studyrights;  // by id
  std::vector<Membership> groups;
  Attendance attendance;
  std::vector<Grade> grades;  // by (kind, code, V, position)
  std::vector<VerbalAssessment> verbal_assessments;
  std::vector<Reassessment> reassessments;
  std::vector<Activity> activity;    // by (V, position)
  std::vector<SupportFact> support;  // class S4; who may see it is decided before it gets here
  std::vector<SupportFact> conduct;  // class S3
  std::vector<Certificate> certificates;
  std::vector<Restriction> restrictions;
  std::vector<Item> erased;    // or lost: position, recorded, publisher and, where certain, by
  std::vector<Item> held;      // kept for a hold alone: position, recorded and `by`, the hold (projections/held.h)
  bool places_hidden = false;  // see HidePlaces
};

/// `stream`: the learner's facts in log order, everything the physical log holds. Facts about other
/// persons that lie in the same stream (a guardian's stream holds the guardianship) are passed
/// over.
[[nodiscard]] LearnerRecord BuildRecord(std::string_view learner, const Facts& stream,
                                        const View& view, const RecordRules& rules = {});

/// What stands where something was taken out under a protection order.
inline constexpr std::string_view kRedactedText = "[suojattu]";

/// Takes out whatever tells where the learner is: organisations, sites, municipality, contact,
/// staff, groups, lessons and log positions (the public log shows which organisation's publisher
/// signed at a position). For a guardian's view while a protection order (turvakielto) is in force;
/// the order protects only as far as nothing beside the redacted name gives it away. Returns how
/// many items were changed.
std::size_t HidePlaces(LearnerRecord& record);

/// One JSON object with a member per section, for the API; members in the order of the structs,
/// what is empty left out.
[[nodiscard]] std::string RecordJson(const LearnerRecord& record);

/// What the record was made from: event, position and recorded of every item, by position, each
/// once.
struct Source {
  std::string event;
  LeafIndex position{0};
  Instant recorded{};
  friend bool operator==(const Source&, const Source&) = default;
};
[[nodiscard]] std::vector<Source> SourcesOf(const LearnerRecord& record);

}  // namespace oppi::projections
