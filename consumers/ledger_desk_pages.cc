#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "consumers/ledger_desk.h"
#include "projections/authorise.h"
#include "projections/people.h"
#include "projections/verifier.h"

/// Questions about everybody for whom one controller is responsible: page by page, each page an
/// access of its own that names the learners it shows.

namespace oppi::consumers {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kRowsDefault = 100;
constexpr std::uint64_t kStreamsMax = 400;   // looked at for one page: bounds the time that it takes
constexpr std::size_t kLearnersMax = 100;    // that one access event may name (vocabulary section 7)

/// The page so far.
struct Page {
  Json rows = Json::array();
  std::vector<std::string> learners;
  projections::Answer answer;

  void Add(const std::string& learner, const projections::Answer& one) {
    if (one.count == 0) return;
    learners.push_back(learner);
    for (const Json& row : Json::parse(one.result)) {
      Json named = {{"learner", learner}};
      named.update(row);
      rows.push_back(std::move(named));
    }
    answer.items.insert(answer.items.end(), one.items.begin(), one.items.end());
  }
};

}  // namespace

Result<std::string> LedgerDesk::AnswerPage(const projections::Question& question,
                                           const projections::Asker& asker) {
  if (question.evidence)
    return PermissionDenied("EVIDENCE_NOT_ALLOWED: a list of many learners carries no evidence; ask about one of them");
  const std::shared_ptr<const ledger::LogView> log = ports_.view();
  OPPI_RETURN_IF_ERROR(ports_.runner.WaitFor(log->size()));
  OPPI_TRY(const TreeSize size, SizeAsked(question, *log));
  const Instant now = ports_.clock.Now();
  const projections::View view{question.valid_at.value_or(now), size};
  // Whom one may ask about so is a matter of role and organisation alone.
  const projections::Access access = projections::Authorise(question, asker, {}, now, {});
  if (!access.permitted()) return PermissionDenied(access.refusal + ": this question is not open to you");
  OPPI_TRY(const auto registry, ports_.registry.At(*log));

  Page page;
  OPPI_TRY(const projections::PeopleWalk walk,
           projections::ForEachLearner(
               ports_.stores, question.after, log->size(), kStreamsMax,
               [&](const std::string& learner, const projections::Facts& facts) -> Result<bool> {
                 projections::Question one = question;
                 one.learner = learner;
                 OPPI_TRY(const projections::Answer answer,
                          projections::ComputeAnswer(one, access, facts, *registry->registry, view));
                 page.Add(learner, answer);
                 return page.rows.size() < question.limit.value_or(kRowsDefault) && page.learners.size() < kLearnersMax;
               }));
  page.answer.count = page.rows.size();
  Json result;
  result["rows"] = std::move(page.rows);
  result["next"] = walk.next.empty() ? Json() : Json(walk.next);
  result["percent"] = walk.percent;
  page.answer.result = result.dump(-1, ' ', false, Json::error_handler_t::replace);

  // The access is durable before the answer leaves, in the stream of everybody whom it shows.
  events::Event access_event = ReadEvent(question, asker, page.answer);
  access_event.SetText("query", "BULK");
  std::sort(page.learners.begin(), page.learners.end());
  if (!page.learners.empty()) {
    access_event.subject = page.learners.front();
    access_event.other_subjects.assign(page.learners.begin() + 1, page.learners.end());
  }
  OPPI_RETURN_IF_ERROR(accesses_.Record(std::move(access_event)));
  return projections::AnswerJson(question, view, page.answer, log->note());
}

}  // namespace oppi::consumers
