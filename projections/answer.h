#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "projections/audit_trail.h"
#include "projections/authorise.h"
#include "projections/fact.h"
#include "projections/learner_record.h"
#include "projections/question.h"

/// From an authorised question to the answer's envelope, the same for every kind of question.
///
/// Record and audit are answered here. Consents, timeline and decide are answered by the consent
/// folds; they fill an Answer in the same way and use the same envelope.

namespace oppi::projections {

struct Answer {
  std::string result = "null";  // JSON
  std::uint64_t count = 0;      // exact, whatever is redacted
  std::vector<Source> items;    // the log entries that the result rests on
  std::vector<Redaction> redactions;
};

struct RecordAnswer {
  LearnerRecord record;
  std::vector<Redaction> redactions;
};
/// Requires access.permitted(); `stream` as for Authorise.
[[nodiscard]] RecordAnswer AnswerRecord(const Question& question, const Access& access,
                                        const Facts& stream, const View& view,
                                        const RecordRules& rules);

struct AuditAnswer {
  AuditTrail trail;
  std::vector<Redaction> redactions;
};
/// Requires access.permitted(). `stream`: of the learner if the question has one, else of the
/// actor, else of the publisher.
[[nodiscard]] AuditAnswer AnswerAudit(const Question& question, const Access& access,
                                      const Facts& stream, const View& view);

[[nodiscard]] Answer ToAnswer(const RecordAnswer& answer);
[[nodiscard]] Answer ToAnswer(const AuditAnswer& answer);

/// "sha256:...": over the question's name, "\n" and QuestionJson.
[[nodiscard]] std::string QuestionHash(const Question& question);

/// {"question","question_hash","inputs","view":{"at","size"},"result","count","items":[{"event",
/// "position","recorded"}],"redactions":[{"reason","count"}],"checkpoint"}. `checkpoint`: the
/// signed note of the view's size, verbatim. Requires answer.result to be JSON.
[[nodiscard]] std::string AnswerJson(const Question& question, const View& view,
                                     const Answer& answer, std::string_view checkpoint);

}  // namespace oppi::projections
