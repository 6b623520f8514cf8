#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/time.h"
#include "projections/fact.h"
#include "projections/history.h"

/// Erasure and legal hold as rules over a view (consent-model section 9): how far a request has
/// come, what an execution covers, what a hold keeps.

namespace oppi::projections {

enum class ErasureStatus : std::uint8_t {
  kRequested,
  kRefused,
  kDeferred,
  kDue,
  kExecuted,
  kVerified
};
[[nodiscard]] std::string_view ErasureStatusName(ErasureStatus status);  // "REQUESTED"

struct ErasureProgress {
  ErasureStatus status = ErasureStatus::kRequested;
  const Fact* by = nullptr;             // the event that decided the status
  const Fact* release = nullptr;        // the end of the hold that it had waited for
  std::optional<std::int64_t> covered;  // executed: how many events
  std::optional<Instant> due;           // after a release, executed or not
};
/// At (t, S) of an erasure.requested of the history.
[[nodiscard]] ErasureProgress ProgressOf(const History& history, const Fact& request, Instant t);

/// The hold in force at t on any of these classes; nullptr: none.
[[nodiscard]] const Fact* HoldOn(const History& history, const std::vector<std::string>& classes,
                                 Instant t);

/// What the execution destroys: content of the learner's stream below it (section 9, "Covered"). An
/// annulment goes with what it annuls; annulments and corrections stay while what they act on stays,
/// or a voided grade would stand again. Who decided for the learner stays while consents that were
/// judged by it stay, and a restriction while disclosures under it do (ADR 0011). `history` is that
/// of the size just before the execution.
[[nodiscard]] std::vector<const Fact*> CoveredBy(const History& history, const Fact& execution);

/// The accepted, not yet executed erasure that names the category at (t, S): its decision; nullptr:
/// none. `path`: PolicyPack::PathOf.
[[nodiscard]] const Fact* PendingErasureOf(const History& history,
                                           const std::vector<std::string_view>& path, Instant t);

/// The execution that erased the learner as a whole, whatever the view; nullptr: none.
[[nodiscard]] const Fact* WholeSubjectErasedBy(const History& history);

/// The class is named, and the type too if types are named and it is not statutory.
[[nodiscard]] bool NamesFact(const events::Event& order, const events::Event& fact,
                             const PolicyPack* pack);

/// A type that the pack protects by statute, with or without the vocabulary's prefix.
[[nodiscard]] bool IsStatutory(std::string_view type, const PolicyPack& pack);

}  // namespace oppi::projections
