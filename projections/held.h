#pragma once

#include <string>
#include <vector>

#include "projections/erasures.h"
#include "projections/learner_record.h"

/// What is kept for a legal hold alone is there for that case, and unreadable for other purposes
/// (consent-model section 9): whoever is no officer sees that it is there, since when, and which
/// hold keeps it.

namespace oppi::projections {

class HeldNow {
 public:
  /// `stream`: everything the log holds on the learner. That something is held is a matter of now,
  /// whatever moment or log size is asked about: asking for last year does not open it.
  HeldNow(const Facts& stream, std::vector<std::string> statutory);

  /// The hold that alone keeps this fact's content, or kept it until the erasure that it deferred is
  /// carried out; empty when none does. An annulment has no content.
  [[nodiscard]] std::string_view By(const Fact& fact) const;
  [[nodiscard]] bool Any() const { return !erasures_.waiting.empty() && !erasures_.holds.empty(); }

 private:
  Erasures erasures_;
  std::vector<std::string> statutory_;
};

/// BuildRecord, in which every item that is held stands under `held`, without content. As many
/// items as the whole record has.
[[nodiscard]] LearnerRecord BuildRecordWithoutHeld(std::string_view learner, const Facts& facts,
                                                   const HeldNow& held, const View& view,
                                                   const RecordRules& rules);

}  // namespace oppi::projections
