#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "consumers/ledger_desk.h"
#include "events/ids.h"
#include "ops/generate/policy.h"
#include "projections/verifier.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// Decisions over a real ledger: from memory or not, from the consent rows alone, over the shared
/// registry, they are what the fold over everything gives - after every event, whoever it is about.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using projections::Projection;
using projections::Question;

constexpr std::uint64_t kLearners[] = {4711, 4712, 4713};
const projections::Asker kGateway{"gateway", "SYSTEM", "*", "EDU"};

class DecidingTest : public ::testing::Test {
 protected:
  DecidingTest() {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("portal", "PORTAL");
    ledger.Register("dvv", "IDENTITY");
    Event policy = ledger.RegistryEvent(EventType::kRegistryPolicyPublished);
    policy.valid_from = Instant{policy.time.micros - 20LL * 366 * kMicrosPerDay};
    policy.SetText("policy", "fi-consent")
        .SetNumber("version", 1)
        .SetText("policy_hash", PolicyHash())
        .SetText("body", PolicyBody());
    Tell("registrar", policy);
    begins_ = ledger.node().clock().Now() + 60 * kMicrosPerSecond;
    for (const Purpose purpose : {Purpose::kAdapt, Purpose::kImages}) {
      Event notice = ledger.RegistryEvent(EventType::kRegistryNoticePublished);
      notice.valid_from = Instant{notice.time.micros - kMicrosPerDay};
      Fill(notice, purpose);
      notice.SetText("version", "1")
          .SetNumber("material", 0)
          .SetList("purposes", {std::string(PurposeCode(purpose))});
      Tell("registrar", notice);
      Event basis = ledger.RegistryEvent(EventType::kRegistryBasisAsserted);
      basis.valid_from = begins_;  // for times to come only
      Fill(basis, purpose);
      basis.SetText("controller", kSchool)
          .SetText("basis", "A6-1-a")
          .SetText("law_ref", "1050/2018 5 §");
      Tell("registrar", basis);
    }
    Event delegation = ledger.RegistryEvent(EventType::kRegistryDelegationGranted);
    delegation.valid_from = Instant{delegation.time.micros - kMicrosPerDay};
    delegation.SetText("publisher", "sis")
        .SetText("controller", kSchool)
        .SetList("acts", {"STATE_CONSENT"});
    Tell("registrar", delegation);
  }

