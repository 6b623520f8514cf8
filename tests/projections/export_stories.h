#pragma once

#include <memory>
#include <string>
#include <vector>

#include "projections/answer.h"
#include "projections/consent_state.h"
#include "projections/registry.h"
#include "tests/support/facts.h"

/// A learner for every state that a consent can be in, for tests of the exports and for the
/// validators that read what tests/projections/export_samples.cc writes.

namespace oppi::tests {

/// The names that a story uses. `Hostile`: quotes, markup, control characters, other scripts, long.
struct Names {
  std::string purpose;
  std::string all_purpose;  // rule ALL
  std::string recipient;
  std::string other_recipient;
  std::string category;
  std::string other_category;
  std::string notice;
  std::string reason;
};
[[nodiscard]] Names PlainNames();
[[nodiscard]] Names HostileNames();

struct ExportStory {
  std::string name;
  projections::ConsentStatus status{};  // of the consent that it is about
  std::string_view reason;
  std::string consent;  // event id; "" when nothing is left to ask for by id
  Story registry;
  Story stream;
  Instant at{};
  std::unique_ptr<const projections::Registry> built;

  [[nodiscard]] projections::View view() const { return {at, TreeSize(1000)}; }
};

inline const std::string kLearner = "urn:oid:1.2.246.562.24.10482013375";
inline const std::string kGuardian = "urn:oid:1.2.246.562.24.10482013388";
inline const std::string kController = "1.2.246.562.10.34648391018";

/// A label as an event id.
[[nodiscard]] std::string IdOf(const std::string& label);

[[nodiscard]] std::vector<ExportStory> ExportStories(const Names& names);
/// One learner with every kind of access event.
[[nodiscard]] ExportStory AuditStory(const Names& names);

[[nodiscard]] projections::Question AskFor(const std::string& format,
                                           const std::string& consent = "");
/// What an officer may see; `redact`: what a guardian sees under a protection order.
[[nodiscard]] projections::Access MaySeeAll();
[[nodiscard]] projections::Access MaySeeRedacted();

}  // namespace oppi::tests
