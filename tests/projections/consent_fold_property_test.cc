#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/projections/consent_property.h"
#include "tests/projections/naive_consent.h"

/// The fold of consent-model section 13, and all of `decide`, against a second implementation that
/// was written from the specification alone.

namespace oppi::projections {
namespace {

using tests::NaiveConsent;
using tests::RandomStory;

std::string Told(const NaiveConsent::Answer& answer) {
  std::string text = answer.result + " " + answer.reason + " " + answer.consent;
  for (const std::string& item : answer.permitted_subset) text += " +" + item;
  for (const auto& entry : answer.denied) text += " -" + entry.first + ":" + entry.second;
  for (const std::string& item : answer.missing) text += " ?" + item;
  for (const std::string& item : answer.flags) text += " !" + item;
  return text;
}

/// The same of ours, as far as the naive one goes.
std::string ToldLikeNaive(const Decision& decision) {
  NaiveConsent::Answer answer;
  answer.result = DecisionResultName(decision.result);
  answer.reason = ReasonName(decision.reason);
  answer.consent = IdOf(decision.consent);
  answer.permitted_subset = decision.permitted_subset;
  for (const auto& entry : decision.denied) answer.denied[entry.first] = ReasonName(entry.second);
  answer.missing = decision.missing;
  answer.flags = FlagNames(decision.flags, decision.basis_contested);
  return Told(answer);
}

std::string Told(const NaiveConsent::State& state) {
  std::string text = state.status + " " + state.reason + " " + state.consent + " " + state.by;
  text += state.since ? " since " + FormatInstant({*state.since}) : "";
  for (const std::string& flag : state.flags) text += " !" + flag;
  if (state.waiting) text += " waiting";
  if (state.suspect) text += " suspect";
  if (state.quarantined) text += " quarantined";
  for (const std::string& holder : state.missing) text += " ?" + holder;
  return text;
}

std::string ToldLikeNaive(const ConsentState& state, const std::vector<std::string>& missing) {
  NaiveConsent::State told;
  told.status = ConsentStatusName(state.status);
  told.reason = state.reason;
  told.consent = IdOf(state.consent);
  if (state.reason != "AUTHORITY_NEVER_HELD") told.by = IdOf(state.by);
  if (state.since) told.since = state.since->micros;
  told.flags = FlagNames(state.flags, false);
  told.waiting = state.withdrawal_waits != nullptr;
  told.suspect = state.suspect_grant;
  told.quarantined = state.quarantined_grant;
  told.missing = missing;
  return Told(told);
}

TEST(ConsentProperty, TheFoldAgreesWithOneWrittenFromTheSpecificationAlone) {
  std::map<std::string, int> seen;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    for (int i = 0; i < 10; ++i) {
      const std::string learner = random.Chance(95) ? "C1" : "C9";
      const std::uint64_t physical = kBaseEntries + random.Below(played.size() - kBaseEntries + 1);
      const std::uint64_t known = random.Chance(60) ? physical : kBaseEntries + random.Below(physical - kBaseEntries + 1);
      const Facts log = played.ledger->WholeLog(TreeSize(physical));
      const NaiveConsent naive(log, random.story().pack, learner, known);
      const Asked asked = Look(played, TreeSize(known), TreeSize(physical), learner);
      const DecideQuestion question = SomeQuestion(random);
      SCOPED_TRACE("size " + std::to_string(known) + " of " + std::to_string(physical) + ", at " +
                   FormatInstant(question.at) + ", " + question.purpose + " for " +
                   question.recipient);
      for (const std::string& leaf : kLeaves) {
        const Atom atom{"K", question.purpose, question.recipient, leaf};
        const ConsentState state = StateOf(*asked, atom, question.at);
        std::vector<std::string> missing;
        if (state.status == ConsentStatus::kPendingCo)
          for (const auto holder :
               (*asked).authority().HoldersAt(question.purpose, question.at).persons)
            if (std::none_of(state.givers.begin(), state.givers.end(),
                             [&](const Grant* grant) { return grant->by == holder; }))
              missing.emplace_back(holder);
        ASSERT_EQ(ToldLikeNaive(state, missing),
                  Told(naive.StateOf({"K", question.purpose, question.recipient, leaf},
                                     question.at.micros)))
            << leaf;
        ++seen[std::string(ConsentStatusName(state.status))];
      }
      const Decision decision = Decide(*asked, question);
      ASSERT_EQ(ToldLikeNaive(decision),
                Told(naive.Decide({"K", question.purpose, question.recipient, ""},
                                  question.categories, question.at.micros)));
      ++seen[std::string(ReasonName(decision.reason))];
    }
  });
  if (!EnoughToMeetAll()) return;
  // Histories that never get anywhere would agree about nothing.
  for (const char* what : {"GIVEN",
                           "RENEWED",
                           "PENDING_CO",
                           "REFUSED",
                           "WITHDRAWN",
                           "REVOKED",
                           "EXPIRED",
                           "SUPERSEDED",
                           "INVALIDATED",
                           "INDETERMINATE",
                           "REQUESTED",
                           "DEFERRED",
                           "RESTRICTED",
                           "PROTECTED",
                           "OBJECTION",
                           "BASIS_INVALID",
                           "SUSPECT",
                           "QUARANTINED",
                           "SCOPE",
                           "NO_CONSENT",
                           "WITHDRAWAL_PENDING",
                           "EXPIRED_AT_AGE",
                           "EXPIRED_AT_MAJORITY"})
    EXPECT_GT(seen[what], 0) << what;
}

}  // namespace
}  // namespace oppi::projections
