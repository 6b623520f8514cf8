#include "projections/decider.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "projections/rehearsal_ledger.h"
#include "tests/projections/random_story.h"
#include "tests/support/facts.h"

/// What is kept in memory never changes an answer: random histories, asked after every event, against
/// the fold over everything. OPPI_PROPERTY_CASES histories (default 100); OPPI_PROPERTY_SEED repeats one.

namespace oppi::projections {
namespace {

using tests::RandomStory;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A story that goes on event by event, its registry as of each size.
class Growing {
 public:
  explicit Growing(const StoryFile& story) : story_(story) {
    auto played = RehearsalLedger::Play(story);
    OPPI_CHECK(played.ok());
    played_ = std::move(played).value();
  }
  [[nodiscard]] std::uint64_t end() const { return played_->log().size(); }
  [[nodiscard]] std::shared_ptr<const RegistrySnapshot> RegistryAt(TreeSize size) const {
    auto registry = std::make_unique<Registry>(Publishers());
    registry->AddPolicy(story_.pack, kInstantMin);
    for (const Fact& fact : played_->registry().facts())
      if (Contains(size, fact.position)) registry->Apply(fact);
    return SnapshotOf(std::move(registry), size);
  }
  [[nodiscard]] Facts StreamOf(std::string_view person, TreeSize size) const { return played_->StreamOf(person, size); }
  /// What a read of these projections would give.
  [[nodiscard]] Facts Read(std::string_view person, const std::vector<Projection>& projections, TreeSize size) const {
    Facts facts = StreamOf(person, size);
    if (projections.size() == 1)
      std::erase_if(facts, [](const Fact& fact) {
        return !fact.erased && (fact.event.info().feeds & (events::kFeedCO | events::kFeedER)) == 0;
      });
    return facts;
  }
  [[nodiscard]] ledger::CommittedGroup Group(std::uint64_t position) const {
    ledger::CommittedGroup group{TreeSize(position + 1), {}};
    group.events.push_back(std::make_shared<const Fact>(played_->log()[position]));
    return group;
  }

