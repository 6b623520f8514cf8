#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "consumers/ledger_desk.h"
#include "events/ids.h"
#include "ledger/streams.h"
#include "ops/generate/policy.h"
#include "tests/ops/temp_ledger.h"
#include "tests/support/sample_events.h"

/// Bad consents and bad policy over the real road: each gets the code that the consent model names,
/// leaves its refusal in the learner's stream where one is due, and changes nothing else.

namespace oppi::ops {
namespace {

using consumers::BatchReport;
using events::ErrorCode;
using events::Event;
using events::EventType;
using events::Outcome;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kChild = 4711;
constexpr std::uint64_t kMother = 5001;
constexpr std::uint64_t kStranger = 5002;

class ConsentRefusals : public ::testing::Test {
 protected:
  ConsentRefusals() : controller_(events::OrganisationOid(7)) {
    ledger.Register("sis", "PROVIDER");
    ledger.Register("dvv", "IDENTITY");
    ledger.Register("portal", "PORTAL");
    Event policy = ledger.RegistryEvent(EventType::kRegistryPolicyPublished);
    policy.SetText("policy", "fi-consent").SetNumber("version", 1).SetText("body", PolicyBody());
    policy.SetText("policy_hash", PolicyHash());
    Event notice = ledger.RegistryEvent(EventType::kRegistryNoticePublished);
    notice.SetText("notice", "N1").SetText("version", "1").SetNumber("material", 0);
    notice.SetList("purposes", {"ADAPT"}).SetList("recipients", {"V1"});
    notice.SetList("data_categories", {"LRN"});
    Event delegation = ledger.RegistryEvent(EventType::kRegistryDelegationGranted);
    delegation.SetText("publisher", "portal").SetText("controller", controller_);
    delegation.SetList("acts", {"STATE_CONSENT"});
    Accept("registrar", {policy, notice, delegation});
    Event child = SchoolEvent(EventType::kIdentityLearnerRegistered, kChild, 1);
    // Seven years old, whenever this runs.
    child.SetNumber("birth_date",
                    HelsinkiDate(ledger.node().clock().Now()).days - 7 * 365);
    Accept("sis", {child});
    Event edge = SchoolEvent(EventType::kGuardianshipEstablished, kChild, 2);
    edge.other_subjects = {tests::PersonId(kMother)};
    edge.valid_from = Instant{edge.time.micros - 365 * kMicrosPerDay};
    edge.SetText("guardian", tests::PersonId(kMother)).SetText("right", "DECIDE");
    Accept("dvv", {edge});
    request_ = About(EventType::kConsentRequested, 3);
    Accept("portal", {request_});
  }

  void Accept(const std::string& publisher, const std::vector<Event>& some) {
    const BatchReport report = ledger.Publish(publisher, some);
    ASSERT_EQ(report.Count(Outcome::kAccepted), some.size()) << ReportJson(report);
  }
  /// On ADAPT for V1, now.
  Event About(EventType type, std::uint64_t number) {
    Event event = SchoolEvent(type, kChild, number);
    event.time = ledger.node().clock().Now();
    event.controller = controller_;
    event.SetText("purpose", "ADAPT").SetList("recipients", {"V1"});
    event.SetList("data_categories", {"LRN"});
    if (events::FieldIndex(event.info(), "notice"))
      event.SetText("notice", "N1").SetText("notice_version", "1");
    return event;
  }
  Event Grant(std::uint64_t number, std::uint64_t by = kMother) {
    Event event = About(EventType::kConsentGiven, number);
    event.other_subjects = {tests::PersonId(by)};
    event.SetText("by", tests::PersonId(by)).SetText("by_role", "GUARDIAN");
    event.SetText("request", request_.id).SetText("method", "BUTTON");
    event.SetText("rendered_hash", HashText(Sha256Digest{}));
    return event;
  }
  Event Withdrawal(std::uint64_t number, std::uint64_t by = kMother) {
    Event event = About(EventType::kConsentWithdrawn, number);
    event.other_subjects = {tests::PersonId(by)};
    event.SetText("by", tests::PersonId(by));
    return event;
  }

  /// What the ledger says of the child's consents: states and every segment of time.
  Json Consents() {
    Json all = Json::array();
    for (const auto ask : {projections::Ask::kConsents, projections::Ask::kTimeline}) {
      projections::Question question;
      question.ask = ask;
      question.learner = tests::PersonId(kChild);
      question.valid_at = Instant{ledger.node().clock().Now().micros + kMicrosPerDay};
      const auto answer = ledger.node().desk().Answer(question, {"d", "DPO", "*", "EDU"});
      EXPECT_TRUE(answer.ok());
      all.push_back(answer.ok() ? Json::parse(*answer)["result"] : Json());
    }
    for (Json& atoms : all)
      for (Json& atom : atoms) atom.erase("until");  // nothing of it depends on when it was asked
    return all;
  }
  std::uint64_t StreamCount() {
    const auto handles = ledger.node().vault().FindHandles(tests::PersonId(kChild));
    EXPECT_TRUE(handles.ok() && handles->size() == 1);
    const auto state = ledger::ReadStream(ledger.node().stores().log, handles->front());
    EXPECT_TRUE(state.ok());
    return state->count();
  }

