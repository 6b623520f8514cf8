#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "projections/fact.h"
#include "tests/projections/consent_property.h"
#include "tests/projections/naive_consent.h"

/// Invariants I1-I8 and I12 of consent-model section 14, over random histories.

namespace oppi::projections {
namespace {

using tests::NaiveConsent;
using tests::RandomStory;

TEST(ConsentProperty, I1EveryNodeThatHoldsTheSameLogGivesTheSameAnswer) {
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const std::uint64_t physical = kBaseEntries + random.Below(played.size() - kBaseEntries + 1);
    const TreeSize known(kBaseEntries + random.Below(physical - kBaseEntries + 1));
    const Asked here = Look(played, known, TreeSize(physical));
    // Another node has read its facts from bytes, and was asked other things before.
    Facts stream;
    for (const Fact& fact : here.stream) {
      const auto decoded = DecodeFact(EncodeFact(fact));
      ASSERT_TRUE(decoded.ok());
      stream.push_back(*decoded);
    }
    const auto registry = RegistryAgain(played, random.story(), TreeSize(played.size()));
    const History there("C1", *registry, stream, known);
    std::vector<DecideQuestion> questions;
    for (int i = 0; i < 5; ++i) questions.push_back(SomeQuestion(random));
    std::vector<std::string> told;
    for (const DecideQuestion& question : questions) told.push_back(Told(Decide(*here, question)));
    for (std::size_t i = questions.size(); i-- > 0;)
      ASSERT_EQ(Told(Decide(there, questions[i])), told[i]);
  });
}

TEST(ConsentProperty, I2AsTheLogGrowsAnAnswerForItsSizeChangesOnlyByErasure) {
  std::map<std::string, int> seen;
  ForEachStory([&](RandomStory& random) {
    random.AddErasure();
    const Played played(random.story());
    for (int i = 0; i < 5; ++i) {
      const std::uint64_t known = kBaseEntries + random.Below(played.size() - kBaseEntries + 1);
      DecideQuestion question = SomeQuestion(random);
      question.categories = {kLeaves[random.Below(3)]};
      const Asked then = Look(played, TreeSize(known), TreeSize(known));
      const Asked now = Look(played, TreeSize(known), TreeSize(played.size()));
      const Decision before = Decide(*then, question);
      const Decision after = Decide(*now, question);
      // A restriction that was over, and under which nothing was disclosed, may be forgotten.
      if (before.by != nullptr && before.by->event.type == events::EventType::kRestrictionSet &&
          (*now).Find(before.by->event.id) == nullptr)
        continue;
      const bool erased =
          after.result == DecisionResult::kIndeterminate || after.reason == Reason::kSubjectErased;
      ++seen[erased ? std::string(ReasonName(after.reason)) : "same"];
      if (!erased) {
        ASSERT_EQ(Told(before), Told(after));
      }
    }
  });
  if (!EnoughToMeetAll()) return;
  for (const char* what : {"same", "ERASED", "SUBJECT_ERASED"}) EXPECT_GT(seen[what], 0) << what;
}

/// The request that the grant rests on lies after the negative.
bool BegunAfter(const Grant& grant, const Fact& negative) {
  if (grant.request) return negative.position < *grant.request;
  return negative.position < grant.fact->position && negative.event.V() < grant.fact->event.V();
}

/// A negative of the controller, or of one of those who decide at its V.
bool MayEndAnything(const Fact& fact, const NaiveConsent& naive, const History& history) {
  const events::Event& event = fact.event;
  if (event.type == events::EventType::kConsentRevoked) return true;
  if (event.type != events::EventType::kConsentRefused &&
      event.type != events::EventType::kConsentWithdrawn)
    return false;
  const auto holders = naive.HoldersAt(std::string(event.text("purpose")), event.V().micros);
  return std::find(holders.begin(), holders.end(), history.NameOf(event.text("by"))) !=
         holders.end();
}

bool NamesOrAll(const std::vector<std::string>& list, std::initializer_list<std::string> any_of) {
  return list.empty() || std::any_of(any_of.begin(), any_of.end(), [&](const std::string& item) {
           return std::find(list.begin(), list.end(), item) != list.end();
         });
}

TEST(ConsentProperty, I3AfterANegativeOnlyAConsentThatWasAskedForLaterPermits) {
  int looked_at = 0;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const Asked asked = LookNow(played);
    const Facts log = played.ledger->WholeLog(TreeSize(played.size()));
    const NaiveConsent naive(log, random.story().pack, "C1", played.size());
    for (int i = 0; i < 20; ++i) {
      const DecideQuestion question = SomeQuestion(random);
      const std::string leaf = kLeaves[random.Below(3)];
      const Atom atom{"K", question.purpose, question.recipient, leaf};
      const ConsentState state = StateOf(*asked, atom, question.at);
      if (!InForce(state.status)) continue;
      for (const Fact& fact : asked.stream) {
        if (fact.erased || !(*asked).About(fact.event) || question.at < fact.event.V() ||
            fact.event.text("purpose") != question.purpose ||
            !MayEndAnything(fact, naive, *asked) ||
            !NamesOrAll(fact.event.list("recipients"), {question.recipient}) ||
            !NamesOrAll(fact.event.list("data_categories"), {leaf, leaf.substr(0, 3)}))
          continue;
        ++looked_at;
        for (const Grant* giver : state.givers) ASSERT_TRUE(BegunAfter(*giver, fact));
      }
    }
  });
  if (EnoughToMeetAll()) {
    EXPECT_GT(looked_at, 0);
  }
}