  static void Fill(Event& event, Purpose purpose) {
    const Offer& offer = OfferOf(purpose);
    const auto has = [&](std::string_view field) {
      return events::FieldIndex(event.info(), field).has_value();
    };
    if (has("purpose")) event.SetText("purpose", std::string(PurposeCode(purpose)));
    if (has("recipients")) event.SetList("recipients", {std::string(offer.recipient)});
    if (has("data_categories")) event.SetList("data_categories", {std::string(offer.category)});
    if (has("notice")) event.SetText("notice", std::string(offer.notice));
    if (has("notice_version")) event.SetText("notice_version", "1");
  }
  void Tell(const std::string& publisher, const Event& event) {
    const auto report = ledger.Publish(publisher, {event});
    accepted_ += report.Count(events::Outcome::kAccepted);
    last_report_ = ReportJson(report);
  }
  Event About(EventType type, std::uint64_t learner) {
    Event event = SchoolEvent(type, learner, ++number_);
    event.controller = kSchool;
    event.time = Instant{ledger.node().clock().Now().micros - 1000};
    return event;
  }
  /// Something happens to the learner; what is not allowed then is refused, which is all right.
  void TellSomething(std::mt19937_64& random) {
    const std::uint64_t learner = kLearners[random() % 3];
    const Purpose purpose = random() % 3 != 0 ? Purpose::kAdapt : Purpose::kImages;
    const std::string guardian = tests::PersonId(9000 + random() % 2);
    std::string& request = requests_[{learner, purpose}];
    switch (random() % 8) {
      case 0:
      case 1: {
        Event event = About(EventType::kConsentRequested, learner);
        Fill(event, purpose);
        request = event.id;
        return Tell("sis", event);
      }
      case 2:
      case 3: {
        if (request.empty()) return;
        Event event = About(EventType::kConsentGiven, learner);
        Fill(event, purpose);
        event.SetText("request", request)
            .SetText("by", guardian)
            .SetText("by_role", "GUARDIAN")
            .SetText("method", "BUTTON");
        return Tell("sis", event);
      }
      case 4: {
        Event event = About(
            random() % 2 == 0 ? EventType::kConsentWithdrawn : EventType::kConsentRefused, learner);
        Fill(event, purpose);
        event.SetText("by", guardian);
        return Tell("sis", event);
      }
      case 5: {
        Event event = About(EventType::kGradeCourseAssessed, learner);
        return Tell("sis", event);
      }
      case 6: {
        Event event = About(EventType::kAccessRead, learner);
        return Tell("portal", event);
      }
      default: {
        if (random() % 3 != 0) return;
        Event notice = ledger.RegistryEvent(EventType::kRegistryNoticePublished);
        notice.time = Instant{notice.time.micros - 1000};
        Fill(notice, purpose);
        notice.SetText("version", "v" + std::to_string(++number_)).SetNumber("material", 1);
        notice.SetList("purposes", {std::string(PurposeCode(purpose))})
            .SetNumber("grace_until", (notice.time + 3600 * kMicrosPerSecond).micros);
        return Tell("registrar", notice);
      }
    }
  }
  static Question Asked(std::uint64_t learner, Purpose purpose) {
    Question question;
    question.ask = projections::Ask::kDecide;
    question.learner = tests::PersonId(learner);
    question.controller = kSchool;
    question.purpose = PurposeCode(purpose);
    question.recipient = OfferOf(purpose).recipient;
    question.categories = {std::string(OfferOf(purpose).category)};
    return question;
  }
  /// The fold over everything, read anew.
  projections::Answer Folded(const Question& question,
                             const consumers::LedgerDesk::Judgement& judged) {
    const projections::ViewStores stores = ledger.node().stores();
    // An answer from memory did not wait for the views.
    EXPECT_TRUE(ledger.node().runner().WaitFor(judged.log->size()).ok());
    const auto facts = projections::ReadPerson(stores, question.learner, judged.log->size());
    const auto registry = projections::ReadFullRegistry(*judged.log, stores, judged.log->size());
    EXPECT_TRUE(facts.ok() && registry.ok());
    projections::Access access;
    access.refusal.clear();
    return *projections::ComputeAnswer(question, access, *facts, *registry, judged.view);
  }
  /// Asks about everybody, now and then, and compares.
  void AskAboutEverybody(std::mt19937_64& random) {
    auto& desk = dynamic_cast<consumers::LedgerDesk&>(ledger.node().desk());
    for (const std::uint64_t learner : kLearners)
      for (const Purpose purpose : {Purpose::kAdapt, Purpose::kImages}) {
        Question question = Asked(learner, purpose);
        question.valid_at =
            begins_ + static_cast<std::int64_t>(random() % 4) * 1800 * kMicrosPerSecond;
        const std::uint64_t size = ledger.Size();
        if (random() % 4 == 0)
          question.known_size = TreeSize(size - random() % std::min<std::uint64_t>(size, 12));
        const auto judged = desk.Judge(question, kGateway);
        ASSERT_TRUE(judged.ok()) << judged.error().message;
        const projections::Answer folded = Folded(question, *judged);
        const projections::Answer told = ToAnswer(judged->decided);
        ASSERT_EQ(told.result, folded.result);
        ASSERT_EQ(told.items, folded.items);
        ++results_[std::string(projections::DecisionResultName(judged->decided.result))];
      }
  }

  inline static const std::string kSchool = events::OrganisationOid(7);
  TempLedger ledger{true, 0};  // what is decided may be erased at once
  Instant begins_{};
  std::uint64_t accepted_ = 0;
  std::string last_report_;
  std::uint64_t number_ = 0;
  std::map<std::pair<std::uint64_t, Purpose>, std::string> requests_;
  std::map<std::string, int> results_;
};

TEST_F(DecidingTest, AfterEveryEventADecisionIsWhatTheFoldOverEverythingGives) {
  for (const std::uint64_t learner : kLearners) {
    Event known = About(EventType::kIdentityLearnerRegistered, learner);
    known.SetNumber("birth_date",
                    static_cast<std::int64_t>(known.time.micros / kMicrosPerDay) - 9 * 366);
    Tell("sis", known);
    for (const std::uint64_t guardian : {9000, 9001}) {
      Event edge = About(EventType::kGuardianshipEstablished, learner);
      edge.valid_from = Instant{edge.time.micros - 8LL * 366 * kMicrosPerDay};
      edge.SetText("guardian", tests::PersonId(guardian)).SetText("right", "DECIDE");
      Tell("sis", edge);
    }
  }
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 120; ++i) {
    if (i == 60) {
      // Two of them turn out to be one.
      Event link = About(EventType::kIdentityPseudonymsLinked, kLearners[0]);
      link.other_subjects = {tests::PersonId(kLearners[1])};
      link.SetText("kept", tests::PersonId(kLearners[0]))
          .SetText("merged", tests::PersonId(kLearners[1]));
      const std::uint64_t before = accepted_;
      Tell("dvv", link);
      EXPECT_EQ(accepted_, before + 1) << last_report_;
    }
    TellSomething(random);
    AskAboutEverybody(random);
    if (HasFatalFailure()) return;
  }
  const auto counts = ledger.node().decider().cache().counts();
  EXPECT_GT(counts.hits, counts.misses / 4)
      << counts.hits << " hits, " << counts.misses << " misses";
  EXPECT_GT(results_["PERMIT"], 0);
  EXPECT_GT(results_["DENY"], 0);
}

