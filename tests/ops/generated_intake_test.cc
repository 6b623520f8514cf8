#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "ops/generate/generate.h"
#include "ops/generate/people.h"
#include "ops/generate/policy.h"
#include "projections/decision.h"
#include "projections/history.h"
#include "projections/intake_rules.h"
#include "projections/policy.h"
#include "projections/publishers.h"
#include "projections/registry.h"

/// The generated year before the rules of intake: they must say of every event what the generator
/// expects of them.

namespace oppi::ops {
namespace {

using events::Outcome;
using events::Role;
using projections::Fact;
using projections::Facts;

Role RoleOf(const std::string& publisher) {
  static const std::map<std::string, Role> roles = {
      {"sis", Role::kProvider},        {"dvv", Role::kIdentity},    {"portal", Role::kPortal},
      {"vendor-one", Role::kVendor},   {"gateway", Role::kGateway}, {"dpo", Role::kDpo},
      {"registrar", Role::kRegistrar}, {"ledger", Role::kLedger}};
  return roles.at(publisher);
}

/// As much of a ledger as the rules see: who said what in which order, without bytes and
/// signatures.
class PlainLedger {
 public:
  explicit PlainLedger(Instant now) : now_(now) {}

  ledger::Verdict Take(const Planned& planned) {
    Fact fact;
    fact.position = LeafIndex(next_);
    fact.recorded = now_ + static_cast<std::int64_t>(next_);
    fact.publisher = planned.publisher;
    fact.event = planned.event;
    Facts& stream = streams_[planned.event.KeyOwner()];
    const ledger::Verdict verdict = projections::JudgeIntake({.registry = registry_,
                                                              .stream = stream,
                                                              .role = RoleOf(planned.publisher),
                                                              .elsewhere = {}},
                                                             fact);
    if (verdict.outcome == Outcome::kRejected) return verdict;
    ++next_;
    fact.outcome = verdict.outcome;
    fact.reason = verdict.code;
    if (fact.event.info().group == "registry") registry_.Apply(fact);
    for (const std::string& other : fact.event.other_subjects) streams_[other].push_back(fact);
    stream.push_back(std::move(fact));
    return verdict;
  }

  /// What may be told of a decision on everything taken so far.
  struct Answer {
    std::string result;
    std::string reason;
    std::string consent;
  };
  Answer Decide(const std::string& learner, const std::string& purpose,
                const std::string& recipient, const std::vector<std::string>& categories,
                Instant at) {
    const projections::History history(learner, registry_, streams_[learner], TreeSize(next_));
    projections::DecideQuestion question;
    question.controller = ControllerOid();
    question.purpose = purpose;
    question.recipient = recipient;
    question.categories = categories;
    question.at = at;
    const projections::Decision decision = projections::Decide(history, question);
    return {std::string(DecisionResultName(decision.result)),
            std::string(ReasonName(decision.reason)),
            decision.consent == nullptr ? std::string() : decision.consent->event.id};
  }

