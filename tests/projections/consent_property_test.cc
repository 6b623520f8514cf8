#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include "projections/consent_state.h"
#include "projections/decision.h"
#include "projections/findings.h"
#include "projections/rehearsal_ledger.h"
#include "tests/projections/naive_consent.h"
#include "tests/projections/random_story.h"

/// The invariants of consent-model section 14 over random histories, and the fold against a second
/// one that was written from the specification alone. OPPI_PROPERTY_CASES histories each (default
/// 100); OPPI_PROPERTY_SEED repeats a run: every failure names the seed of its history.

namespace oppi::projections {
namespace {

using tests::NaiveConsent;
using tests::RandomStory;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t Cases() { return FromEnvironment("OPPI_PROPERTY_CASES", 100); }
std::uint64_t FirstSeed() { return FromEnvironment("OPPI_PROPERTY_SEED", 20260115); }

const std::vector<std::string> kPurposes = {"EDU", "ADAPT", "IMG", "FREE"};  // EDU by statute
const std::vector<std::string> kRecipients = {"V1", "V2", "V3"};
const std::vector<std::string> kLeaves = {"LRN.ACTIVITY", "LRN.GRADE", "SUP"};

/// A story that has happened, and everything one needs to ask about it.
struct Played {
  explicit Played(const StoryFile& told) {
    auto played = RehearsalLedger::Play(told);
    EXPECT_TRUE(played.ok()) << played.error().message;
    ledger = std::move(played).value();
  }
  [[nodiscard]] std::uint64_t size() const { return ledger->log().size(); }
  std::unique_ptr<RehearsalLedger> ledger;
};

struct Asked {
  Facts stream;
  std::unique_ptr<History> history;
  [[nodiscard]] const History& operator*() const { return *history; }
};

Asked Look(const Played& played, TreeSize known, TreeSize physical,
           const std::string& learner = "C1") {
  Asked asked;
  asked.stream = played.ledger->StreamOf(learner, physical);
  asked.history =
      std::make_unique<History>(learner, played.ledger->registry(), asked.stream, known);
  return asked;
}

DecideQuestion Question(RandomStory& random) {
  DecideQuestion question;
  question.controller = "K";
  question.purpose = random.SomeOf(kPurposes);
  question.recipient = kRecipients[random.Below(3)];
  if (!random.grants().empty() && random.Chance(75)) {
    const std::string grant = random.SomeOf(random.grants());
    for (const StoryEvent& event : random.story().events) {
      if (event.id != grant) continue;
      question.purpose = event.data.Find("purpose")->string();
      const auto& recipients = event.data.Find("recipients")->items();
      question.recipient = recipients[random.Below(recipients.size())].string();
    }
  }
  const std::vector<std::vector<std::string>> sets = {
      {"LRN"}, {"LRN.GRADE"}, {"SUP"}, {"LRN", "SUP"}, {"LRN.ACTIVITY", "SUP"}};
  question.categories = sets[random.Below(sets.size())];
  question.at = random.SomeInstant();
  return question;
}

std::string IdOf(const Fact* fact) { return fact == nullptr ? "" : fact->event.id; }
std::string IdOf(const Grant* grant) { return grant == nullptr ? "" : grant->fact->event.id; }

/// Everything an answer says, as text: equal answers, equal texts.
std::string Told(const Decision& decision) {
  std::string text{DecisionResultName(decision.result)};
  text += " " + std::string(ReasonName(decision.reason)) + " " + std::string(decision.basis) + " " +
          IdOf(decision.consent) + " " + IdOf(decision.by);
  for (const std::string& item : decision.permitted_subset) text += " +" + item;
  for (const auto& entry : decision.denied)
    text += " -" + entry.first + ":" + std::string(ReasonName(entry.second));
  for (const std::string& item : decision.missing) text += " ?" + item;
  for (const std::string& item : FlagNames(decision.flags, decision.basis_contested))
    text += " !" + item;
  return text;
}

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

template <class Body>
void ForEachStory(Body body) {
  for (std::uint64_t i = 0; i < Cases(); ++i) {
    const std::uint64_t seed = FirstSeed() + i;
    SCOPED_TRACE("OPPI_PROPERTY_CASES=1 OPPI_PROPERTY_SEED=" + std::to_string(seed));
    RandomStory random(seed);
    body(random);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(ConsentProperty, TheFoldAgreesWithOneWrittenFromTheSpecificationAlone) {
  std::map<std::string, int> seen;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    for (int i = 0; i < 24; ++i) {
      const std::string learner = random.Chance(95) ? "C1" : "C9";
      const std::uint64_t physical = 14 + random.Below(played.size() - 13);
      const std::uint64_t known = random.Chance(60) ? physical : 14 + random.Below(physical - 13);
      const Facts log = played.ledger->WholeLog(TreeSize(physical));
      const NaiveConsent naive(log, random.story().pack, learner, known);
      const Asked asked = Look(played, TreeSize(known), TreeSize(physical), learner);
      const DecideQuestion question = Question(random);
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
  if (Cases() < 250) return;
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

TEST(ConsentProperty, I1I12TheSameFactsReadBackFromTheirBytesGiveTheSameAnswer) {
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const TreeSize size(played.size());
    const Asked asked = Look(played, size, size);
    Facts replayed;
    for (const Fact& fact : asked.stream) {
      const auto decoded = DecodeFact(EncodeFact(fact));
      ASSERT_TRUE(decoded.ok());
      replayed.push_back(*decoded);
    }
    Registry registry{Publishers()};
    registry.AddPolicy(random.story().pack, kInstantMin);
    for (const Fact& fact : played.ledger->registry().facts()) registry.Apply(fact);
    const History history("C1", registry, replayed, size);
    for (int i = 0; i < 5; ++i) {
      const DecideQuestion question = Question(random);
      ASSERT_EQ(Told(Decide(history, question)), Told(Decide(*asked, question)));
    }
  });
}

TEST(ConsentProperty, I2AsTheLogGrowsAnAnswerForItsSizeChangesOnlyByErasure) {
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    for (int i = 0; i < 5; ++i) {
      const std::uint64_t known = 14 + random.Below(played.size() - 13);
      DecideQuestion question = Question(random);
      question.categories = {kLeaves[random.Below(3)]};
      const Asked then = Look(played, TreeSize(known), TreeSize(known));
      const Asked now = Look(played, TreeSize(known), TreeSize(played.size()));
      const Decision before = Decide(*then, question);
      const Decision after = Decide(*now, question);
      if (after.result == DecisionResult::kIndeterminate || after.reason == Reason::kSubjectErased)
        continue;
      ASSERT_EQ(Told(before), Told(after));
    }
  });
}

/// What C6 and I3 call the grant's request lies after the negative.
bool BegunAfter(const Grant& grant, const Fact& negative) {
  if (grant.request) return negative.position < *grant.request;
  return negative.position < grant.fact->position && negative.event.V() < grant.fact->event.V();
}

TEST(ConsentProperty, I3AfterANegativeOnlyAConsentThatWasAskedForLaterPermits) {
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const Asked asked = Look(played, TreeSize(played.size()), TreeSize(played.size()));
    for (int i = 0; i < 20; ++i) {
      const DecideQuestion question = Question(random);
      const Atom atom{"K", question.purpose, question.recipient, kLeaves[random.Below(3)]};
      const ConsentState state = StateOf(*asked, atom, question.at);
      if (!InForce(state.status)) continue;
      for (const Fact* negative : AppliedNegatives(*asked, atom, question.at))
        for (const Grant* giver : state.givers) ASSERT_TRUE(BegunAfter(*giver, *negative));
    }
  });
}

