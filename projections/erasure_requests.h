#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/event.h"
#include "projections/erasure_rules.h"
#include "projections/fact.h"
#include "projections/history.h"

/// Requests for erasure as people see them: who asked, who decided, when it is due, what it would take
/// (consent-model section 9). Pure.

namespace oppi::projections {

struct ErasureRequest {
  std::string id;
  std::string learner;
  std::string controller;
  std::vector<std::string> classes;
  std::vector<std::string> types;  // names without prefix; empty: all
  std::string ground;
  bool whole_subject = false;
  std::string requested_by;  // publisher
  Instant requested;         // R
  std::string decided_by;    // publisher of the decision in force; empty: none
  std::optional<Instant> decided;
  std::string hold;          // event id of the hold that defers it
  ErasureStatus status = ErasureStatus::kRequested;
  std::string by;            // event id that decided the status
  std::optional<std::int64_t> covered;
  /// When it may be executed: the decision and the delay, or the end of a hold and its days. None while
  /// it waits for a decision or a hold, or is refused or done.
  std::optional<Instant> due;

  /// Requested and decided by one principal: nobody executes that.
  [[nodiscard]] bool one_principal() const { return !decided_by.empty() && decided_by == requested_by; }
};

/// `delay_micros`: between the decision and the execution, so that it can be called off.
[[nodiscard]] ErasureRequest RequestOf(const History& history, const Fact& requested, Instant now, std::int64_t delay_micros);

/// What an execution would take now.
struct ErasurePreview {
  struct OfClass {
    std::string name;               // CLASS code
    std::uint64_t taken = 0;
    std::uint64_t kept = 0;         // statutory, in force, or another type
  };
  struct Recipient {
    std::string name;
    std::uint64_t disclosures = 0;
    Instant last;
    friend bool operator==(const Recipient&, const Recipient&) = default;
  };
  std::vector<OfClass> classes;       // those asked for
  std::uint64_t already_erased = 0;
  std::uint64_t unreadable = 0;       // lost without an order
  std::vector<Recipient> recipients;  // of earlier disclosures (access.disclosed), by name
};
[[nodiscard]] ErasurePreview PreviewOf(const History& history, const events::Event& order);

}  // namespace oppi::projections