 private:
  const Instant now_;
  std::uint64_t next_ = 1;
  projections::Registry registry_{projections::Publishers()};
  std::unordered_map<std::string, Facts> streams_;
};

/// What intake said against what was expected, counted.
std::map<std::string, int> Surprises(const GenerateOptions& options, Instant published) {
  PlainLedger ledger(published);
  std::map<std::string, int> surprises;
  const auto summary = GeneratePlanned(options, [&](const Planned& planned) {
    // The duplicate index is not part of these rules.
    if (planned.code == events::ErrorCode::kIdConflict) return Status();
    const ledger::Verdict verdict = ledger.Take(planned);
    if (verdict.outcome != planned.expected || verdict.code != planned.code)
      ++surprises[std::string(planned.event.info().name) + ": " +
                  std::string(OutcomeName(verdict.outcome)) + " " +
                  std::string(ErrorName(verdict.code)) + ", expected " +
                  std::string(OutcomeName(planned.expected)) + " " +
                  std::string(ErrorName(planned.code))];
    return Status();
  });
  EXPECT_TRUE(summary.ok());
  return surprises;
}

TEST(GeneratedIntake, IsAsExpectedOnTheDayTheYearIsPublished) {
  const Instant now = *ParseInstant("2026-11-23T10:00:00Z");
  for (const std::uint64_t seed : {1U, 2U}) {
    for (const auto& [what, times] : Surprises({.pupils = 200, .seed = seed, .now = now}, now))
      ADD_FAILURE() << times << " times " << what << ", seed " << seed;
  }
}

TEST(GeneratedIntake, IsAsExpectedForAYearCutShort) {
  const Instant now = *ParseInstant("2025-09-01T10:00:00Z");
  for (const auto& [what, times] : Surprises({.pupils = 90, .days = 10, .now = now}, now))
    ADD_FAILURE() << times << " times " << what;
}

TEST(GeneratedIntake, FindsEveryGrantLateWhenTheYearIsPublishedMuchLater) {
  const auto surprises =
      Surprises({.pupils = 60, .days = 20}, *ParseInstant("2027-03-01T00:00:00Z"));
  ASSERT_EQ(surprises.size(), 1U);
  EXPECT_EQ(surprises.begin()->first, "consent.given: QUARANTINED LATE, expected ACCEPTED ");
}

TEST(GeneratedDecisions, AreWhatTheModelDecides) {
  const Instant now = *ParseInstant("2026-11-23T10:00:00Z");
  PlainLedger ledger(now);
  std::map<std::string, int> decided;
  const auto summary =
      GeneratePlanned({.pupils = 120, .seed = 3, .now = now}, [&](const Planned& planned) {
        const events::Event& event = planned.event;
        if (event.type == events::EventType::kAccessDecisionMade) {
          const PlainLedger::Answer answer = ledger.Decide(
              event.subject, std::string(event.text("purpose")),
              std::string(event.text("recipient")), event.list("data_categories"), event.V());
          EXPECT_EQ(answer.result, event.text("result"));
          EXPECT_EQ(answer.reason, event.text("reason"));
          EXPECT_TRUE(!event.has("consent") || answer.consent == event.text("consent"));
          ++decided[std::string(event.text("result"))];
        }
        if (planned.code != events::ErrorCode::kIdConflict) ledger.Take(planned);
        return Status();
      });
  ASSERT_TRUE(summary.ok());
  EXPECT_GT(decided["PERMIT"], 5);
  EXPECT_GT(decided["PERMIT_STATUTORY"], 200);
  EXPECT_GE(decided["DENY"], 1);

  const Highlights& who = summary->highlights;
  const auto ask = [&](const std::string& learner) {
    return ledger.Decide(learner, who.purpose, who.vendor, {who.category}, now);
  };
  EXPECT_EQ(ask(who.consenting).result, "PERMIT");
  EXPECT_EQ(ask(who.withdrawn).reason, "WITHDRAWN");
  EXPECT_EQ(ask(who.never_asked).reason, "NO_CONSENT");
}

TEST(GeneratedPolicy, IsAPackInCanonicalForm) {
  const auto pack = projections::ParsePolicyPack(PolicyBody());
  ASSERT_TRUE(pack.ok()) << pack.error().message;
  EXPECT_EQ(pack->canonical, PolicyBody());
  EXPECT_EQ(HashText(pack->hash), PolicyHash());
  for (const Purpose purpose : {Purpose::kAdapt, Purpose::kImages, Purpose::kResearch}) {
    const projections::PurposeRules* rules = pack->Purpose(PurposeCode(purpose));
    ASSERT_NE(rules, nullptr);
    EXPECT_EQ(pack->SelfAgeOf(*rules), SelfAge(purpose));
    EXPECT_TRUE(pack->HasCategory(OfferOf(purpose).category));
  }
}

}  // namespace
}  // namespace oppi::ops
