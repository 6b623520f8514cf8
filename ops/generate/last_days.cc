#include "ops/generate/last_days.h"

#include <utility>

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

// Our own choices, per million.
constexpr std::uint64_t kReleased = 700'000;    // of quarantined paper consents
constexpr std::uint64_t kAskedAdapt = 350'000;  // of pupils
constexpr std::uint64_t kAskedImages = 120'000;
constexpr std::uint64_t kAskedResearch = 100'000;
constexpr std::uint64_t kDismissed = 60'000;    // of notices shown
constexpr std::uint64_t kUnanswered = 100'000;  // of requests
constexpr std::uint64_t kRefused = 150'000;
constexpr std::uint64_t kOneOfTwo = 200'000;  // of requests to two guardians: one answered
constexpr std::uint64_t kWithdrawn = 80'000;  // of grants
constexpr std::size_t kReattested = 3;

constexpr int kLastGrade = 9;
// Minutes before `now`, each chapter before the next.
constexpr std::int64_t kReleasesAt = 47 * 60;
constexpr std::int64_t kAskedFrom = 46 * 60;
constexpr std::int64_t kAskedTo = 20 * 60;
constexpr std::int64_t kAnswersWithin = 6 * 60;
constexpr std::int64_t kDisclosedAt = 10 * 60;
constexpr std::int64_t kWithdrawnAt = 4 * 60;
constexpr std::int64_t kStoppedAt = 2 * 60;
constexpr std::int64_t kProvokedAt = 60;

void NameGiver(Event& event, const Giver& giver) {
  if (!giver.learner) event.other_subjects = {giver.oid};
  event.on_behalf_of = giver.oid;
  event.SetText("by", giver.oid);
}

}  // namespace

bool LastDays::StillAtSchool(std::size_t pupil) const {
  return pupil != year_.never_asked && !year_.people.pupils[pupil].left &&
         year_.people.pupils[pupil].grade < kLastGrade;
}

void LastDays::TellReleases() {
  std::size_t reattested = 0;
  for (const PaperConsent& consent : year_.paper_consents) {
    if (!consent.quarantined || !draw_.Chance(kReleased)) continue;
    const std::string& subject = year_.people.pupils[consent.pupil].oid;
    Event& released = year_.writer.Add(Publisher::kDpo, EventType::kLedgerQuarantineReleased,
                                       Before(kReleasesAt), subject);
    released.SetText("event", consent.event).SetText("statement", "PAPER_SEEN");
    // For a few the officer also compared the form with the school's own records.
    if (reattested++ >= kReattested) continue;
    Event& again = year_.writer.Add(Publisher::kDpo, EventType::kLedgerReattested,
                                    Before(kReleasesAt - 5), subject);
    again.SetText("event", consent.event).SetText("statement", "RECORDS_CHECKED");
  }
}

void LastDays::TellAnswers() {
  for (std::size_t pupil = 0; pupil < year_.people.pupils.size(); ++pupil) {
    if (!StillAtSchool(pupil)) continue;
    const auto maybe = [&](std::uint64_t share, Purpose purpose) {
      const bool asked = draw_.Chance(share);
      const Instant at = Before(draw_.Between(kAskedTo, kAskedFrom));
      if (asked) Ask(pupil, purpose, at);
    };
    maybe(kAskedAdapt, Purpose::kAdapt);
    maybe(kAskedImages, Purpose::kImages);
    maybe(kAskedResearch, Purpose::kResearch);
  }
}

