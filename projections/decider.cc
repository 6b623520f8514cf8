#include "projections/decider.h"

#include "projections/persons.h"

namespace oppi::projections {
namespace {

TreeSize EndOf(const Facts& facts) { return facts.empty() ? TreeSize(0) : SizeAfter(facts.back().position); }

}  // namespace

Result<Decided> Decider::Decide(const Question& question, const View& view, const RegistrySnapshot& registry, TreeSize log_size) {
  if (!IsDisclose(question)) {
    OPPI_TRY(Facts facts, read_(question.learner, {Projection::kRecord, Projection::kConsent, Projection::kAudit}, log_size));
    OPPI_RETURN_IF_ERROR(NothingLost(facts, view.size));
    return DecideFrom(question, std::move(facts), *registry.registry, view);
  }
  // STALE is said by the fold alone.
  const bool fresh = !question.min_size || *question.min_size <= view.size;
  const DecisionCache::Asked asked = cache_.Name(question, view, registry.mark);
  if (fresh)
    if (std::optional<Decided> found = cache_.Find(asked)) return *std::move(found);
  OPPI_TRY(Facts facts, read_(question.learner, {Projection::kConsent}, log_size));
  OPPI_RETURN_IF_ERROR(NothingLost(facts, view.size));
  // Who has several identifiers is not kept: an event under another one would have to find him.
  const bool one_name = PossibleIdentifiers(question.learner, facts).size() == 1;
  const TreeSize facts_end = EndOf(facts);
  const Facts own = WithoutBystanders(question, std::move(facts));
  const History history(question.learner, *registry.registry, own, view.size);
  Decided decided = DecideOn(history, DecideQuestionOf(question, view));
  if (fresh && one_name)
    cache_.Keep(asked, {SteadyAround(history, registry.changes, view.at), log_size, facts_end}, decided);
  return decided;
}

}  // namespace oppi::projections