TEST(ConsentProperty, I4AnEventNeverChangesAnAnswerForASizeAtOrBelowItsPosition) {
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const std::uint64_t known = kBaseEntries + random.Below(played.size() - kBaseEntries + 1);
    const Asked whole = Look(played, TreeSize(known), TreeSize(played.size()));
    if (ConsentEvidenceErasedBy(*whole) != nullptr) return;  // erasure is I2's
    Facts stream = played.ledger->StreamOf("C1", TreeSize(known));
    const auto registry = RegistryAgain(played, random.story(), TreeSize(known));
    const History without("C1", *registry, stream, TreeSize(known));
    for (int i = 0; i < 8; ++i) {
      const DecideQuestion question = SomeQuestion(random);
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
    const Asked then = LookNow(old_story);
    const Asked now = LookNow(new_story);
    for (int i = 0; i < 20; ++i) {
      const DecideQuestion question = SomeQuestion(random);
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
    const Asked then = LookNow(old_story);
    const Asked now = LookNow(new_story);
    for (int i = 0; i < 20; ++i) {
      DecideQuestion question = SomeQuestion(random);
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
    const Asked then = LookNow(old_story);
    const Asked now = LookNow(new_story);
    for (int i = 0; i < 10; ++i) {
      const DecideQuestion question = SomeQuestion(random);
      const Decision a = Decide(*then, question);
      const Decision b = Decide(*now, question);
      ASSERT_EQ(a.result, b.result) << Told(a) << " became " << Told(b);
      ASSERT_EQ(a.permitted_subset, b.permitted_subset);
    }
  });
  if (!EnoughToMeetAll()) return;
  EXPECT_GT(seen[events::Outcome::kQuarantined], 0);
  EXPECT_GT(seen[events::Outcome::kRejected], 0);
  EXPECT_GT(seen[events::Outcome::kAccepted], 0);
}

TEST(ConsentProperty, I7APermitOfASetPermitsEachMember) {
  int permitted = 0;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    const Asked asked = LookNow(played);
    for (int i = 0; i < 10; ++i) {
      DecideQuestion question = SomeQuestion(random);
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
    const Asked asked = LookNow(played);
    const Facts log = played.ledger->WholeLog(TreeSize(played.size()));
    const NaiveConsent naive(log, random.story().pack, "C1", played.size());
    for (int i = 0; i < 20; ++i) {
      const DecideQuestion question = SomeQuestion(random);
      const Atom atom{"K", question.purpose, question.recipient, kLeaves[random.Below(3)]};
      const ConsentState state = StateOf(*asked, atom, question.at);
      if (!InForce(state.status)) continue;
      ++in_force;
      const Grant& decisive = *state.consent;
      const auto holders_at = [&](Instant t) {
        return naive.HoldersAt(question.purpose, t.micros);
      };
      const std::vector<std::string> holders = holders_at(decisive.fact->event.V());
      ASSERT_NE(std::find(holders.begin(), holders.end(), decisive.by), holders.end());
      ASSERT_EQ(decisive.ex_tunc, nullptr);
      if (question.purpose == "ADAPT" || question.purpose == "EDU") continue;  // rule ONE
      if (state.flags.hindrance) {
        ASSERT_TRUE(decisive.fact->event.has("hindrance"));
        continue;
      }
      // Of the holders at its V, or of those left when somebody's departure completed it.
      const auto gave = [&](const std::string& holder) {
        return std::any_of(state.givers.begin(), state.givers.end(),
                           [&](const Grant* grant) { return grant->by == holder; });
      };
      const auto all_gave = [&](const std::vector<std::string>& needed) {
        return !needed.empty() && std::all_of(needed.begin(), needed.end(), gave);
      };
      ASSERT_TRUE(all_gave(holders) || all_gave(holders_at(*state.since)));
    }
  });
  EXPECT_GT(in_force, 0);
}

TEST(ConsentProperty, I12AReplayFromTheBeginningAnswersLikeTheLedgerDidWhileItRan) {
  ForEachStory([&](RandomStory& random) {
    StoryFile until_then = random.story();
    until_then.events.resize(until_then.events.size() / 2 +
                             random.Below(until_then.events.size() / 2) + 1);
    const Played ran(until_then);
    const Played replayed(random.story());
    const TreeSize size(ran.size());
    const Asked then = Look(ran, size, size);
    const Asked again = Look(replayed, size, size);
    for (int i = 0; i < 5; ++i) {
      const DecideQuestion question = SomeQuestion(random);
      ASSERT_EQ(Told(Decide(*then, question)), Told(Decide(*again, question)));
    }
  });
}

}  // namespace
}  // namespace oppi::projections
