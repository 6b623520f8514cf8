#include <algorithm>
#include <string>
#include <vector>

#include "ops/generate/year.h"

/// Consents during the year: paper forms of August, and what the portal asked and heard later.
///
/// All of this is published long after it happened. Grants older than the late limit can only be
/// QUARANTINED (consent-model C4), so the year's old grants are paper forms, typed in by the
/// school, which the data-protection officer releases one by one (last_days.cc). Requests, refusals
/// and withdrawals count from when they happened, however late they are recorded.

namespace oppi::ops {
namespace {

using events::Event;
using events::EventType;

constexpr std::int64_t kPaperLateMicros = 336LL * 3600 * kMicrosPerSecond;
constexpr std::int64_t kMarginMicros = 3600LL * kMicrosPerSecond;

// Our own choices, per million, of pupils.
constexpr std::uint64_t kPaperAdapt = 400'000;
constexpr std::uint64_t kPaperImages = 600'000;
constexpr std::uint64_t kPaperResearch = 250'000;
constexpr std::uint64_t kAskedInAutumn = 120'000;
constexpr std::uint64_t kWithdrawnInSpring = 60'000;

constexpr std::size_t kAutumnPercent = 25;
constexpr std::size_t kSpringPercent = 55;

bool Contains(std::span<const Date> week, Date date) {
  return std::find(week.begin(), week.end(), date) != week.end();
}

void TellPaper(Year& year, std::size_t index, Purpose purpose, const Giver& giver, Instant at) {
  const Pupil& pupil = year.people.pupils[index];
  Planned& planned = year.writer.Plan(Publisher::kSis, EventType::kConsentGiven, at, pupil.oid);
  Event& event = planned.event;
  if (!giver.learner) event.other_subjects = {giver.oid};
  NameOffer(event, purpose, at);
  event.SetText("by", giver.oid)
      .SetText("by_role", giver.learner ? "LEARNER" : "GUARDIAN")
      .SetText("rendered_hash", DocumentHash("form " + std::string(PurposeCode(purpose))))
      .SetText("method", "SIGNATURE")
      .SetText("evidence", "PAPER")
      .SetText("paper_hash", DocumentHash("signed form " + event.id));
  PaperConsent consent{index, purpose, giver, event.id, at, false};
  if (year.now + kMarginMicros > at + kPaperLateMicros) {
    planned.expected = events::Outcome::kQuarantined;
    planned.code = events::ErrorCode::kLate;
    consent.quarantined = true;
  }
  // Some families agree to pictures for the autumn only; the note that they have lapsed follows.
  if (purpose == Purpose::kImages && index % 20 == 0)
    event.SetNumber("valid_until", HelsinkiMidnight(year.DayAt(50)).micros);
  year.paper_consents.push_back(std::move(consent));
}

/// The portal shows the notice and asks; who may answer mostly does not.
void TellAsked(Year& year, const Pupil& pupil, Instant at, Random& draw) {
  const Purpose purpose = draw.Chance(500'000) ? Purpose::kAdapt : Purpose::kImages;
  Event& served =
      year.writer.Add(Publisher::kPortal, EventType::kConsentNoticeServed, at, pupil.oid);
  NameOffer(served, purpose, at);
  const bool dismissed = draw.Chance(200'000);
  served.SetText("outcome", dismissed ? "DISMISSED" : "SHOWN")
      .SetText("language", pupil.language)
      .SetText("rendered_hash", DocumentHash("screen " + std::string(PurposeCode(purpose))));
  if (dismissed) return;
  Event& requested =
      year.writer.Add(Publisher::kPortal, EventType::kConsentRequested, After(at, 0, 1), pupil.oid);
  NameOffer(requested, purpose, at);
  const std::vector<Giver> givers = GiversAt(year, pupil, purpose, at);
  if (givers.empty() || !draw.Chance(400'000)) return;
  const Giver& giver = draw.Pick(givers);
  Event& refused =
      year.writer.Add(Publisher::kPortal, EventType::kConsentRefused, After(at, 2), pupil.oid);
  if (!giver.learner) refused.other_subjects = {giver.oid};
  refused.on_behalf_of = giver.oid;
  NameOffer(refused, purpose, at);
  refused.SetText("request", requested.id).SetText("by", giver.oid);
}

void TellWithdrawal(Year& year, const PaperConsent& consent, Instant at) {
  const Pupil& pupil = year.people.pupils[consent.pupil];
  // Only somebody who may still decide withdraws here: a tie may have ended since August.
  const std::vector<Giver> givers = GiversAt(year, pupil, consent.purpose, at);
  if (givers.empty()) return;
  const Giver& giver = givers.front();
  Event& withdrawn =
      year.writer.Add(Publisher::kPortal, EventType::kConsentWithdrawn, at, pupil.oid);
  if (!giver.learner) withdrawn.other_subjects = {giver.oid};
  withdrawn.on_behalf_of = giver.oid;
  NameOffer(withdrawn, consent.purpose, at);
  withdrawn.SetText("by", giver.oid).SetText("channel", "BUTTON");
  if (consent.purpose != Purpose::kAdapt) return;
  Event& stopped = year.writer.Add(Publisher::kVendor, EventType::kAccessStopAcknowledged,
                                   After(at, 3), pupil.oid);
  stopped.SetText("withdrawal", withdrawn.id)
      .SetText("recipient", std::string(OfferOf(Purpose::kAdapt).recipient));
}

}  // namespace

std::vector<Giver> GiversAt(const Year& year, const Pupil& pupil, Purpose purpose, Instant t) {
  const Holders holders = HoldersAt(pupil, purpose, t);
  std::vector<Giver> givers;
  if (holders.learner) givers.push_back({pupil.oid, true});
  for (const std::size_t guardian : holders.guardians)
    givers.push_back({year.people.guardians[guardian].oid, false});
  return givers;
}

void NameOffer(Event& event, Purpose purpose, Instant t) {
  const Offer& offer = OfferOf(purpose);
  const events::TypeInfo& info = event.info();
  event.SetText("purpose", std::string(PurposeCode(purpose)))
      .SetList("recipients", {std::string(offer.recipient)});
  if (events::FieldIndex(info, "data_categories"))
    event.SetList("data_categories", {std::string(offer.category)});
  if (events::FieldIndex(info, "notice"))
    event.SetText("notice", std::string(offer.notice))
        .SetText("notice_version", std::string(NoticeVersionAt(purpose, t)));
}

void TellPaperConsents(Year& year) {
  Random draw = year.random.Fork("paper");
  const Instant at = LocalTime({year.first_day().days - 1}, 15);
  for (std::size_t index = 0; index < year.people.pupils.size(); ++index) {
    const bool adapt = draw.Chance(kPaperAdapt);
    const bool images = draw.Chance(kPaperImages);
    const bool research = draw.Chance(kPaperResearch);
    if (index == year.never_asked) continue;
    const Pupil& pupil = year.people.pupils[index];
    const auto sign = [&](Purpose purpose, bool everybody) {
      for (const Giver& giver : GiversAt(year, pupil, purpose, at)) {
        TellPaper(year, index, purpose, giver, at);
        if (!everybody) break;
      }
    };
    if (adapt) sign(Purpose::kAdapt, false);
    if (images) sign(Purpose::kImages, true);
    if (research) sign(Purpose::kResearch, false);
  }
}

void TellPortalConsentsOfWeek(Year& year, std::span<const Date> week) {
  const Date autumn = year.DayAt(kAutumnPercent);
  if (Contains(week, autumn)) {
    for (std::size_t index = 0; index < year.people.pupils.size(); ++index) {
      Random draw = year.random.Fork("asked", index);
      if (index != year.never_asked && draw.Chance(kAskedInAutumn))
        TellAsked(year, year.people.pupils[index], LocalTime(autumn, 17), draw);
    }
  }
  const Date spring = year.DayAt(kSpringPercent);
  if (Contains(week, spring)) {
    Random draw = year.random.Fork("withdrawn");
    for (const PaperConsent& consent : year.paper_consents)
      if (draw.Chance(kWithdrawnInSpring)) TellWithdrawal(year, consent, LocalTime(spring, 19));
  }
}

}  // namespace oppi::ops
