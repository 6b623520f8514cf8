#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ops/generate/year.h"

/// The 48 hours before `now`: recent enough that consents take effect. Each function is a chapter;
/// they are called in the order in which they stand here.

namespace oppi::ops {

class LastDays {
 public:
  /// `year` must outlive it.
  explicit LastDays(Year& year) : year_(year), draw_(year.random.Fork("last days")) {}

  /// The data-protection officer has looked at paper forms and releases most of them.
  void TellReleases();
  /// Notices, requests, and the answers to them.
  void TellAnswers();
  /// What was consented to is disclosed, by a decision that names the consent.
  void TellDisclosures();
  /// Some change their mind.
  void TellWithdrawals();
  /// The vendor asks again, is refused, and acknowledges that it stopped.
  void TellStops();
  /// Acts that intake must refuse, so that the refusals are seen too: docs/generated-year.md lists
  /// them.
  void TellProvocations();

 private:
  struct Grant {
    std::size_t pupil = 0;
    Giver giver;
    std::string event;
    Instant at{};
    std::string withdrawal;
  };
  struct Open {
    std::size_t pupil = 0;
    Purpose purpose{};
    std::string request;
    Instant at{};
  };

  /// Minutes before `now`.
  [[nodiscard]] Instant Before(std::int64_t minutes) const {
    return year_.now + -minutes * 60 * kMicrosPerSecond;
  }
  [[nodiscard]] bool StillAtSchool(std::size_t pupil) const;
  void Ask(std::size_t pupil, Purpose purpose, Instant at);
  void Give(std::size_t pupil, Purpose purpose, const std::string& request, const Giver& giver,
            Instant at);
  std::string Decide(const Grant& grant, Instant at, bool permitted);

  Year& year_;
  Random draw_;
  std::vector<Grant> grants_;  // for adaptive learning
  std::vector<Open> open_;     // asked, not answered
};

}  // namespace oppi::ops
