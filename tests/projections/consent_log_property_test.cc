#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "events/commitment.h"
#include "events/tree_hash.h"
#include "ledger/leaf.h"
#include "ledger/merkle/proof.h"
#include "projections/findings.h"
#include "tests/ledger/test_tree.h"
#include "tests/projections/consent_property.h"
#include "tests/projections/naive_consent.h"

/// Invariants I9-I11 of consent-model section 14, over random histories, and what these are like.

namespace oppi::projections {
namespace {

using tests::NaiveConsent;
using tests::RandomStory;

TEST(ConsentProperty, HistoriesAreOutOfOrderRepeatedErasedAndSignedWithRevokedKeys) {
  std::map<std::string, int> seen;
  ForEachStory([&](RandomStory& random) {
    const Played played(random.story());
    for (const StoryEvent& event : random.story().events) {
      const StoryIntake* intake = played.ledger->IntakeOf(event.id);
      ASSERT_NE(intake, nullptr) << event.id;
      ++seen[std::string(events::OutcomeName(intake->outcome))];
      if (intake->code != events::ErrorCode::kNone)
        ++seen[std::string(events::ErrorName(intake->code))];
    }
    Instant latest = kInstantMin;
    for (const Fact& fact : played.ledger->WholeLog(TreeSize(played.size()))) {
      if (fact.erased) ++seen["erased"];
      if (fact.erased || fact.event.info().group != "consent") continue;
      if (fact.event.V() < latest) ++seen["out of order"];
      latest = std::max(latest, fact.event.V());
    }
  });
  for (const auto& [what, count] : seen) std::printf("%9d %s\n", count, what.c_str());
  if (!EnoughToMeetAll()) return;
  for (const char* what :
       {"ACCEPTED", "QUARANTINED", "REJECTED", "DUPLICATE", "erased", "out of order", "KEY_REVOKED",
        "BACKDATED", "LATE", "PUBLISHER_NOT_DELEGATED", "STALE_REQUEST", "AUTHORITY", "NOT_HOLDER",
        "NOTICE_UNKNOWN", "NOTICE_NOT_CURRENT", "BEFORE_REQUEST"})
    EXPECT_GT(seen[what], 0) << what;
}

/// One disclosure, with or without a decision of just before it.
struct Disclosed {
  std::string label;
  bool cited = false;
};

Disclosed Disclose(RandomStory& random) {
  const DecideQuestion question = SomeQuestion(random);
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
    const Asked asked = LookNow(played);
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
  if (!EnoughToMeetAll()) return;
  EXPECT_GT(clean, 0);
  EXPECT_GT(seen[FindingCode::kReviewGoodFaith], 0);
  EXPECT_GT(seen[FindingCode::kNoDecision], 0);
  EXPECT_GT(seen[FindingCode::kDeniedProcessing], 0);
  EXPECT_GT(seen[FindingCode::kNoBasis], 0);
}

/// The leaf of an entry. Its commitment and number of subjects are the log's own and stay; the rest
/// is what a fact still says after its content is gone.
Bytes LeafOf(const Fact& fact, std::uint8_t subjects, const Commitment& commitment) {
  ledger::EventLeaf leaf;
  leaf.subjects = subjects;
  leaf.outcome = fact.outcome;
  leaf.reason = fact.reason;
  leaf.commitment = commitment;
  return ledger::EncodeLeaf({fact.recorded, leaf});
}

TEST(ConsentProperty, I10ErasureLeavesEarlierProofsValid) {
  int erased = 0;
  ForEachStory([&](RandomStory& random) {
    random.AddErasure();
    const Played played(random.story());
    const std::uint64_t size = played.size();
    std::vector<Commitment> commitments;
    std::vector<NodeHash> before;
    for (const Fact& fact : played.ledger->log()) {
      events::Salt salt{};
      salt[0] = static_cast<std::uint8_t>(fact.position.value());
      commitments.push_back(events::Commit(EncodeFact(fact), events::Encoding::kJson, salt));
      before.push_back(HashLeaf(LeafOf(fact, static_cast<std::uint8_t>(fact.event.Subjects().size()),
                                       commitments.back())));
    }
    const auto root = [&](std::uint64_t n) { return tests::RootOf(before, n); };
    const std::uint64_t from = 1 + random.Below(size);
    const std::uint64_t to = from + random.Below(size - from + 1);
    const auto consistency = ledger::merkle::ConsistencyProof(TreeSize(from), TreeSize(to),
                                                              tests::ReaderOf(before));
    ASSERT_TRUE(consistency.ok());

    const Facts left = played.ledger->WholeLog(TreeSize(size));
    std::vector<NodeHash> after;
    for (const Fact& fact : left) {
      const std::size_t i = after.size();
      const Fact& original = played.ledger->log()[i];
      if (fact.erased) {
        ++erased;
        ASSERT_TRUE(fact.event.id.empty() && fact.event.subject.empty());
      }
      after.push_back(HashLeaf(LeafOf(
          fact, static_cast<std::uint8_t>(original.event.Subjects().size()), commitments[i])));
      if (i < from && (fact.erased || random.Chance(5))) {
        const auto proof = ledger::merkle::InclusionProof(LeafIndex(i), TreeSize(from),
                                                          tests::ReaderOf(before));
        ASSERT_TRUE(ledger::merkle::VerifyInclusion(LeafIndex(i), TreeSize(from), after[i], *proof,
                                                    root(from))
                        .ok());
      }
    }
    ASSERT_EQ(tests::RootOf(after, size), root(size));
    ASSERT_TRUE(ledger::merkle::VerifyConsistency(TreeSize(from), TreeSize(to), *consistency,
                                                  root(from), tests::RootOf(after, to))
                    .ok());
  });
  if (EnoughToMeetAll()) {
    EXPECT_GT(erased, 0);
  }
}

/// Atoms at any time, as one text.
std::string Everywhere(const Played& played, const std::vector<Instant>& instants) {
  const Asked asked = LookNow(played);
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