TEST(ConsentProperty, I4AnEventNeverChangesAnAnswerForASizeAtOrBelowItsPosition) {
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const std::uint64_t known = 14 + random.Below(played.size() - 13);
    const Asked whole = Look(played, TreeSize(known), TreeSize(played.size()));
    if (ConsentEvidenceErasedBy(*whole) != nullptr) return;  // erasure is I2's
    Facts stream = played.ledger->StreamOf("C1", TreeSize(known));
    Registry registry{Publishers()};
    registry.AddPolicy(random.story().pack, kInstantMin);
    for (const Fact& fact : played.ledger->registry().facts())
      if (Contains(TreeSize(known), fact.position)) registry.Apply(fact);
    const History without("C1", registry, stream, TreeSize(known));
    for (int i = 0; i < 8; ++i) {
      const DecideQuestion question = Question(random);
      ASSERT_EQ(Told(Decide(without, question)), Told(Decide(*whole, question)));
    }
  });
}

TEST(ConsentProperty, I5AddingARefusalWithdrawalOrRevocationNeverTurnsDenyIntoPermit) {
  int denied = 0;
  ForEachStory([&](RandomStory& random) {
    const StoryFile before = random.story();
    random.AddNegative();
    const Played old_story(before);
    const Played new_story(random.story());
    const Asked then = Look(old_story, TreeSize(old_story.size()), TreeSize(old_story.size()));
    const Asked now = Look(new_story, TreeSize(new_story.size()), TreeSize(new_story.size()));
    for (int i = 0; i < 20; ++i) {
      const DecideQuestion question = Question(random);
      if (Permits(Decide(*then, question).result)) continue;
      ++denied;
      ASSERT_FALSE(Permits(Decide(*now, question).result))
          << Told(Decide(*then, question)) << " became " << Told(Decide(*now, question));
    }
  });
  EXPECT_GT(denied, 0);
}