 private:
  const StoryFile& story_;
  std::unique_ptr<RehearsalLedger> played_;
};

Question Asked(RandomStory& random) {
  Question question;
  question.ask = Ask::kDecide;
  question.learner = random.Chance(80) ? "C1" : "C9";
  question.controller = random.Chance(95) ? "K" : "K2";
  question.purpose = random.SomeOf({"EDU", "ADAPT", "IMG", "FREE"});
  question.recipient = random.SomeOf({"V3", "V2", "V1"});
  const std::vector<std::vector<std::string>> sets = {{"LRN"}, {"LRN.GRADE"}, {"SUP"}, {"LRN", "SUP"}, {"LOC"}};
  question.categories = sets[random.Below(sets.size())];
  return question;
}

/// The specification of Decider: the fold over everything that the log holds.
Decided Fold(const Growing& growing, const Question& question, const View& view, TreeSize size) {
  const auto registry = growing.RegistryAt(size);
  const Facts facts = growing.StreamOf(question.learner, size);
  const History history(question.learner, *registry->registry, facts, view.size);
  return DecideOn(history, DecideQuestionOf(question, view));
}

std::string Told(const Decided& decided) { return ToAnswer(decided).result; }

template <class Body>
void ForEachStory(Body body) {
  const std::uint64_t first = FromEnvironment("OPPI_PROPERTY_SEED", 20260401);
  const std::uint64_t cases = FromEnvironment("OPPI_PROPERTY_CASES", 100);
  for (std::uint64_t i = 0; i < cases; ++i) {
    SCOPED_TRACE("OPPI_PROPERTY_CASES=1 OPPI_PROPERTY_SEED=" + std::to_string(first + i));
    RandomStory random(first + i);
    body(random);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DeciderProperty, AfterEveryEventItSaysWhatTheFoldOverEverythingSays) {
  DecisionCache::Counts all;
  ForEachStory([&](RandomStory& random) {
    const Growing growing(random.story());
    SystemEntropy entropy;
    Decider decider([&](std::string_view person, const std::vector<Projection>& projections,
                        TreeSize size) -> Result<Facts> { return growing.Read(person, projections, size); },
                    {}, entropy, TreeSize(0));
    std::vector<Question> asked;
    for (std::uint64_t position = 0; position < growing.end(); ++position) {
      const TreeSize size(position + 1);
      decider.cache().Committed(growing.Group(position));
      if (position < 14) continue;  // the registry and the family
      const auto registry = growing.RegistryAt(size);
      for (int i = 0; i < 6; ++i) {
        // Mostly something that was asked before.
        if (asked.empty() || random.Chance(25)) asked.push_back(Asked(random));
        Question question = asked[random.Below(asked.size())];
        const View view{random.SomeInstant(), random.Chance(75) ? size : TreeSize(14 + random.Below(size.value() - 13))};
        if (random.Chance(5)) question.min_size = TreeSize(size.value() + random.Below(3) - 1);
        if (random.Chance(5)) question.op = random.Chance(50) ? "disclose" : "guardian_view", question.principal = "PA";
        const auto decided = decider.Decide(question, view, *registry, size);
        ASSERT_TRUE(decided.ok());
        const Decided again = Fold(growing, question, view, size);
        ASSERT_EQ(*decided, again) << "size " << view.size.value() << " of " << size.value() << ", at "
                                   << FormatInstant(view.at) << "\n" << Told(*decided) << "\n" << Told(again);
      }
    }
    const auto counts = decider.cache().counts();
    all.hits += counts.hits;
    all.misses += counts.misses;
  });
  // A cache that is never asked proves nothing.
  EXPECT_GT(all.hits * 8, all.misses) << all.hits << " hits, " << all.misses << " misses";
}

TEST(DeciderProperty, WithinItsBoundsAnAnswerDoesNotChange) {
  ForEachStory([&](RandomStory& random) {
    const Growing growing(random.story());
    for (int i = 0; i < 12; ++i) {
      const TreeSize physical(14 + random.Below(growing.end() - 13));
      const TreeSize known = random.Chance(60) ? physical : TreeSize(14 + random.Below(physical.value() - 13));
      const auto registry = growing.RegistryAt(physical);
      const Question question = Asked(random);
      const Facts facts = growing.StreamOf(question.learner, physical);
      const History history(question.learner, *registry->registry, facts, known);
      const auto at = [&](Instant t) { return DecideOn(history, DecideQuestionOf(question, {t, known})); };
      const Instant t = random.SomeInstant();
      const Steady steady = SteadyAround(history, registry->changes, t);
      ASSERT_TRUE(steady.Holds(t));
      const Decided decided = at(t);
      std::vector<Instant> others;
      if (steady.from != kInstantMin) others.push_back(steady.from);
      if (steady.until != kInstantMax) others.push_back(steady.until + -1);
      if (steady.from != kInstantMin && steady.until != kInstantMax) {
        const auto width = static_cast<std::uint64_t>(steady.until.micros - steady.from.micros);
        for (int k = 0; k < 4; ++k) others.push_back(steady.from + static_cast<std::int64_t>(random.Below(width)));
      }
      for (const Instant other : others) {
        const Decided then = at(other);
        ASSERT_EQ(then, decided) << FormatInstant(t) << " and " << FormatInstant(other) << "\n" << Told(decided) << "\n" << Told(then);
      }
    }
  });
}

class DecisionCacheTest : public ::testing::Test {
 protected:
  static Question About(const std::string& learner, const std::string& purpose = "EDU") {
    Question question;
    question.ask = Ask::kDecide;
    question.learner = learner;
    question.controller = "K";
    question.purpose = purpose;
    question.recipient = "V1";
    question.categories = {"LRN"};
    return question;
  }
  static DecisionCache::Asked Name(const DecisionCache& cache, const Question& question, std::uint64_t size = 20,
                                   std::int64_t at = 500, std::uint64_t mark = 5) {
    return cache.Name(question, {Instant{at}, TreeSize(size)}, TreeSize(mark));
  }
  static Decided Answer() {
    Decided decided;
    decided.result = DecisionResult::kPermit;
    decided.basis = "A6-1-a";
    return decided;
  }
  static DecisionCache::Found Found() { return {{Instant{100}, Instant{1000}}, TreeSize(20), TreeSize(10)}; }
  static void Say(DecisionCache& cache, std::uint64_t position, events::EventType type, const std::string& subject) {
    Fact fact;
    fact.position = LeafIndex(position);
    fact.event = events::MakeEvent(type);
    fact.event.subject = subject;
    cache.Committed({TreeSize(position + 1), {std::make_shared<const Fact>(fact)}});
  }

  SystemEntropy entropy;
  DecisionCache cache{{}, entropy, TreeSize(20)};
};

TEST_F(DecisionCacheTest, AnEntryHoldsExactlyWhereTheFoldWouldSayTheSame) {
  cache.Keep(Name(cache, About("L")), Found(), Answer());
  const auto found = [&](std::uint64_t size, std::int64_t at, std::uint64_t mark = 5) {
    return cache.Find(Name(cache, About("L"), size, at, mark)).has_value();
  };
  EXPECT_TRUE(found(20, 500));
  EXPECT_EQ(*cache.Find(Name(cache, About("L"))), Answer());
  EXPECT_TRUE(found(20, 100));
  EXPECT_FALSE(found(20, 99));
  EXPECT_TRUE(found(20, 999));
  EXPECT_FALSE(found(20, 1000));
  EXPECT_TRUE(found(10, 500));       // sees every fact
  EXPECT_FALSE(found(9, 500));       // lacks one
  EXPECT_FALSE(found(20, 500, 6));   // another registry
  EXPECT_FALSE(found(21, 500));      // not told of what lies there
  Say(cache, 20, events::EventType::kAccessDecisionMade, "L");
  EXPECT_TRUE(found(21, 500));       // decisions are about answers, they change none
  Say(cache, 21, events::EventType::kConsentWithdrawn, "M");
  EXPECT_TRUE(found(22, 500));
  Say(cache, 22, events::EventType::kConsentWithdrawn, "L");
  EXPECT_FALSE(found(23, 500));
  EXPECT_FALSE(cache.Find(Name(cache, About("L", "ADAPT"))).has_value());
  EXPECT_FALSE(cache.Find(Name(cache, About("M"))).has_value());
}

TEST_F(DecisionCacheTest, EveryPartOfTheQuestionCounts) {
  cache.Keep(Name(cache, About("L")), Found(), Answer());
  std::vector<Question> others(6, About("L"));
  others[0].controller = "K2";
  others[1].recipient = "V2";
  others[2].categories = {"LRN", "SUP"};
  others[3].categories = {"LR", "N"};
  others[4].purpose = "ED";
  others[5].controller = "KEDU", others[5].purpose = "";
  for (const Question& other : others) EXPECT_FALSE(cache.Find(Name(cache, other)).has_value());
}

TEST_F(DecisionCacheTest, AnAnswerFromAViewThatSawLessIsNotKept) {
  cache.Keep(Name(cache, About("L"), 9), Found(), Answer());
  cache.Keep(Name(cache, About("L"), 4), {Found().steady, TreeSize(20), TreeSize(2)}, Answer());  // less of the registry
  EXPECT_EQ(cache.counts().answers, 0U);
}

TEST_F(DecisionCacheTest, WhatWasReadBeforeANewEventIsNotKept) {
  const auto asked = Name(cache, About("L"));
  Say(cache, 20, events::EventType::kConsentWithdrawn, "L");
  cache.Keep(asked, Found(), Answer());  // read at 20, and only now done
  EXPECT_EQ(cache.counts().answers, 0U);
}

TEST_F(DecisionCacheTest, ForgettingLeavesNothingAndTakesNothingBack) {
  for (const char* learner : {"L", "M"})
    for (const char* purpose : {"EDU", "ADAPT"}) cache.Keep(Name(cache, About(learner, purpose)), Found(), Answer());
  EXPECT_EQ(cache.counts().answers, 4U);
  cache.Forget("L");
  EXPECT_EQ(cache.counts().answers, 2U);
  EXPECT_EQ(cache.counts().learners, 1U);
  // Read before it was forgotten, kept after: it is not.
  cache.Keep(Name(cache, About("L")), Found(), Answer());
  EXPECT_FALSE(cache.Find(Name(cache, About("L"))).has_value());
  EXPECT_TRUE(cache.Find(Name(cache, About("M"))).has_value());
  cache.ForgetAll();
  EXPECT_EQ(cache.counts().answers, 0U);
  EXPECT_EQ(cache.counts().bytes, 0U);
  cache.Keep(Name(cache, About("M")), Found(), Answer());
  EXPECT_EQ(cache.counts().answers, 0U);
  // Read anew, when the log has gone on, it is.
  Say(cache, 20, events::EventType::kActivityXapiStatement, "N");
  DecisionCache::Found later = Found();
  later.read_at = TreeSize(21);
  cache.Keep(Name(cache, About("L"), 21), later, Answer());
  EXPECT_TRUE(cache.Find(Name(cache, About("L"), 21)).has_value());
}

TEST_F(DecisionCacheTest, MemoryHasALimitAndTheNewestStay) {
  constexpr std::size_t kMax = 2'000'000;
  DecisionCache small({.bytes_max = kMax}, entropy, TreeSize(20));
  constexpr int kLearners = 20'000;
  for (int i = 0; i < kLearners; ++i) {
    small.Keep(Name(small, About("L" + std::to_string(i))), Found(), Answer());
    if (i % 1000 == 0) {
      EXPECT_LE(small.counts().bytes, kMax);
    }
  }
  const auto counts = small.counts();
  EXPECT_LE(counts.bytes, kMax);
  EXPECT_GT(counts.bytes, kMax / 3);
  EXPECT_LT(counts.learners, static_cast<std::uint64_t>(kLearners));
  int newest = 0;
  for (int i = kLearners - 1000; i < kLearners; ++i)
    newest += small.Find(Name(small, About("L" + std::to_string(i)))).has_value() ? 1 : 0;
  EXPECT_EQ(newest, 1000);
  for (int i = 0; i < 100; ++i) small.Keep(Name(small, About("L", "P" + std::to_string(i))), Found(), Answer());
  EXPECT_TRUE(small.Find(Name(small, About("L", "P99"))).has_value());
  EXPECT_FALSE(small.Find(Name(small, About("L", "P1"))).has_value());
}

TEST_F(DecisionCacheTest, BytesAreCountedAsTheyComeAndGo) {
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 200; ++i) {
      cache.Keep(Name(cache, About("L" + std::to_string(i % 40), "P" + std::to_string(i % 7))), Found(), Answer());
      (void)cache.Find(Name(cache, About("L" + std::to_string(i % 13), "P1")));
    }
  EXPECT_GT(cache.counts().bytes, 0U);
  for (int i = 0; i < 40; ++i) cache.Forget("L" + std::to_string(i));
  EXPECT_EQ(cache.counts().bytes, 0U);
  EXPECT_EQ(cache.counts().learners, 0U);
}

}  // namespace
}  // namespace oppi::projections
