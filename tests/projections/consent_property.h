#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "projections/consent_state.h"
#include "projections/decision.h"
#include "projections/rehearsal_ledger.h"
#include "tests/projections/random_story.h"

/// What the property tests of the consent model share: random histories, played and asked.
///
/// Each property takes PropertyCases() histories, OPPI_PROPERTY_CASES of them if that is set, with
/// seeds from OPPI_PROPERTY_SEED on; both are printed, and a failure names the seed of its history.

namespace oppi::projections {

[[nodiscard]] std::uint64_t PropertyCases();

/// Calls `body` with one story after another, until the first failure.
void ForEachStory(const std::function<void(tests::RandomStory&)>& body);

/// Enough histories to have met everything that can happen in one.
[[nodiscard]] inline bool EnoughToMeetAll() { return PropertyCases() >= 2000; }

extern const std::vector<std::string> kPurposes;  // EDU by statute
extern const std::vector<std::string> kRecipients;
extern const std::vector<std::string> kLeaves;

/// Entries that every story begins with: registry, child, guardians.
inline constexpr std::uint64_t kBaseEntries = 14;

/// A story that has happened.
struct Played {
  explicit Played(const StoryFile& told);
  [[nodiscard]] std::uint64_t size() const { return ledger->log().size(); }
  std::unique_ptr<RehearsalLedger> ledger;
};

struct Asked {
  Facts stream;
  std::unique_ptr<History> history;
  [[nodiscard]] const History& operator*() const { return *history; }
};
/// Points into `played`.
[[nodiscard]] Asked Look(const Played& played, TreeSize known, TreeSize physical,
                         const std::string& learner = "C1");
[[nodiscard]] inline Asked LookNow(const Played& played) {
  return Look(played, TreeSize(played.size()), TreeSize(played.size()));
}
/// A registry of the same facts, up to the size, read again from nothing.
[[nodiscard]] std::unique_ptr<Registry> RegistryAgain(const Played& played, const StoryFile& story,
                                                      TreeSize known);

/// Mostly about what some grant of the story says.
[[nodiscard]] DecideQuestion SomeQuestion(tests::RandomStory& random);

[[nodiscard]] inline std::string IdOf(const Fact* fact) {
  return fact == nullptr ? "" : fact->event.id;
}
[[nodiscard]] inline std::string IdOf(const Grant* grant) {
  return grant == nullptr ? "" : grant->fact->event.id;
}
/// Everything an answer says, as text: equal answers, equal texts.
[[nodiscard]] std::string Told(const Decision& decision);

}  // namespace oppi::projections
