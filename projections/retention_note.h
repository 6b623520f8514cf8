#pragma once

#include <string>
#include <string_view>

#include "events/ed25519.h"
#include "events/result.h"
#include "events/time.h"
#include "ledger/signed_note.h"
#include "projections/publishers.h"
#include "projections/retention_table.h"

/// A retention table as two data-protection officers signed it: a C2SP signed note whose text is
///
///   oppiloki/retention/v1
///   <origin of the log>
///   <canonical JSON of the table>
///
/// The first signature is of who requests in each run, the second of who decides what the table orders.

namespace oppi::projections {

struct SignedRetention {
  RetentionTable table;
  ledger::Note note;

  [[nodiscard]] std::string requester() const { return note.signatures.empty() ? "" : note.signatures[0].name; }
  [[nodiscard]] std::string decider() const { return note.signatures.size() < 2 ? "" : note.signatures[1].name; }
};

/// Adds a signature: to a table that nobody signed yet, or to one that somebody else has.
[[nodiscard]] SignedRetention SignRetention(const RetentionTable& table, std::string_view origin, const NamedSigningKey& key);
void SignAlso(SignedRetention& signed_table, const NamedSigningKey& key);

/// The form alone: who signed is not looked at. At most two signatures. Errors: kInvalidArgument.
[[nodiscard]] Result<SignedRetention> ParseRetentionNote(std::string_view note, std::string_view origin);

/// May runs rest on it at this instant? Errors: kPermissionDenied NEEDS_SECOND_PRINCIPAL,
/// PUBLISHER_UNKNOWN, TYPE_NOT_ALLOWED (not a DPO, or the key is narrowed), KEY_UNKNOWN, KEY_REVOKED
/// (or expired), BAD_SIGNATURE (the table was changed); kInvalidArgument STATUTORY_RECORD, NO_POLICY.
/// `pack`: the policy in force; nullptr: none.
[[nodiscard]] Status CheckRetention(const SignedRetention& signed_table, const Publishers& publishers, const PolicyPack* pack,
                                    Instant now);

}  // namespace oppi::projections