/// Void from the start means that what it had replaced was never replaced: the older consent is the
/// only one that may permit again.
TEST(ConsentProperty, I5AddingAnInvalidationPermitsNothingButWhatItsTargetHadReplaced) {
  ForEachStory([&](RandomStory& random) {
    if (random.grants().empty()) return;
    const StoryFile before = random.story();
    const std::string target = random.SomeOf(random.grants());
    random.Tell("officer", "consent.invalidated",
                JsonValue::Object(
                    {{"target", JsonValue::String(target)},
                     {"reason", JsonValue::String("WRONG_PERSON")},
                     {"effect", JsonValue::String(random.Chance(60) ? "EX_TUNC" : "EX_NUNC")}}));
    const Played old_story(before);
    const Played new_story(random.story());
    const Asked then = Look(old_story, TreeSize(old_story.size()), TreeSize(old_story.size()));
    const Asked now = Look(new_story, TreeSize(new_story.size()), TreeSize(new_story.size()));
    for (int i = 0; i < 20; ++i) {
      DecideQuestion question = Question(random);
      question.categories = {kLeaves[random.Below(3)]};
      const Decision today = Decide(*now, question);
      if (Permits(Decide(*then, question).result) || !Permits(today.result)) continue;
      const Fact* voided = (*now).Find(new_story.ledger->IdOf(target));
      ASSERT_NE(voided, nullptr);
      ASSERT_NE(today.consent, nullptr);
      ASSERT_NE(today.consent, voided);
      const Atom atom{"K", question.purpose, question.recipient, question.categories.front()};
      ASSERT_LE(*StateOf(*now, atom, question.at).since, question.at);
    }
  });
}

TEST(ConsentProperty, I6AQuarantinedSuspectOrRejectedGrantChangesNoResultAndNoSubset) {
  std::map<events::Outcome, int> seen;
  ForEachStory([&](RandomStory& random) {
    const StoryFile before = random.story();
    StoryEvent& grant = random.AddGrant();
    const std::string label = grant.id;
    const bool stolen = random.Chance(50);
    if (stolen) {
      grant.publisher = "portal";
      grant.key = "portal-key3";
      random.Tell(
          "registrar", "registry.key_revoked",
          JsonValue::Object({{"publisher", JsonValue::String("portal")},
                             {"key", JsonValue::String("portal-key3")},
                             {"reason", JsonValue::String("COMPROMISE")},
                             {"compromised_from", JsonValue::String("2026-01-01T00:00:00Z")}}));
    }
    const Played old_story(before);
    const Played new_story(random.story());
    const StoryIntake* intake = new_story.ledger->IntakeOf(label);
    ASSERT_NE(intake, nullptr);
    if (intake->outcome == events::Outcome::kAccepted && !stolen) return;
    ++seen[intake->outcome];
    const Asked then = Look(old_story, TreeSize(old_story.size()), TreeSize(old_story.size()));
    const Asked now = Look(new_story, TreeSize(new_story.size()), TreeSize(new_story.size()));
    for (int i = 0; i < 10; ++i) {
      const DecideQuestion question = Question(random);
      const Decision a = Decide(*then, question);
      const Decision b = Decide(*now, question);
      ASSERT_EQ(a.result, b.result) << Told(a) << " became " << Told(b);
      ASSERT_EQ(a.permitted_subset, b.permitted_subset);
    }
  });
  if (Cases() < 250) return;
  EXPECT_GT(seen[events::Outcome::kQuarantined], 0);
  EXPECT_GT(seen[events::Outcome::kRejected], 0);
  EXPECT_GT(seen[events::Outcome::kAccepted], 0);
}

