#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "events/ids.h"
#include "ledger/tlog_policy.h"
#include "projections/evidence_file.h"
#include "projections/verifier.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// Evidence about a learner shows nothing that was erased for that learner, though another subject of
/// the same event keeps it.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;
using projections::Ask;

constexpr std::uint64_t kErased = 4711;
constexpr std::uint64_t kSibling = 4712;

std::size_t OpenedAt(TempLedger& ledger, std::uint64_t learner, LeafIndex position) {
  projections::Question question;
  question.ask = Ask::kRecord;
  question.learner = tests::PersonId(learner);
  question.evidence = true;
  const auto answer = ledger.node().desk().Answer(question, {"dpo@example.fi", "DPO", "*", "EDU"});
  EXPECT_TRUE(answer.ok()) << answer.error().message;
  if (!answer.ok()) return 99;
  const std::string evidence = nlohmann::ordered_json::parse(*answer)["evidence"].dump();
  const auto proved = projections::VerifyEvidence(evidence, ledger::PolicyOf(ledger.node().LogKey()));
  EXPECT_TRUE(proved.ok()) << proved.error().message;
  std::size_t opened = 0;
  const projections::Evidence decoded = projections::DecodeEvidence(evidence).value();
  for (const projections::EvidenceEntry& entry : decoded.entries)
    if (entry.index == position) opened += entry.opened ? 1U : 10U;
  return opened;
}

TEST(ErasedEvidence, OfOneLearnerDoesNotOpenWhatASiblingKeeps) {
  TempLedger ledger;
  ledger.Register("sis", "PROVIDER");
  ledger.Register("anna", "DPO");
  ledger.Register("bertta", "DPO");
  // A guardianship of both children that is over: not in force, so it may be erased.
  Event shared = SchoolEvent(EventType::kGuardianshipEstablished, kErased, 1);
  shared.other_subjects = {tests::PersonId(kSibling)};
  shared.valid_from = Instant{shared.time.micros - 2 * kMicrosPerDay};
  shared.valid_to = Instant{shared.time.micros - kMicrosPerDay};
  const auto report = ledger.Publish("sis", std::vector<Event>{shared});
  ASSERT_EQ(report.Count(events::Outcome::kAccepted), 1U);
  const LeafIndex position = *report.items[0].position;
  EXPECT_EQ(OpenedAt(ledger, kErased, position), 1U);

  Event request = SchoolEvent(EventType::kErasureRequested, kErased, 2);
  request.SetList("classes", {std::string(events::SensitivityName(shared.sensitivity))});
  request.at("types") = {};
  Event decision = SchoolEvent(EventType::kErasureDecided, kErased, 3);
  decision.SetText("request", request.id).SetText("outcome", "ACCEPTED");
  decision.time = request.time = Instant{shared.time.micros + kMicrosPerSecond};
  ASSERT_EQ(ledger.Publish("anna", std::vector<Event>{request}).Count(events::Outcome::kAccepted), 1U);
  ASSERT_EQ(ledger.Publish("bertta", std::vector<Event>{decision}).Count(events::Outcome::kAccepted), 1U);
  const auto run = ledger.node().eraser().Run(0);
  ASSERT_TRUE(run.ok()) << run.error().message;
  ASSERT_EQ(run->executed.size(), 1U);
  EXPECT_EQ(run->executed[0].shared, 1U);

  EXPECT_EQ(OpenedAt(ledger, kErased, position), 10U);   // its place is proved, its content is gone
  EXPECT_EQ(OpenedAt(ledger, kSibling, position), 1U);
}

}  // namespace
}  // namespace oppi::ops
