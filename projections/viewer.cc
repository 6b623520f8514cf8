#include "projections/viewer.h"

#include "projections/corrections.h"
#include "projections/restrictions.h"

namespace oppi::projections {
namespace {

TreeSize Everything(const Facts& stream) {
  return stream.empty() ? TreeSize(0) : SizeAfter(stream.back().position);
}

}  // namespace

ViewerCheck CheckViewer(std::string_view role, std::string_view person, std::string_view learner,
                        const Facts& stream, Instant now, const AgeRules& ages) {
  if (role == "DPO" || role == "AUDITOR") return {};
  if (role != "LEARNER" && role != "GUARDIAN") return {.denial = "ROLE_NOT_ALLOWED"};
  const Corrections facts(learner, stream, Everything(stream));
  if (role == "LEARNER") {
    const bool self = !person.empty() && facts.IsLearner(person);
    return {.denial = self ? "" : "NOT_SUBJECT"};
  }
  switch (CustodyOf(EdgesOf(facts, ages), person, now)) {
    case Custody::kHeld:
      return {.denial = {}, .redact = Restrictions(facts).Protected(now)};
    case Custody::kEnded:
      return {.denial = "CUSTODY_ENDED"};
    case Custody::kNever:
      return {.denial = "NOT_GUARDIAN"};
  }
  return {.denial = "NOT_GUARDIAN"};
}

}  // namespace oppi::projections