TEST_F(DecidingTest, WhatWasErasedAnswersNoLonger) {
  const std::uint64_t learner = kLearners[0];
  ledger.Register("anna", "DPO");
  ledger.Register("bertta", "DPO");
  Event known = About(EventType::kIdentityLearnerRegistered, learner);
  known.SetNumber("birth_date",
                  static_cast<std::int64_t>(known.time.micros / kMicrosPerDay) - 9 * 366);
  Event edge = About(EventType::kGuardianshipEstablished, learner);
  edge.valid_from = Instant{edge.time.micros - 8LL * 366 * kMicrosPerDay};
  edge.SetText("guardian", tests::PersonId(9000)).SetText("right", "DECIDE");
  Event asked = About(EventType::kConsentRequested, learner);
  Fill(asked, Purpose::kAdapt);
  Event given = About(EventType::kConsentGiven, learner);
  Fill(given, Purpose::kAdapt);
  given.SetText("request", asked.id)
      .SetText("by", tests::PersonId(9000))
      .SetText("by_role", "GUARDIAN")
      .SetText("method", "BUTTON");
  given.time = asked.time = Instant{ledger.node().clock().Now().micros - 1000};
  const std::uint64_t before = accepted_;
  for (const Event& event : {known, edge, asked, given}) Tell("sis", event);
  ASSERT_EQ(accepted_, before + 4) << last_report_;

  Question question = Asked(learner, Purpose::kAdapt);
  question.valid_at = begins_;
  auto& desk = dynamic_cast<consumers::LedgerDesk&>(ledger.node().desk());
  const projections::DecisionCache& cache = ledger.node().decider().cache();
  for (int i = 0; i < 2; ++i) {
    const auto judged = desk.Judge(question, kGateway);
    ASSERT_TRUE(judged.ok());
    ASSERT_EQ(judged->decided.result, projections::DecisionResult::kPermit);
    ASSERT_TRUE(judged->decided.consent && judged->decided.consent->event == given.id);
  }
  ASSERT_EQ(cache.counts().answers, 1U);
  ASSERT_EQ(cache.counts().hits, 1U);

  Event request = About(EventType::kErasureRequested, learner);
  request.SetList("classes", {std::string(events::SensitivityName(given.sensitivity))});
  request.at("types") = {};
  Event decision = About(EventType::kErasureDecided, learner);
  decision.SetText("request", request.id).SetText("outcome", "ACCEPTED");
  ASSERT_EQ(ledger.Publish("anna", std::vector<Event>{request}).Count(events::Outcome::kAccepted),
            1U);
  ASSERT_EQ(
      ledger.Publish("bertta", std::vector<Event>{decision}).Count(events::Outcome::kAccepted), 1U);
  const auto run = ledger.node().erasures().Run();
  ASSERT_TRUE(run.ok()) << run.error().message;
  ASSERT_EQ(nlohmann::ordered_json::parse(*run)["executed"].size(), 1U) << *run;

  // Nothing is left in memory, and nothing comes back, whichever size is asked for.
  EXPECT_EQ(cache.counts().answers, 0U);
  const TreeSize now = ledger.node().View()->size();
  for (const TreeSize size : {TreeSize(now.value() - 6), now, now}) {
    question.known_size = size;
    const auto judged = desk.Judge(question, kGateway);
    ASSERT_TRUE(judged.ok());
    const projections::Answer told = ToAnswer(judged->decided);
    const projections::Answer folded = Folded(question, *judged);
    EXPECT_EQ(told.result, folded.result);
    EXPECT_EQ(told.items, folded.items);
    EXPECT_NE(judged->decided.result, projections::DecisionResult::kPermit);
  }
}

TEST_F(DecidingTest, AfterARestartEverythingIsFoldedAnew) {
  const Question question = Asked(kLearners[0], Purpose::kAdapt);
  const auto judge = [&] {
    auto& desk = dynamic_cast<consumers::LedgerDesk&>(ledger.node().desk());
    return desk.Judge(question, kGateway).ok();
  };
  EXPECT_TRUE(judge() && judge() && judge());
  EXPECT_GE(ledger.node().decider().cache().counts().hits, 1U);
  ledger.node().decider().cache().Forget(question.learner);
  EXPECT_EQ(ledger.node().decider().cache().counts().answers, 0U);
  ledger.Close();
  ledger.Open();
  EXPECT_EQ(ledger.node().decider().cache().counts().answers, 0U);
  EXPECT_TRUE(judge() && judge());
  EXPECT_GE(ledger.node().decider().cache().counts().hits, 1U);
}

}  // namespace
}  // namespace oppi::ops