TEST(ConsentProperty, I7APermitOfASetPermitsEachMember) {
  int permitted = 0;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const Asked asked = Look(played, TreeSize(played.size()), TreeSize(played.size()));
    for (int i = 0; i < 10; ++i) {
      DecideQuestion question = Question(random);
      if (!Permits(Decide(*asked, question).result)) continue;
      const std::vector<std::string> members = question.categories;
      for (const std::string& member : members) {
        question.categories = {member};
        ASSERT_TRUE(Permits(Decide(*asked, question).result)) << member;
        ++permitted;
      }
    }
  });
  EXPECT_GT(permitted, 0);
}

TEST(ConsentProperty, I8AConsentInForceHasItsHoldersOrAStatedHindrance) {
  int in_force = 0;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const Asked asked = Look(played, TreeSize(played.size()), TreeSize(played.size()));
    for (int i = 0; i < 20; ++i) {
      const DecideQuestion question = Question(random);
      const Atom atom{"K", question.purpose, question.recipient, kLeaves[random.Below(3)]};
      const ConsentState state = StateOf(*asked, atom, question.at);
      if (!InForce(state.status)) continue;
      ++in_force;
      const Grant& decisive = *state.consent;
      ASSERT_TRUE(decisive.given_by_holder);
      ASSERT_EQ(decisive.ex_tunc, nullptr);
      if (decisive.holders.purpose->rule == ConsentRule::kOne || state.flags.hindrance) continue;
      // Of the holders at its V, or of those left when somebody's departure completed it.
      const auto gave = [&](std::string_view holder) {
        return std::any_of(state.givers.begin(), state.givers.end(),
                           [&](const Grant* grant) { return grant->by == holder; });
      };
      const auto all_gave = [&](const Holders& holders) {
        return !holders.persons.empty() &&
               std::all_of(holders.persons.begin(), holders.persons.end(), gave);
      };
      ASSERT_TRUE(all_gave(decisive.holders) ||
                  all_gave((*asked).authority().HoldersAt(question.purpose, *state.since)));
    }
  });
  EXPECT_GT(in_force, 0);
}

/// One disclosure, with or without a decision of just before it.
struct Disclosed {
  std::string label;
  bool cited = false;
};

Disclosed Disclose(RandomStory& random) {
  const DecideQuestion question = Question(random);
  const auto data = [&] {
    return JsonValue::Object({{"purpose", JsonValue::String(question.purpose)},
                              {"recipient", JsonValue::String(question.recipient)},
                              {"data_categories", JsonValue::Strings(question.categories)}});
  };
  Disclosed disclosed;
  JsonValue access = data();
  const std::uint64_t kind = random.Below(4);
  if (kind != 0) {
    const std::string known = random.story().events.back().id;
    JsonValue made = data();
    made.Set("result", JsonValue::String(kind == 1 ? "DENY" : "PERMIT"));
    made.Set("known_after", JsonValue::String(known));
    const std::string decision = random.Tell("ledger", "access.decision_made", made).id;
    access.Set("decision", JsonValue::String(decision));
    disclosed.cited = kind != 1;
  }
  StoryEvent& event = random.Tell("ledger", "access.disclosed", std::move(access));
  if (random.Chance(50)) event.time = event.recorded_at + -kMicrosPerSecond;
  disclosed.label = event.id;
  return disclosed;
}

