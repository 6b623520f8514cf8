#pragma once

#include <string>
#include <string_view>

#include "events/time.h"
#include "ops/generate/people.h"

/// The policy pack and the notices of the generated year.

namespace oppi::ops {

/// Canonical JSON (members sorted, no white space) and "sha256:..." of it.
[[nodiscard]] const std::string& PolicyBody();
[[nodiscard]] const std::string& PolicyHash();

[[nodiscard]] std::string_view PurposeCode(Purpose purpose);
/// Age from which the pupil decides alone, as PolicyBody says.
[[nodiscard]] int SelfAge(Purpose purpose);

/// What a consent is asked for: one recipient, one notice a purpose.
struct Offer {
  Purpose purpose;
  std::string_view recipient;
  std::string_view notice;
  std::string_view category;
};
[[nodiscard]] const Offer& OfferOf(Purpose purpose);

/// Governance is in force from here on: before the first school day.
[[nodiscard]] Instant GovernanceStart();
/// The second, material version of the notice for adaptive learning, and the end of its grace.
[[nodiscard]] Instant SecondNoticeFrom();
[[nodiscard]] Instant SecondNoticeGraceEnd();
/// Version of the purpose's notice that a person is shown at `t`.
[[nodiscard]] std::string_view NoticeVersionAt(Purpose purpose, Instant t);

}  // namespace oppi::ops
