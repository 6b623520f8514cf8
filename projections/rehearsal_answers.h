#pragma once

#include <string>
#include <vector>

#include "events/result.h"
#include "projections/history.h"
#include "projections/json_value.h"
#include "projections/rehearsal_file.h"
#include "projections/rehearsal_ledger.h"

/// Answers to the questions of a rehearsal, as JSON with labels in place of event ids.

namespace oppi::projections {

/// Errors: kInvalidArgument - the question names something that has not happened by then.
[[nodiscard]] Result<JsonValue> AnswerStoryQuestion(const RehearsalLedger& ledger,
                                                    const StoryQuestion& question);

/// record_as_of: what the record shows of one item at t (rehearsal_record.cc).
[[nodiscard]] JsonValue AnswerRecordItem(const RehearsalLedger& ledger, const History& history,
                                         const JsonValue& item, Instant t);

/// audit_trail: access events as the viewer may see them (rehearsal_audit.cc). `log`: the learner's
/// stream, or the whole log when no learner is named (`history` is nullptr then).
struct AuditQuestion {
  std::string viewer_role;
  std::string viewer_person;
  std::string learner;  // empty: any
  std::string actor;    // empty: any
  Instant at{};
};
[[nodiscard]] JsonValue AnswerAuditTrail(const RehearsalLedger& ledger, const History* history,
                                         const Facts& log, TreeSize known,
                                         const AuditQuestion& question);

}  // namespace oppi::projections