TEST(ConsentProperty, I9EachDisclosureHasOneEarlierPermitOrIsAFinding) {
  std::map<FindingCode, int> seen;
  int clean = 0;
  ForEachStory([&](RandomStory& random) {
    std::vector<Disclosed> disclosures;
    for (int i = 0; i < 4; ++i) disclosures.push_back(Disclose(random));
    random.AddNegative();
    if (random.Chance(50)) random.AddNegative();
    const Played played(random.story());
    const std::uint64_t size = played.size();
    const Facts log = played.ledger->WholeLog(TreeSize(size));
    const Asked asked = Look(played, TreeSize(size), TreeSize(size));
    const auto findings = FindingsOf("C1", played.ledger->registry(), asked.stream, TreeSize(size));
    for (const Disclosed& disclosed : disclosures) {
      const Fact* fact = (*asked).Find(disclosed.label);
      ASSERT_NE(fact, nullptr);
      const auto result_at = [&](std::uint64_t known) {
        const NaiveConsent naive(log, random.story().pack, "C1", known);
        return naive
            .Decide({"K", std::string(fact->event.text("purpose")),
                     std::string(fact->event.text("recipient")), ""},
                    fact->event.list("data_categories"), fact->event.V().micros)
            .result;
      };
      const std::string then = result_at(fact->position.value());
      const std::string now = result_at(size);
      const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& f) {
        return f.disclosure->event.id == disclosed.label;
      });
      if (then == "INDETERMINATE" || now == "INDETERMINATE") {
        ASSERT_EQ(found, findings.end());
        continue;
      }
      const bool permitted_then = then.starts_with("PERMIT");
      const bool permitted_now = now.starts_with("PERMIT");
      if (permitted_then && permitted_now && disclosed.cited) {
        ASSERT_EQ(found, findings.end());
        ++clean;
        continue;
      }
      ASSERT_NE(found, findings.end()) << then << " " << now;
      ++seen[found->code];
      if (!permitted_then) {
        ASSERT_NE(found->code, FindingCode::kReviewGoodFaith);
        ASSERT_NE(found->code, FindingCode::kNoDecision);
      } else if (permitted_now) {
        ASSERT_EQ(found->code, FindingCode::kNoDecision);
      } else {
        ASSERT_EQ(found->code, FindingCode::kReviewGoodFaith);
        ASSERT_NE(found->known_from, nullptr);
        const std::uint64_t turned = found->known_from->position.value();
        ASSERT_TRUE(result_at(turned).starts_with("PERMIT"));
        ASSERT_FALSE(result_at(turned + 1).starts_with("PERMIT"));
      }
    }
  });
  if (Cases() < 250) return;
  EXPECT_GT(clean, 0);
  EXPECT_GT(seen[FindingCode::kReviewGoodFaith], 0);
  EXPECT_GT(seen[FindingCode::kNoDecision], 0);
  EXPECT_GT(seen[FindingCode::kDeniedProcessing], 0);
  EXPECT_GT(seen[FindingCode::kNoBasis], 0);
}

TEST(ConsentProperty, I10ErasureLeavesPositionsCountsAndWhoPublished) {
  int erased = 0;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const Facts stream = played.ledger->StreamOf("C1", TreeSize(played.size()));
    for (const Fact& fact : stream) {
      const Fact& original = played.ledger->log()[fact.position.value()];
      ASSERT_EQ(fact.position, original.position);
      ASSERT_EQ(fact.recorded, original.recorded);
      ASSERT_EQ(fact.publisher, original.publisher);
      ASSERT_EQ(fact.key, original.key);
      if (!fact.erased) continue;
      ++erased;
      ASSERT_TRUE(fact.event.id.empty());
      ASSERT_TRUE(fact.event.subject.empty());
    }
  });
  if (Cases() >= 250) {
    EXPECT_GT(erased, 0);
  }
}