void LastDays::Ask(std::size_t index, Purpose purpose, Instant at) {
  const Pupil& pupil = year_.people.pupils[index];
  Event& served =
      year_.writer.Add(Publisher::kPortal, EventType::kConsentNoticeServed, at, pupil.oid);
  NameOffer(served, purpose, at);
  const bool dismissed = draw_.Chance(kDismissed);
  served.SetText("outcome", dismissed ? "DISMISSED" : "SHOWN").SetText("language", pupil.language);
  if (dismissed) return;

  const Instant asked = After(at, 0, 1);
  Event& requested =
      year_.writer.Add(Publisher::kPortal, EventType::kConsentRequested, asked, pupil.oid);
  NameOffer(requested, purpose, asked);

  const Instant answered = After(asked, 0, static_cast<int>(draw_.Between(2, kAnswersWithin)));
  const std::vector<Giver> givers = GiversAt(year_, pupil, purpose, answered);
  if (givers.empty() || draw_.Chance(kUnanswered)) {
    open_.push_back({index, purpose, requested.id, answered});
    return;
  }
  if (draw_.Chance(kRefused)) {
    Event& refused =
        year_.writer.Add(Publisher::kPortal, EventType::kConsentRefused, answered, pupil.oid);
    NameOffer(refused, purpose, answered);
    NameGiver(refused, draw_.Pick(givers));
    refused.SetText("request", requested.id);
    return;
  }
  // Pictures need everybody who may decide (rule ALL); elsewhere one is enough.
  const bool everybody = purpose == Purpose::kImages && !draw_.Chance(kOneOfTwo);
  Instant next = answered;
  for (const Giver& giver : givers) {
    Give(index, purpose, requested.id, giver, next);
    if (!everybody) break;
    next = After(next, 1);
  }
}

void LastDays::Give(std::size_t index, Purpose purpose, const std::string& request,
                    const Giver& giver, Instant at) {
  const Pupil& pupil = year_.people.pupils[index];
  Event& given = year_.writer.Add(Publisher::kPortal, EventType::kConsentGiven, at, pupil.oid);
  NameOffer(given, purpose, at);
  NameGiver(given, giver);
  given.SetText("request", request)
      .SetText("by_role", giver.learner ? "LEARNER" : "GUARDIAN")
      .SetText("rendered_hash", DocumentHash("screen " + std::string(PurposeCode(purpose))))
      .SetText("method", "BUTTON")
      .SetText("evidence", "ONLINE")
      .SetText("auth_method", "suomi.fi")
      .SetText("auth_hash", DocumentHash("session " + given.id))
      .SetText("ui_build", "portal-26.11");
  for (const PaperConsent& paper : year_.paper_consents)
    if (paper.pupil == index && paper.purpose == purpose) given.SetText("renews", paper.event);
  if (purpose == Purpose::kAdapt) grants_.push_back({index, giver, given.id, at, ""});
}

std::string LastDays::Decide(const Grant& grant, Instant at, bool permitted) {
  const Offer& offer = OfferOf(Purpose::kAdapt);
  Event& decision = year_.writer.Add(Publisher::kGateway, EventType::kAccessDecisionMade, at,
                                     year_.people.pupils[grant.pupil].oid);
  decision.SetText("purpose", std::string(PurposeCode(Purpose::kAdapt)))
      .SetText("recipient", std::string(offer.recipient))
      .SetList("data_categories", {std::string(offer.category)})
      .SetText("result", permitted ? "PERMIT" : "DENY")
      .SetText("basis", year_.basis.at("ADAPT"))
      .SetNumber("known_size", static_cast<std::int64_t>(year_.writer.emitted()))
      .SetText("policy_hash", PolicyHash());
  if (permitted)
    decision.SetText("consent", grant.event);
  else
    decision.SetText("reason", "WITHDRAWN");
  return decision.id;
}

void LastDays::TellDisclosures() {
  const Offer& offer = OfferOf(Purpose::kAdapt);
  for (const Grant& grant : grants_) {
    const std::string& subject = year_.people.pupils[grant.pupil].oid;
    const Instant at = Before(kDisclosedAt);
    const std::string content = DocumentHash("grades " + subject);
    const std::string decision = Decide(grant, at, true);
    Event& disclosed = year_.writer.Add(Publisher::kGateway, EventType::kAccessDisclosed,
                                        After(at, 0, 1), subject);
    disclosed.SetText("actor", "gateway")
        .SetText("organisation", ControllerOid())
        .SetText("purpose", std::string(PurposeCode(Purpose::kAdapt)))
        .SetText("recipient", std::string(offer.recipient))
        .SetList("data_categories", {std::string(offer.category)})
        .SetText("decision", decision)
        .SetText("channel", "API")
        .SetText("content_hash", content);
    Event& received =
        year_.writer.Add(Publisher::kVendor, EventType::kAccessReceived, After(at, 0, 2), subject);
    received.SetText("disclosure", disclosed.id)
        .SetText("recipient", std::string(offer.recipient))
        .SetText("content_hash", content);
  }
}

