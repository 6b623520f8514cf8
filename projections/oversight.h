#pragma once

#include "projections/answer.h"
#include "projections/authorise.h"
#include "projections/fact.h"
#include "projections/question.h"
#include "projections/registry.h"

/// What somebody has to look after: duties with their deadlines (consent-model section 11), and what
/// was found on processing (section 10), with consents that still rest on a guardian though the
/// learner decides himself by now, and duties that are overdue.

namespace oppi::projections {

/// A list of {"code","status","due","event","at","controller","purpose","recipient"}; absent is null.
/// At view.at only what was recorded by then counts. Requires access.permitted() and a learner;
/// `stream` as for History.
[[nodiscard]] Answer AnswerObligations(const Question& question, const Access& access,
                                       const Facts& stream, const Registry& registry,
                                       const View& view);

/// A list of {"finding","reason","event","at","controller","purpose","recipients",
/// "data_categories","known_from","latency_seconds","due"}. Beside the findings of section 10:
/// RESTS_ON_GUARDIAN (reason SELF_AGE or MAJORITY; `event`: the grant) and OVERDUE (reason: the
/// duty's code). Of disclosures those by view.at. Requires access.permitted() and a learner.
[[nodiscard]] Answer AnswerFindings(const Question& question, const Access& access,
                                    const Facts& stream, const Registry& registry,
                                    const View& view);

}  // namespace oppi::projections
