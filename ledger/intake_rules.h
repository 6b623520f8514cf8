#pragma once

#include <memory>
#include <string_view>

#include "events/batch.h"
#include "events/outcome.h"
#include "events/result.h"
#include "events/vocabulary.h"
#include "ledger/committed.h"

/// The rules of intake that depend on the log (vocabulary section 9), seen from the sequencer: what
/// the log means is decided a layer above, so the sequencer asks. Called by the writer thread only,
/// in log order.

namespace oppi::ledger {

struct Verdict {
  events::Outcome outcome = events::Outcome::kAccepted;  // kAccepted, kQuarantined, kRejected
  events::ErrorCode code = events::ErrorCode::kNone;
};

class IntakeRules {
 public:
  virtual ~IntakeRules() = default;
  /// PUBLISHER_UNKNOWN, SOURCE_NOT_YOURS or none. `source` may be empty when it could not be read:
  /// then only the publisher is judged.
  [[nodiscard]] virtual events::ErrorCode JudgeSource(const events::BatchHeader& header, std::string_view source) = 0;
  /// TYPE_NOT_ALLOWED, KEY_REVOKED or none.
  [[nodiscard]] virtual events::ErrorCode JudgeType(const events::BatchHeader& header, const events::TypeInfo& type) = 0;
  /// From TIME_IN_FUTURE on. `candidate` has the position and recorded time it will get.
  [[nodiscard]] virtual Result<Verdict> JudgeEvent(const CommittedEvent& candidate) = 0;
  /// The event is in the group being written; later candidates see it.
  virtual void Sequenced(std::shared_ptr<const CommittedEvent> event) = 0;
};

}  // namespace oppi::ledger
