#include "events/outcome.h"

#include <array>

#include "events/check.h"

namespace oppi::events {
namespace {

constexpr std::array<std::string_view, 49> kErrorNames = {
    "", "TOO_LARGE", "BATCH_TOO_LARGE", "MALFORMED", "BAD_SIGNATURE", "KEY_UNKNOWN",
    "PUBLISHER_UNKNOWN", "SOURCE_NOT_YOURS", "ID_CONFLICT", "REPUBLICATION_BARRED", "TYPE_UNKNOWN",
    "TYPE_NOT_ALLOWED", "KEY_REVOKED", "ENVELOPE_INVALID", "FIELD_MISSING", "UNKNOWN_FIELD",
    "FIELD_TYPE", "CODE_UNKNOWN", "ID_CHECK_DIGIT", "PERSONAL_CODE_PRESENT", "CLASS_TOO_LOW",
    "SUBJECT_MISSING", "TOO_MANY_SUBJECTS", "STREAM_MOVED", "TIME_IN_FUTURE", "TARGET_UNKNOWN",
    "SUBJECT_MISMATCH", "ANNUL_OF_ANNULMENT", "NOT_OWN_FACT", "TARGET_ANNULLED", "NOT_CORRECTABLE",
    "TYPE_MISMATCH", "CORRECTS_NOT_LATEST", "NO_REQUEST", "REQUEST_UNKNOWN", "BEFORE_REQUEST",
    "PURPOSE_UNKNOWN", "NOTICE_UNKNOWN", "NOTICE_NOT_CURRENT", "STALE_REQUEST", "AUTHORITY",
    "NOT_HOLDER", "RETROACTIVE_BASIS", "EMERGENCY_TOO_LONG", "LEGAL_HOLD", "STATUTORY_RECORD",
    "PUBLISHER_NOT_DELEGATED", "BACKDATED", "LATE"};
static_assert(kErrorNames.size() == static_cast<std::size_t>(ErrorCode::kLate) + 1);

}  // namespace

std::string_view ErrorName(ErrorCode code) {
  const auto at = static_cast<std::size_t>(code);
  OPPI_CHECK(at < kErrorNames.size());
  return kErrorNames[at];
}

std::optional<ErrorCode> ParseErrorName(std::string_view name) {
  for (std::size_t i = 1; i < kErrorNames.size(); ++i)
    if (kErrorNames[i] == name) return static_cast<ErrorCode>(i);
  return std::nullopt;
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAccepted: return "ACCEPTED";
    case Outcome::kQuarantined: return "QUARANTINED";
    case Outcome::kDuplicate: return "DUPLICATE";
    case Outcome::kRejected: return "REJECTED";
  }
  return "";
}

}  // namespace oppi::events