void LastDays::TellWithdrawals() {
  Highlights& highlights = year_.highlights;
  for (Grant& grant : grants_) {
    const Pupil& pupil = year_.people.pupils[grant.pupil];
    // The second grant is withdrawn whatever the dice say: there is always one to show.
    const bool second = &grant == grants_.data() + 1;
    if (!draw_.Chance(kWithdrawn) && !second) {
      if (highlights.consenting.empty() && !grant.giver.learner) {
        highlights.consenting = pupil.oid;
        highlights.guardian = grant.giver.oid;
      }
      continue;
    }
    Event& withdrawn = year_.writer.Add(Publisher::kPortal, EventType::kConsentWithdrawn,
                                        Before(kWithdrawnAt), pupil.oid);
    NameOffer(withdrawn, Purpose::kAdapt, withdrawn.time);
    NameGiver(withdrawn, grant.giver);
    withdrawn.SetText("channel", "BUTTON");
    grant.withdrawal = withdrawn.id;
    if (highlights.withdrawn.empty()) highlights.withdrawn = pupil.oid;
  }
}

void LastDays::TellStops() {
  for (const Grant& grant : grants_) {
    if (grant.withdrawal.empty()) continue;
    Decide(grant, Before(kStoppedAt), false);
    Event& stopped =
        year_.writer.Add(Publisher::kVendor, EventType::kAccessStopAcknowledged,
                         Before(kStoppedAt - 10), year_.people.pupils[grant.pupil].oid);
    stopped.SetText("withdrawal", grant.withdrawal)
        .SetText("recipient", std::string(OfferOf(Purpose::kAdapt).recipient));
  }
}

void LastDays::TellProvocations() {
  const Instant at = Before(kProvokedAt);
  const auto refuse = [](Planned& planned, events::ErrorCode code) -> Event& {
    planned.expected = events::Outcome::kRejected;
    planned.code = code;
    return planned.event;
  };
  const auto grant = [&](std::size_t index, Purpose purpose, const Giver& giver,
                         events::ErrorCode code) -> Event& {
    Event& event = refuse(year_.writer.Plan(Publisher::kPortal, EventType::kConsentGiven, at,
                                            year_.people.pupils[index].oid),
                          code);
    NameOffer(event, purpose, at);
    NameGiver(event, giver);
    event.SetText("by_role", giver.learner ? "LEARNER" : "GUARDIAN")
        .SetText("rendered_hash", DocumentHash("screen"))
        .SetText("method", "BUTTON");
    return event;
  };
  const Pupil& quiet = year_.people.pupils[year_.never_asked];
  // Somebody of no other family of the pupils below.
  const Giver stranger{year_.guardian_oid(quiet.ties.front()), false};

  // 1 A grant out of the blue: nobody asked.
  grant(year_.never_asked, Purpose::kResearch, stranger, events::ErrorCode::kNoRequest);
  // 2 A grant by somebody without authority, on a request that is still open.
  if (!open_.empty()) {
    const Open& open = open_.front();
    grant(open.pupil, open.purpose, stranger, events::ErrorCode::kAuthority)
        .SetText("request", open.request);
  }
  // 3 A withdrawal by somebody who may not end the consent.
  if (!grants_.empty()) {
    Event& event = refuse(year_.writer.Plan(Publisher::kPortal, EventType::kConsentWithdrawn, at,
                                            year_.people.pupils[grants_.front().pupil].oid),
                          events::ErrorCode::kNotHolder);
    NameOffer(event, Purpose::kAdapt, at);
    NameGiver(event, stranger);
  }
  // 4 Two notices under one id: the first stands, the other is a conflict.
  const auto notice = [&](const char* outcome) -> Planned& {
    Planned& planned = year_.writer.Plan(Publisher::kPortal, EventType::kConsentNoticeServed, at,
                                         year_.people.pupils.back().oid);
    NameOffer(planned.event, Purpose::kImages, at);
    planned.event.SetText("outcome", outcome);
    return planned;
  };
  const std::string id = notice("SHOWN").event.id;
  refuse(notice("DISMISSED"), events::ErrorCode::kIdConflict).id = id;
}

}  // namespace oppi::ops
