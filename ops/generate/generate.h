#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "events/event.h"
#include "events/outcome.h"
#include "events/result.h"
#include "events/time.h"

/// A school year of one invented municipality as native events: every type of the vocabulary, with
/// the rates of public statistics (rates.h). docs/generated-year.md tells the story. Pure apart
/// from the sink: same options, same events, byte for byte, whatever compiler built it.

namespace oppi::ops {

struct GenerateOptions {
  std::size_t pupils = 500;
  std::size_t days = 190;  // school days
  std::uint64_t seed = 1;
  /// When the year is published. Consents of the last 48 hours before this instant arrive in time
  /// and take effect; older ones can only be late. Default: the end of the generated year.
  std::optional<Instant> now = {};
};

inline constexpr std::size_t kPupilsMin = 45;  // one class a grade
inline constexpr std::size_t kPupilsMax = 50'000;

/// An event, who must publish it, and what intake will say of it when the year is published at
/// `now`.
struct Planned {
  std::string publisher;
  events::Event event;
  events::Outcome expected = events::Outcome::kAccepted;
  events::ErrorCode code = events::ErrorCode::kNone;  // why it is quarantined or refused
};

/// Somebody worth asking about, for a first look at a ledger that holds the year.
struct Highlights {
  std::string consenting;  // a pupil with an adaptive-learning consent in force at `now`
  std::string withdrawn;   // one whose consent was withdrawn within the last hours
  std::string corrected;   // one with a corrected course grade
  std::string never_asked;
  std::string guardian;  // a guardian of `consenting`
  std::string vendor;    // recipient of the consent
  std::string purpose;
  std::string category;
};

struct YearSummary {
  std::uint64_t events = 0;
  std::uint64_t quarantined = 0;  // late paper consents
  std::uint64_t refused = 0;      // provocations: see provocations.cc
  Instant now{};
  Highlights highlights;
};

/// Publication order: school week by school week, publisher by publisher, as nightly exports
/// arrive; so runs of one publisher are long, and nothing refers to what comes later. An error of
/// the sink ends the run and is returned. Errors: kInvalidArgument when the options are out of
/// bounds.
[[nodiscard]] Result<YearSummary> GeneratePlanned(
    const GenerateOptions& options, const std::function<Status(const Planned&)>& sink);

/// The same events alone.
[[nodiscard]] Status Generate(const GenerateOptions& options,
                              const std::function<Status(const events::Event&)>& sink);

/// Who publishes the event: the system part of its source ("sis", "portal", "vendor-one", ...).
[[nodiscard]] std::string_view PublisherOf(const events::Event& event);

}  // namespace oppi::ops
