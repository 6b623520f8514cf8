#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/ed25519.h"
#include "events/result.h"
#include "ledger/checkpoint.h"
#include "ledger/tlog_policy.h"

/// One key of a log hands over to the next. A succession is a checkpoint of the log with one
/// extension line, signed by both keys:
///
///   <origin>
///   <size>
///   <base64 root>
///   oppiloki/succession@v1 <old vkey> <new vkey>
///
/// The old key says who speaks after it, the new one that it takes over: whoever trusts either can
/// follow. From `size` on the old key alone vouches for nothing. Pure functions, any thread.

namespace oppi::ledger {

struct Succession {
  Checkpoint at;  // the log when it changed hands; no extension
  VerifierKey before;
  VerifierKey after;
  friend bool operator==(const Succession&, const Succession&) = default;
};

/// Requires keys of one name, the origin, that differ, and a checkpoint of it without extensions.
[[nodiscard]] std::string SignSuccession(const Checkpoint& at, const NamedSigningKey& before,
                                         const NamedSigningKey& after);
/// Verifies both signatures. Errors: kInvalidArgument for the form, kUnauthenticated.
[[nodiscard]] Result<Succession> OpenSuccession(std::string_view note);

/// Several of them, oldest first, as one text: "succession <bytes>\n" and the note, each.
[[nodiscard]] std::string FormatSuccessions(const std::vector<std::string>& notes);
/// Strict. A single note is taken, too. Errors: kInvalidArgument.
[[nodiscard]] Result<std::vector<std::string>> ParseSuccessions(std::string_view text);

/// The policy of somebody who trusts one of the keys and was given these: the keys before and after
/// it are added, each for the sizes that it may vouch for. Successions of logs that the policy does
/// not name are left out. Errors: those of OpenSuccession; kUnauthenticated when one key named two
/// successors: then nobody knows who speaks for the log.
[[nodiscard]] Result<TlogPolicy> Follow(TlogPolicy policy, const std::vector<std::string>& notes);

/// The checkpoint, signed by `key` and, while two keys sign, by `also` after it.
[[nodiscard]] std::string SignCheckpoint(const Checkpoint& checkpoint, const NamedSigningKey& key,
                                         const NamedSigningKey* also);

}  // namespace oppi::ledger
