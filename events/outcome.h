#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What intake says about one event: vocabulary section 9. The order of the codes below is the
/// order in which the rules are checked; the first violated rule answers.

namespace oppi::events {

enum class ErrorCode : std::uint8_t {
  kNone = 0,
  kTooLarge,
  kBatchTooLarge,
  kMalformed,
  kBadSignature,
  kKeyUnknown,
  kPublisherUnknown,
  kSourceNotYours,
  kIdConflict,
  kRepublicationBarred,
  kTypeUnknown,
  kTypeNotAllowed,
  kKeyRevoked,
  kEnvelopeInvalid,
  kFieldMissing,
  kUnknownField,
  kFieldType,
  kCodeUnknown,
  kIdCheckDigit,
  kPersonalCodePresent,
  kClassTooLow,
  kSubjectMissing,
  kTooManySubjects,
  kStreamMoved,
  kTimeInFuture,
  kTargetUnknown,
  kSubjectMismatch,
  kAnnulOfAnnulment,
  kNotOwnFact,
  kTargetAnnulled,
  kNotCorrectable,
  kTypeMismatch,
  kCorrectsNotLatest,
  kNoRequest,
  kRequestUnknown,
  kBeforeRequest,
  kPurposeUnknown,
  kNoticeUnknown,
  kNoticeNotCurrent,
  kStaleRequest,
  kAuthority,
  kNotHolder,
  kRetroactiveBasis,
  kEmergencyTooLong,
  kLegalHold,
  kStatutoryRecord,
  // Reasons of quarantine (consent-model section 6); never a refusal.
  kPublisherNotDelegated,
  kBackdated,
  kLate,
};

/// "TOO_LARGE", "BATCH_TOO_LARGE", ...; "" for kNone.
[[nodiscard]] std::string_view ErrorName(ErrorCode code);
[[nodiscard]] std::optional<ErrorCode> ParseErrorName(std::string_view name);

enum class Outcome : std::uint8_t {
  kAccepted = 0,
  kQuarantined = 1,  // in the log, without effect until released
  kDuplicate = 2,    // in the log before; nothing written
  kRejected = 3,     // not in the log
};
/// "ACCEPTED", "QUARANTINED", "DUPLICATE", "REJECTED".
[[nodiscard]] std::string_view OutcomeName(Outcome outcome);

}  // namespace oppi::events
