#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/authorise.h"
#include "projections/consent_state.h"
#include "projections/history.h"
#include "projections/legal_basis.h"
#include "projections/question.h"

/// What every export of consents says, before a format gives it names: one record for each consent
/// that was given, with what became of it, and one for each request or refusal that no consent came
/// of. Pure; any thread.
///
/// I1  Nothing is said that a fact does not say; what is not known is absent.
/// I2  The state of a record is the state of its own consent. A consent that a newer one took the
///     place of is over, though the atom is permitted.
/// I3  The portions of a record name each of its atoms once, and no atom that it does not name.

namespace oppi::projections {

/// Controllers, notices and bases tell where the learner is; under a protection order they are left
/// out (Access::redact).
enum class Places : std::uint8_t { kTold, kHidden };

/// Reason of a consent that a newer one took the place of.
inline constexpr std::string_view kReplaced = "REPLACED";

/// Recipients x categories of one consent that share a fate.
struct ConsentPortion {
  std::vector<std::string> recipients;  // ascending
  std::vector<std::string> categories;  // leaves, ascending
  ConsentStatus status = ConsentStatus::kNone;
  /// Why, where said: reasons of the model, and REPLACED (by a newer consent), STALE_REQUEST,
  /// QUARANTINED, SUSPECT.
  std::string_view reason;
  std::optional<Instant> began;  // in force from then on; none: it never was
  std::optional<Instant> since;  // the present status
  std::optional<Instant> until;  // in force: the earliest end that is known
  const Fact* by = nullptr;      // what else decided
};

struct ConsentRecord {
  const Fact* act = nullptr;     // consent.given, or the request or negative that stands alone
  const Grant* grant = nullptr;  // nullptr: no consent was given
  std::vector<ConsentPortion> portions;
  std::optional<Basis> basis;        // asserted for one of its categories, valid at V of the act
  const PolicyPack* pack = nullptr;  // in force at V of the act
  std::string_view language;         // of the notice as it was rendered, where told

  [[nodiscard]] const std::string& id() const { return act->event.id; }
};

/// In log order. `question.consent` narrows to the record of that act. Points into the history.
[[nodiscard]] std::vector<ConsentRecord> RecordsOf(const History& history, const Question& question,
                                                   const Access& access, const View& view);

/// Every fact that the records name, in log order, each once.
[[nodiscard]] std::vector<const Fact*> FactsNamedBy(const std::vector<ConsentRecord>& records);

/// The term of DPV's ConsentStatus for a portion: DpvStatusName, but of a consent that was given
/// and never took effect "ConsentStatusInvalidForProcessing".
[[nodiscard]] std::string_view DpvTermOf(const ConsentPortion& portion);

/// The status of the whole: of the portions, the one that permits most.
[[nodiscard]] const ConsentPortion& LeadingPortion(const ConsentRecord& record);

}  // namespace oppi::projections
