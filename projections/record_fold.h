#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/corrections.h"
#include "projections/erasures.h"
#include "projections/learner_record.h"

/// What the parts of the record fold share; of no interest outside learner_record.cc and
/// record_*.cc.

namespace oppi::projections {

struct RecordFold {
  RecordFold(std::string_view learner, const Facts& stream, const View& asked,
             const RecordRules& record_rules);

  /// Standing facts of the type, by (V, position), whether they have begun or not.
  [[nodiscard]] std::vector<const Fact*> Known(events::EventType type) const;
  /// Those that have begun at t: V <= t.
  [[nodiscard]] std::vector<const Fact*> Begun(events::EventType type) const;

  [[nodiscard]] Item ItemOf(const Fact& fact) const;

  const View& view;
  const RecordRules& rules;
  Corrections facts;
  Erasures erasures;
};

/// `fact`'s optional number; nullopt when it was left out.
[[nodiscard]] std::optional<std::int64_t> NumberOf(const Fact& fact, std::string_view field);
[[nodiscard]] std::optional<Date> DateOf(const Fact& fact, std::string_view field);
[[nodiscard]] std::string TextOf(const Fact& fact, std::string_view field);

/// Ends `item` at `instant` unless it ends before. True when this set the end.
bool EndItem(Item& item, Instant instant);

void FoldStudyRights(const RecordFold& fold, LearnerRecord& record);
void FoldGroups(const RecordFold& fold, LearnerRecord& record);
void FoldAttendance(const RecordFold& fold, LearnerRecord& record);
void FoldGrades(const RecordFold& fold, LearnerRecord& record);
void FoldSupport(const RecordFold& fold, LearnerRecord& record);
void FoldCertificates(const RecordFold& fold, LearnerRecord& record);

}  // namespace oppi::projections