  /// The event is refused with this code, and nothing but the refusal is there afterwards.
  void ExpectRefused(const std::string& publisher, const Event& bad, ErrorCode code) {
    SCOPED_TRACE(std::string(events::ErrorName(code)));
    const Json before = Consents();
    const std::uint64_t count = StreamCount();
    const BatchReport report = ledger.Publish(publisher, {bad});
    ASSERT_EQ(report.items.size(), 1U) << ReportJson(report);
    EXPECT_EQ(report.items[0].outcome, Outcome::kRejected);
    EXPECT_EQ(report.items[0].code, code) << ReportJson(report);
    const bool of_learner = !bad.subject.empty();
    EXPECT_EQ(StreamCount(), count + (of_learner ? 1 : 0));
    const auto all = ledger.Events();
    EXPECT_TRUE(std::none_of(all.begin(), all.end(),
                             [&](const auto& e) { return e.event.id == bad.id; }));
    if (of_learner) {
      const Event& left = all.back().event;
      EXPECT_EQ(left.type, EventType::kLedgerIntakeRefused);
      EXPECT_EQ(left.subject, bad.subject);
      EXPECT_EQ(left.text("event"), bad.id);
      EXPECT_EQ(left.text("code"), events::ErrorName(code));
    }
    // The two questions before, and the two after, are accesses of the child: they come last.
    EXPECT_EQ(Consents(), before);
  }

  TempLedger ledger;
  std::string controller_;
  Event request_;
};

TEST_F(ConsentRefusals, AnUnknownPurpose) {
  Event asked = About(EventType::kConsentRequested, 10);
  asked.SetText("purpose", "NOSUCH");
  ExpectRefused("portal", asked, ErrorCode::kPurposeUnknown);
  Event grant = Grant(11);
  grant.SetText("purpose", "NOSUCH");
  ExpectRefused("portal", grant, ErrorCode::kPurposeUnknown);
  Event withdrawn = Withdrawal(12);
  withdrawn.SetText("purpose", "NOSUCH");
  ExpectRefused("portal", withdrawn, ErrorCode::kPurposeUnknown);
}

TEST_F(ConsentRefusals, AConsentBySomebodyWithoutAuthority) {
  ExpectRefused("portal", Grant(10, kStranger), ErrorCode::kAuthority);
  // The child is seven.
  Event own = Grant(11);
  own.other_subjects.clear();
  own.SetText("by", tests::PersonId(kChild)).SetText("by_role", "LEARNER");
  ExpectRefused("portal", own, ErrorCode::kAuthority);
}

TEST_F(ConsentRefusals, AGrantThatCitesAnUnknownRequestOrNone) {
  Event grant = Grant(10);
  grant.SetText("request", events::UuidV7FromName("no such", "request"));
  ExpectRefused("portal", grant, ErrorCode::kRequestUnknown);
  // Something that is there, but no request.
  grant = Grant(11);
  for (const auto& committed : ledger.Events())
    if (committed.event.type == EventType::kGuardianshipEstablished)
      grant.SetText("request", committed.event.id);
  ExpectRefused("portal", grant, ErrorCode::kRequestUnknown);
  grant = Grant(12);
  grant.at("request") = {};
  ExpectRefused("portal", grant, ErrorCode::kNoRequest);
}

TEST_F(ConsentRefusals, AGrantBeforeItsRequestOrOnAnUnknownNotice) {
  Event grant = Grant(10);
  grant.time = Instant{request_.time.micros - 1};
  ExpectRefused("portal", grant, ErrorCode::kBeforeRequest);
  grant = Grant(11);
  grant.SetText("notice_version", "2");
  ExpectRefused("portal", grant, ErrorCode::kNoticeUnknown);
}

TEST_F(ConsentRefusals, AWithdrawalBySomebodyWhoMayNotEndIt) {
  Accept("portal", {Grant(10)});
  ExpectRefused("portal", Withdrawal(11, kStranger), ErrorCode::kNotHolder);
}

TEST_F(ConsentRefusals, AGrantOnARequestThatWasWithdrawnFrom) {
  Accept("portal", {Grant(10)});
  Accept("portal", {Withdrawal(11)});
  ExpectRefused("portal", Grant(12), ErrorCode::kStaleRequest);
}

TEST_F(ConsentRefusals, APolicyPackThatContradictsItself) {
  Accept("portal", {Grant(10)});
  const auto with = [](const std::string& what, const std::string& instead) {
    std::string body = PolicyBody();
    const std::size_t at = body.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return body.replace(at, what.size(), instead);
  };
  // Of age before the age of online services; and a policy that is no policy at all.
  for (const std::string& body : {with("\"majority_age\":18", "\"majority_age\":10"),
                                  with("\"rule\":\"ONE\"", "\"rule\":\"TWO\""),
                                  std::string("{}")}) {
    Event policy = ledger.RegistryEvent(EventType::kRegistryPolicyPublished);
    policy.SetText("policy", "fi-consent").SetNumber("version", 2).SetText("body", body);
    policy.SetText("policy_hash", HashText(HashOf(body)));
    ExpectRefused("registrar", policy, ErrorCode::kFieldType);
  }
}

}  // namespace
}  // namespace oppi::ops
