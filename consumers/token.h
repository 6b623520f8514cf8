#pragma once

#include <string>
#include <string_view>

#include "events/ed25519.h"
#include "events/result.h"
#include "events/time.h"
#include "projections/question.h"

/// Access tokens signed by the operator's key, for installations without an identity provider:
/// "oppi1." base64url(JSON claims) "." base64url(Ed25519 over "oppiloki/token/v1\n" + JSON claims).
/// Claims: principal, role, organisation, purpose, exp (POSIX seconds); a publisher's token for
/// POST /v1/events also has publisher.

namespace oppi::consumers {

struct Claims {
  projections::Asker asker;
  std::string publisher;  // may be empty
  Instant expires{};
};

[[nodiscard]] std::string IssueToken(const Claims& claims, const SigningKey& operator_key);
/// Errors: kUnauthenticated - malformed, bad signature, or expired at `now`.
[[nodiscard]] Result<Claims> CheckToken(std::string_view token, const PublicKey& operator_key, Instant now);

}  // namespace oppi::consumers