/// Atoms at any time, as one text.
std::string Everywhere(const Played& played, const std::vector<Instant>& instants) {
  const Asked asked = Look(played, TreeSize(played.size()), TreeSize(played.size()));
  std::string text;
  for (const Instant at : instants)
    for (const std::string& purpose : kPurposes)
      for (const std::string& recipient : kRecipients)
        for (const std::string& leaf : kLeaves) {
          const Atom atom{"K", purpose, recipient, leaf};
          const ConsentState state = StateOf(*asked, atom, at);
          text += std::string(ConsentStatusName(state.status)) + " " + IdOf(state.consent) + " " +
                  (state.since ? FormatInstant(*state.since) : "") + "\n";
        }
  return text;
}

TEST(ConsentProperty, I11TheOrderOfArrivalOfIndependentEventsDoesNotMatter) {
  ForEachStory([&](RandomStory& random) {
    // Requests first; then either grants, each on a request of its own, or negatives: nothing that
    // comes later depends on what another of them did to a request. Within two days, so that
    // nothing is late; at different instants, so that there are no ties.
    StoryFile story = random.story();
    story.events.resize(15);  // the base: registry, child, two guardians
    const bool grants = random.Chance(50);
    const Instant start = *ParseInstant("2026-01-10T00:00:00Z");
    std::vector<Instant> instants;
    std::vector<StoryEvent> loose;
    const auto event = [&](const std::string& id, const std::string& type, Instant at,
                           JsonValue data) {
      StoryEvent made;
      made.id = id;
      made.recorded_at = at;
      made.time = at;
      made.publisher = type == "consent.revoked" ? "school" : "portal";
      made.type = "fi.oppiloki." + type + ".v1";
      made.controller = "K";
      made.subject = "C1";
      made.data = std::move(data);
      return made;
    };
    for (int i = 0; i < 6; ++i) {
      const JsonValue purpose = JsonValue::String(kPurposes[1 + random.Below(3)]);
      const JsonValue scope = JsonValue::Strings({random.Chance(50) ? "V1" : "V2"});
      const JsonValue categories = JsonValue::Strings({random.Chance(50) ? "LRN" : "LRN.GRADE"});
      const std::string request = "r" + std::to_string(i);
      JsonValue asked = JsonValue::Object(
          {{"purpose", purpose}, {"recipients", scope}, {"data_categories", categories}});
      story.events.push_back(event(request, "consent.requested", start + i, asked));
      const Instant v = start + static_cast<std::int64_t>(1 + i) * 3600 * kMicrosPerSecond;
      instants.push_back(v);
      JsonValue data = asked;
      data.Set("by", JsonValue::String(random.Chance(50) ? "PA" : "PB"));
      if (grants) {
        data.Set("request", JsonValue::String(request));
        data.Set("notice", JsonValue::String("N")).Set("notice_version", JsonValue::String("1"));
        loose.push_back(event("x" + std::to_string(i), "consent.given", v, data));
      } else {
        const char* kinds[] = {"consent.refused", "consent.withdrawn", "consent.revoked"};
        const std::string kind = kinds[random.Below(3)];
        JsonValue negative = JsonValue::Object(
            {{"purpose", purpose}, {"recipients", scope}, {"data_categories", categories}});
        if (kind != "consent.revoked") negative.Set("by", *data.Find("by"));
        loose.push_back(event("x" + std::to_string(i), kind, v, negative));
      }
    }
    instants.push_back(start + 30 * kMicrosPerDay);
    std::string expected;
    for (int round = 0; round < 3; ++round) {
      StoryFile arranged = story;
      Instant recorded = start + kMicrosPerDay;
      for (StoryEvent arrival : loose) {
        recorded = recorded + kMicrosPerSecond;
        arrival.recorded_at = recorded;
        arranged.events.push_back(std::move(arrival));
      }
      const std::string told = Everywhere(Played(arranged), instants);
      if (round == 0) expected = told;
      ASSERT_EQ(told, expected);
      for (std::size_t i = loose.size(); i > 1; --i)
        std::swap(loose[i - 1], loose[random.Below(i)]);
    }
  });
}

}  // namespace
}  // namespace oppi::projections
